from .learned_scale import HalfNormalScale as HalfNormalScale
from .learned_scale import LogNormalScale as LogNormalScale
from .prior import Prior as Prior
from .relevance import RelevancePrior as RelevancePrior
from .scale_mixture import ScaleMixturePrior as ScaleMixturePrior
