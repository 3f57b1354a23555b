"""What every iterative method shares: the optimiser, the loop, the run that it records."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
