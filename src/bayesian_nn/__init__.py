"""Bayesian neural networks that can be watched while they learn."""

import lazy_loader

# In the order of the pipeline: a room imports from none that stands after it.
ROOMS = (
    "runtime",
    "data",
    "predictions",
    "scores",
    "priors",
    "likelihoods",
    "model",
    "posteriors",
    "objectives",
    "training",
    "variational",
    "modes",
    "sampling",
    "prediction",
    "verdict",
    "estimators",
    "figures",
    "browser",
    "report",
    "command_line",
)

# Lazily, so that drawing figures or building pages never imports TensorFlow.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
