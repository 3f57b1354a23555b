"""What an example leaves for its page: figures with their texts, films, players, numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib import pyplot
from matplotlib.axes import Axes

from bayesian_nn.browser.run_record import write_player_record
from bayesian_nn.figures.film_files import Film, write_film
from bayesian_nn.figures.style import style, write_figure
from bayesian_nn.runtime.outputs import output_folder, write_numbers

if TYPE_CHECKING:
    from bayesian_nn.data.tables import Dataset
    from bayesian_nn.training.run import Run

__all__ = ["Page"]


class Page:
    """The folder `outputs/<example>` and what is put into it, so that a script reads as its story.

    folder: where everything goes. seed: shown under every figure of the page, and quoted with the numbers.
    """

    def __init__(self, example: str, *, seed: int):
        self.folder: Path = output_folder(example)
        self.numbers: dict = {"seed": seed}

    def axes(self, label: str, *shape: int, **settings):
        """Returns new axes in the house look, in a figure named `label`: one, or `shape` rows and columns.
        settings: as `matplotlib.pyplot.subplots` takes them."""
        with style():
            return pyplot.subplots(*shape, num=label, **settings)[1]

    def figure(self, axes: Axes, *, alt: str) -> None:
        """Writes the figure that holds `axes` to `<label>.png`, with the text that stands in for it."""
        axes.figure.alt = alt
        write_figure(axes, self.folder / f"{axes.figure.get_label()}.png")

    def film(self, film: Film, label: str, *, alt: str) -> None:
        """Writes a film, its still and the text that stands in for it."""
        write_film(film, self.folder / label, alt=alt)

    def player(
        self,
        run: Run,
        label: str,
        *,
        data: Dataset,
        x_range: tuple[float, float],
        reference: Mapping[str, float] | None = None,
    ) -> None:
        """Writes the run for a page's player, from which the film of the same seed is drawn anew."""
        write_player_record(
            run,
            self.folder / f"{label}.bin",
            data=data,
            x_range=x_range,
            noise_seed=self.numbers["seed"],
            reference=reference,
        )

    def quote(self, run: Run | None = None, /, **numbers) -> None:
        """Writes numbers that the page may quote, beside those of earlier calls. Raises ValueError for a
        number that is not finite, and for a name that is taken.

        With a run, what every page says of one: n_weights, n_parameters and n_steps, and in nats elbo_start,
        before the first step, elbo_final and kl_final.
        """
        if run is not None:
            numbers = _of_run(run) | numbers
        taken = sorted(self.numbers.keys() & numbers.keys())
        if taken:
            raise ValueError(f"{taken[0]} is quoted already: a number has one name, and a name one number.")
        write_numbers(self.numbers | numbers, self.folder / "numbers.json")
        self.numbers |= numbers


def _of_run(run):
    return {
        "n_weights": run.model.n_weights,
        "n_parameters": len(run.parameters),
        "n_steps": run.n_steps_done,
        "elbo_start": run.elbo[0],
        "elbo_final": run.final_elbo,
        "kl_final": run.kl[-1],
    }
