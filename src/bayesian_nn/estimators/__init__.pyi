from .by_size import Choice as Choice
from .by_size import choose as choose
from .by_size import infer_by_size as infer_by_size
