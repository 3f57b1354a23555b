from .weights import RelevancePrior as RelevancePrior
from .weights import ScaleMixturePrior as ScaleMixturePrior
