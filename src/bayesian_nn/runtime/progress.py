"""Progress bars: for a terminal and for a notebook, and for nothing else."""

import os
import sys

from tqdm import tqdm

__all__ = ["progress"]


def progress(iterable=None, **arguments) -> tqdm:
    """Returns tqdm's bar, with its arguments. It is shown in a terminal, and as text in a notebook (Jupyter,
    Colab), where it comes after a second and goes when it is done; elsewhere, and where the environment
    variable TQDM_DISABLE is set, there is none."""
    if os.environ.get("TQDM_DISABLE", "0") not in ("", "0"):
        return tqdm(iterable, **arguments | {"disable": True})
    if _in_notebook():
        # tqdm's own notebook bar needs the browser's part of ipywidgets, and error output is shown in red.
        usual = {"file": sys.stdout, "delay": 1, "mininterval": 0.5, "leave": False, "ncols": 90}
        return tqdm(iterable, **usual | arguments | {"disable": False, "leave": False})
    return tqdm(iterable, **arguments | {"disable": None})


def _in_notebook() -> bool:
    """Whether a notebook's kernel runs this: it has no terminal, yet somebody looks on."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    return shell is not None and hasattr(shell, "kernel")
