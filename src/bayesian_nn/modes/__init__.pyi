from .map_estimate import MapEstimate as MapEstimate
from .laplace import Laplace as Laplace
from .laplace import jacobian as jacobian
from .ensemble import Ensemble as Ensemble
from .dropout import DropoutFit as DropoutFit
