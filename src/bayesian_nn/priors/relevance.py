"""Automatic relevance determination: each weight has a prior sd of its own, fitted with the posterior."""

from dataclasses import dataclass

from bayesian_nn.priors.unknowns import HALF_LOG_2PI
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["RelevancePrior"]


@dataclass(frozen=True)
class RelevancePrior:
    """Every weight and bias is N(0, s²) with an sd s of its own, which is fitted with the posterior:
    automatic relevance determination (MacKay 1995), in a variational posterior (Titsias and Lázaro-Gredilla
    2014). Weights that the data do not need cost nothing and end at zero.

    The prior thus has as many numbers as the network has weights, and is chosen by the data: the ELBO is a
    bound on the evidence at the best of such priors, not of one stated before the data were seen. It has no
    density of its own, so only a variational posterior can be fitted under it.
    """

    def cross_entropy(self, mean, variance):
        """Returns -E[log N(w; 0, s²)] for w with these means and variances, in nats, of the means' shape, for
        the s that makes it least: s² = mean² + variance."""
        return 0.5 * tf.math.log(mean**2 + variance) + (HALF_LOG_2PI + 0.5)
