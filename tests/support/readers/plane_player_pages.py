"""A folder of pages with players of a classifier of two inputs, and the record that they play."""

from types import SimpleNamespace

import numpy as np
from readers import player_pages
from readers.theme_pages import FAR

from bayesian_nn.browser.plane_record import write_plane_record
from bayesian_nn.data.toy import two_moons
from bayesian_nn.figures.plane import plane_grid
from bayesian_nn.predictions.classes import ClassPrediction

STEPS = player_pages.STEPS
LIMITS = ((-2.0, 3.0), (-1.5, 2.0))
GRID = plane_grid(LIMITS, n_across=21)


def arguments():
    """A border that bends while it is learnt, and draws that come to disagree about it to the right."""
    elbo = -60 - 400 * np.exp(-np.arange(STEPS[-1]) / 60)
    sides = np.linspace(-2, 2, 9)[:, None]

    def prediction(share):
        bend = 0.8 * share * np.sin(2 * GRID[:, 0])
        logits = 8 * share * (bend - GRID[:, 1] + 0.3 + 0.5 * sides * GRID[:, 0])
        p = 1 / (1 + np.exp(-logits))
        return ClassPrediction(np.stack([1 - p, p], axis=-1))

    run = {"recorded_steps": STEPS, "n_steps_done": len(elbo), "elbo": elbo, "final_elbo": elbo[-1]}
    return {
        "run": SimpleNamespace(**run),
        "grid": GRID,
        "predictions": [prediction(share) for share in (STEPS / STEPS[-1]) ** 0.4],
        "data": two_moons(seed=2, n_points=60),
    }


def player(name, **attributes):
    return player_pages.player(name, element="plane-player", **attributes)


def make_pages(folder):
    """Returns `folder`, filled with pages, records, the site's assets and the theme's own styles."""
    player_pages.make_pages(folder)
    write_plane_record(folder / "plane.bin", **arguments())
    pages = {
        "plane": ("default", "", player("fit", src="plane.bin")),
        "plane-dark": ("slate", "", player("fit", src="plane.bin")),
        "plane-given": ("default", "", player("fit", src="plane.bin", step=STEPS[20])),
        "plane-far": ("default", FAR, player("fit", src="plane.bin")),
        "plane-wrong": ("default", "", player("fit", src="fit.bin")),
    }
    player_pages.add_pages(folder, "plane-player", pages)
    return folder
