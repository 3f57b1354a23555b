"""Markov chain Monte Carlo: exact chains, stochastic-gradient chains, and whether they have converged."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
