"""How `fit` goes on: which run it goes on from, and whether it is the same fit."""

from pathlib import Path

import numpy as np

from bayesian_nn.training.run import Settings
from bayesian_nn.training.run_file import load_run
from bayesian_nn.variational.arguments import schedules

__all__ = ["check_same", "earlier_run"]


def earlier_run(resume, checkpoint, start):
    """Returns the run to go on from, if any, and what the caller calls it."""
    if checkpoint is not None and Path(checkpoint).exists():
        if resume is not None:
            raise ValueError(
                f"resume: the checkpoint {checkpoint} exists, and the fit goes on from it. Give one of "
                "the two."
            )
        resume, argument = load_run(checkpoint), f"checkpoint: {checkpoint}"
    else:
        argument = "resume: this run"
        if resume is not None and start is not None:
            raise ValueError("start: a resumed run goes on from its own end; give start or resume, not both.")
    if resume is not None and resume.state is None:
        raise ValueError(f"{argument} was saved without its state (with_state=False), and cannot go on.")
    return resume, argument


def check_same(settings, digest, earlier, argument):
    """A resumed fit must be the fit that was interrupted; anything else is a new one."""
    remedy = " Name another file, or delete it." if argument.startswith("checkpoint") else ""
    if earlier.outcome == "diverged":
        raise ValueError(
            f"{argument} diverged at step {earlier.n_steps_done}, and would again. Begin a new one with a "
            "smaller learning rate."
        )
    for name, now, then in zip(Settings._fields, settings, earlier.settings, strict=True):
        if now != then and (name != "n_steps" or remedy):
            raise ValueError(f"{argument} was made with {name}={then}, and not {now}.{remedy}")
    if digest != earlier.digest:
        raise ValueError(f"{argument} was made from other data.{remedy}")
    if settings.n_steps < earlier.n_steps_done:
        raise ValueError(
            f"{argument.replace(': this run', '')}: n_steps={settings.n_steps}, but the run has "
            f"{earlier.n_steps_done} behind it."
        )
    now, then = (schedules(part)[: earlier.n_steps_done] for part in (settings, earlier.settings))
    if not np.array_equal(now, then):
        raise ValueError(
            f"resume: with n_steps={settings.n_steps} the learning rates, or the weights of the KL, would "
            f"have been others than with n_steps={earlier.settings.n_steps}. Keep n_steps, or use "
            "schedules that do not depend on it."
        )
