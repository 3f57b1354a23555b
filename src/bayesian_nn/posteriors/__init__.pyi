from .family import Family as Family
