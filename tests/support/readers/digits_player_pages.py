"""A folder of pages with players of a classifier's training, and the record that they play."""

import numpy as np
from readers import player_pages
from readers.theme_pages import FAR

from bayesian_nn.browser.class_record import write_class_record
from bayesian_nn.data.mnist import load_digits

N_FRAMES, N_DRAWS = 41, 10
STEPS = np.unique(np.round(np.geomspace(1, 1201, 60)).astype(int))[-N_FRAMES:] - 1
STEPS[0] = 0
EPOCHS = STEPS / 24


def arguments():
    """Six digits, and draws of their class probabilities that gather on the true class, but for the first."""
    digits, random = load_digits(), np.random.default_rng(3)
    labels = digits.labels[10:16]
    learnt = 9 * (EPOCHS / EPOCHS[-1])[:, None, None, None] ** 0.4
    named = np.where(np.arange(6) == 0, (labels + 3) % 10, labels)
    logits = learnt * (np.eye(10)[named] + 0.8 * np.eye(10)[labels]) / 1.8
    powers = np.exp(logits + random.normal(size=(N_DRAWS, 6, 10)))
    return {
        "steps": STEPS,
        "epochs": EPOCHS,
        "images": digits.images[10:16],
        "labels": labels,
        "class_names": digits.class_names,
        "probabilities": powers / powers.sum(axis=-1, keepdims=True),
        "errors": 0.02 + 0.87 * np.exp(-EPOCHS / 2),
    }


def player(name, **attributes):
    return player_pages.player(name, element="digits-player", **attributes)


def make_pages(folder):
    """Returns `folder`, filled with pages, records, the site's assets and the theme's own styles."""
    player_pages.make_pages(folder)
    write_class_record(folder / "classes.bin", **arguments())
    given = arguments()
    named = tuple(f'<b>&"{name}' for name in given["class_names"])
    write_class_record(folder / "odd.bin", **given | {"class_names": named})
    run = player_pages.player("run", src="fit.bin")
    pages = {
        "digits": ("default", "", player("fit", src="classes.bin")),
        "digits-dark": ("slate", "", player("fit", src="classes.bin")),
        "digits-given": ("default", "", player("fit", src="classes.bin", step=STEPS[20])),
        "digits-far": ("default", FAR, player("fit", src="classes.bin")),
        "digits-and-run": ("default", "", player("fit", src="classes.bin") + run),
        "digits-odd": ("default", "", player("fit", src="odd.bin")),
        "digits-wrong": ("default", "", player("fit", src="fit.bin")),
    }
    player_pages.add_pages(folder, "digits-player", pages)
    return folder
