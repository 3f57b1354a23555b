from .convergence import Convergence as Convergence
from .convergence import convergence_of as convergence_of
from .convergence import effective_sample_size as effective_sample_size
from .convergence import function_space_convergence as function_space_convergence
from .hmc import Chains as Chains
from .langevin import LangevinChains as LangevinChains
from .microcanonical import MicrocanonicalChains as MicrocanonicalChains
from .reference_chains import reference_chains as reference_chains
