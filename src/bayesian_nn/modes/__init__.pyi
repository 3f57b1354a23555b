from .dropout import DropoutFit as DropoutFit
from .ensemble import Ensemble as Ensemble
from .laplace import Laplace as Laplace
from .laplace import jacobian as jacobian
from .map_estimate import MapEstimate as MapEstimate
