from .ivon import IvonFit as IvonFit
from .mixture import Mixture as Mixture
from .mixture import elbo_weights as elbo_weights
from .mixture import estimate_mixture_elbo as estimate_mixture_elbo
