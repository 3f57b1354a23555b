from .curvature import jacobian as jacobian
from .dropout import DropoutFit as DropoutFit
from .ensemble import Ensemble as Ensemble
from .held_out_ensemble import fit_held_out_ensemble as fit_held_out_ensemble
from .laplace import Laplace as Laplace
from .map_estimate import MapEstimate as MapEstimate
from .map_estimate import ModeNotReachedWarning as ModeNotReachedWarning
