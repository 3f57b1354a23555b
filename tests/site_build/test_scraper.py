"""What the gallery's scraper makes of the figures that the cells of a script leave."""

from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from site_build.execution import scraper

# What mkdocs-gallery says of a cell: its kind, its code, and the line at which it begins.
CELL = ("code", "", 7)


class Script:
    """What the scraper asks of mkdocs-gallery's record of a script."""

    script_stem = "plot_line"

    def __init__(self, root: Path):
        self.run_vars = SimpleNamespace(stop_executing=False)
        self.gallery = SimpleNamespace(all_info=SimpleNamespace(project_root_dir=root))


def draw(color: str, alt: str = "A square."):
    figure = plt.figure("square", figsize=(1, 1), facecolor=color)
    figure.alt = alt
    return figure


def colour_of(png: Path) -> list[int]:
    return np.round(255 * plt.imread(png)[5, 5, :3]).astype(int).tolist()


def test_two_figures_with_one_label_are_named(tmp_path):
    script = Script(tmp_path)
    draw("red", "The first.")
    assert "square.png" in scraper.scrape(CELL, script)
    draw("blue", "The second.")
    with pytest.raises(ValueError, match=r"two figures are labelled 'square': .*The first\..*The second\."):
        scraper.scrape(CELL, script)
    # Another script's figures are in another folder.
    draw("blue")
    assert scraper.scrape(CELL, Script(tmp_path / "other"))


@pytest.mark.parametrize(("n_cells", "kept"), [(1, True), (2, False)])
def test_a_figure_that_the_script_saved_is_kept_only_if_this_cell_saved_it(tmp_path, n_cells, kept):
    script, folder = Script(tmp_path), tmp_path / "outputs" / "plot_line"
    folder.mkdir(parents=True)
    figure = draw("red")
    figure.savefig(folder / "square.png", dpi=200)
    if n_cells == 2:
        plt.close("all")
        scraper.scrape(CELL, script)
        draw("blue")
    scraper.scrape(CELL, script)
    assert colour_of(folder / "square.png") == ([255, 0, 0] if kept else [0, 0, 255])
    assert scraper.pixels(folder / "square.png") == ((200, 200) if kept else (160, 160))
    assert scraper.pixels(folder / "square-dark.png") == scraper.pixels(folder / "square.png")


def test_a_file_is_of_the_cell_that_wrote_it_last(tmp_path):
    script, folder = Script(tmp_path), tmp_path / "outputs" / "plot_line"
    folder.mkdir(parents=True)
    for line, written in {3: ["first", "twice"], 20: [], 31: ["twice", "last"]}.items():
        for name in written:
            (folder / f"{name}.txt").write_text(f"as line {line} leaves it")
        if line == 20:
            draw("red")
        scraper.scrape(("code", "", line), script)
    assert scraper.cells_of(script).lines == {
        **{"first.txt": 3, "twice.txt": 31, "last.txt": 31},
        **{"square.png": 20, "square-dark.png": 20, "square.txt": 20},
    }
    assert scraper.cells_of(Script(tmp_path)).lines == {}
