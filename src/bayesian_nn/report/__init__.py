"""A page about a result: its verdict, its figures, and a viewer of what it predicts."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
