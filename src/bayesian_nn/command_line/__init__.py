"""The command `bayesian-nn`: from a file to a report, and from a report to predictions."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
