"""The gallery's scraper: what a cell leaves open or newly written becomes a figure or a film on the page."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakKeyDictionary

from site_build.execution.cell_outputs import Cells
from site_build.html.media import DOTS_PER_INCH, figure_html, film_html, pixels, write_text_for

LABEL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass
class Seen:
    """What the earlier cells of a script left."""

    films: set[str] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)  # of figures, by label
    cells: Cells = field(default_factory=Cells)

    def label(self, figure) -> None:
        """Note a figure's label; raises ValueError if another figure has it."""
        label, alt = figure.get_label(), getattr(figure, "alt", "")
        if label in self.texts:
            raise ValueError(
                f"two figures are labelled {label!r}: the one with the text {self.texts[label]!r}, "
                f"and the one with {alt!r}"
            )
        self.texts[label] = alt


# By the script that is being run.
_seen: WeakKeyDictionary = WeakKeyDictionary()


def _get_sg_image_scraper():
    # mkdocs-gallery's name for the function that a scraper's module offers.
    return scrape


def cells_of(script) -> Cells:
    """Return which cell of a script wrote which file."""
    return _seen.setdefault(script, Seen()).cells


def scrape(block, script, **_options) -> str:
    """Return the HTML of the films and figures that a cell made; raises where one has no name or no text.

    An author gives each figure a label, which names its file, and a text that stands in for it:

        figure, axes = plt.subplots(num="elbo")
        figure.alt = "The ELBO climbs from -5,000 to -78 nats within 300 steps, then stays flat."

    A film is `outputs/<example>/<name>.mp4` with its still `<name>.png` and its text `<name>.txt` beside it.
    """
    import matplotlib.pyplot as plt

    try:
        if script.run_vars.stop_executing:
            return ""  # The cell raised; mkdocs-gallery calls to have its figures closed.
        folder = script.gallery.all_info.project_root_dir / "outputs" / script.script_stem
        figures = [plt.figure(number) for number in plt.get_fignums()]
        seen = _seen.setdefault(script, Seen())
        for figure in figures:
            seen.label(figure)
            # One that an earlier cell wrote shows the figure as it was then.
            save(figure, folder, keep=seen.cells.is_new(folder / f"{figure.get_label()}.png"))
        html = "\n\n".join(_shown_html(seen, folder, [figure.get_label() for figure in figures])) + "\n\n"
        _label, _code, line = block
        seen.cells.end(folder, line)
        return html
    finally:
        plt.close("all")


def save(figure, folder: Path, *, keep: bool) -> None:
    """Write a figure as `<label>.png` (unless `keep`: the cell saved it), `<label>-dark.png`, `<label>.txt`;
    raises without label or text."""
    from site_build.execution.dark_figures import dark

    label, alt = figure.get_label(), getattr(figure, "alt", "")
    if not LABEL.fullmatch(label):
        raise ValueError(
            f'a figure is labelled {label!r}: name it in small letters, as in plt.subplots(num="elbo")'
        )
    if not alt.strip():
        raise ValueError(
            f'figure {label!r} has no text alternative: say what it shows, as in figure.alt = "…"'
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_text_for(folder, label, alt)
    light = folder / f"{label}.png"
    if not keep:
        figure.savefig(light, dpi=DOTS_PER_INCH)
    width, height = pixels(light)
    with dark(figure):
        figure.savefig(folder / f"{label}-dark.png", dpi=width / figure.get_figwidth())
    if pixels(folder / f"{label}-dark.png") != (width, height):
        raise ValueError(
            f"figure {label!r} was saved in another shape than it has: leave its margins as they are"
        )


def _shown_html(seen: Seen, folder: Path, labels: list[str]):
    films = [path.stem for path in sorted(folder.glob("*.mp4")) if path.stem not in seen.films]
    for film in films:
        seen.films.add(film)
        yield film_html(folder, film)
    for label in labels:
        if label not in films:
            yield figure_html(folder, label)
