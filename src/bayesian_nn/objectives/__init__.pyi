from .elbo import estimate_elbo as estimate_elbo
from .gradient_noise import GradientNoise as GradientNoise
from .gradient_noise import estimate_gradient_noise as estimate_gradient_noise
from .importance_weighted import ImportanceWeightedElbo as ImportanceWeightedElbo
from .importance_weighted import estimate_bound as estimate_bound
from .per_example_noise import Flipout as Flipout
