"""The Bayesian neural network: layers, likelihood, prior on the weights, units."""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bayesian_nn.data.columns import column_names
from bayesian_nn.data.images import PixelNorm
from bayesian_nn.data.tables import Scaling
from bayesian_nn.likelihoods.likelihood import Likelihood
from bayesian_nn.model.network import checked_activation, checked_sizes, layers_of, n_weights_of
from bayesian_nn.priors.gaussian import GaussianPrior
from bayesian_nn.priors.placement import AnyPrior, Placed, checked_prior, placed, scale_unknowns
from bayesian_nn.priors.unknowns import Unknown
from bayesian_nn.runtime.checks import finite_numbers, positive, shown

__all__ = ["Model"]

MEMBERS = (
    "n_outputs",
    "n_targets",
    "unknowns",
    "targets",
    "log_density",
    "curvature",
    "sample",
    "prediction",
)


@dataclass(frozen=True)
class Model:
    """A fully connected network, the likelihood of y given its outputs, and a prior on weights and biases.

    layer_sizes: units from input to output, (1, 10, 10, 1) for the post's network; the last layer is linear,
    and has as many units as the likelihood asks for.
    likelihood: such as `Gaussian(0.1)` or `Categorical(10)`; see `bnn.likelihoods`.
    prior: one such as `GaussianPrior(1.0)` for all; or one for each layer; or for each layer a pair (of its
    weights, of its biases).
    activation: of the hidden layers, a key of `ACTIVATIONS`, or a function of a tensor.
    scaling: the units in which the network works, `data.scaling`; None leaves data as they are.

    Everything unknown is one vector, the latents `[n_latents]`: layer by layer the weights (input-major),
    then the biases; then the likelihood's unknowns; last, the unknown scales of the priors.
    """

    layer_sizes: tuple[int, ...]
    likelihood: Likelihood
    prior: AnyPrior | Sequence[AnyPrior | Sequence[AnyPrior]] = field(default_factory=GaussianPrior)
    activation: str | Callable = "tanh"
    scaling: Scaling | PixelNorm | None = None

    def __post_init__(self):
        sizes = checked_sizes(self.layer_sizes, "(1, 10, 10, 1)")
        # Plain numbers and tuples, so that a model can be a key of the compiled loops and be saved as JSON.
        object.__setattr__(self, "layer_sizes", sizes)
        object.__setattr__(self, "likelihood", _checked_likelihood(self.likelihood, sizes))
        object.__setattr__(self, "activation", checked_activation(self.activation))
        object.__setattr__(self, "prior", checked_prior(self.prior, len(sizes) - 1))
        scaling = _no_scaling(sizes[0], self.likelihood) if self.scaling is None else self.scaling
        object.__setattr__(self, "scaling", _checked_scaling(scaling, sizes[0], self.likelihood))

    @property
    def n_weights(self) -> int:
        """The number of weights and biases of the network."""
        return n_weights_of(self.layer_sizes)

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """What is unknown beside the weights: of the likelihood, then of the priors."""
        return (*self.likelihood.unknowns, *scale_unknowns(self.prior, len(self.layers)))

    @property
    def n_latents(self) -> int:
        """The number of unknowns: `n_weights`, and those of the likelihood and of the priors."""
        return self.n_weights + len(self.unknowns)

    @property
    def layers(self) -> list[tuple[int, int]]:
        """The layers' `(n_in, n_out)`, first to last."""
        return layers_of(self.layer_sizes)

    @property
    def placed_priors(self) -> list[Placed]:
        """The priors of all weights and biases, in the order of the latents."""
        return placed(self.prior, self.layers)

    @functools.cached_property
    def program(self) -> "Model":
        """The same model in neutral units, for which compiled programs are made: models that differ by their
        scaling alone, as those of ten folds do, share them."""
        return replace(self, scaling=None)

    # The change of units is done in double precision, before anything is rounded to the network's own: of a
    # time stamp in seconds, single precision keeps two minutes.

    def inputs(self, x) -> np.ndarray:
        """Returns what the network sees of x `[n_points, ...]`, flat `[n_points, n_inputs]`. Raises
        ValueError for a point of another size."""
        x, n_inputs = np.asarray(x), self.layer_sizes[0]
        # NumPy and the network would broadcast some of them.
        if x.ndim < 2 or math.prod(x.shape[1:]) != n_inputs:
            raise ValueError(
                f"x must be [n_points, {n_inputs}] for this model, or images of {n_inputs} pixels; "
                f"got {list(x.shape)}."
            )
        return self.scaling.inputs(x.reshape(len(x), n_inputs))

    def targets(self, y) -> np.ndarray:
        """Returns y as `[n_points, n_targets]` in the network's units, checked by the likelihood."""
        return self.likelihood.targets(y, self.scaling)


def _checked_likelihood(likelihood, sizes):
    missing = [member for member in MEMBERS if not hasattr(likelihood, member)]
    if missing or isinstance(likelihood, type):
        raise ValueError(
            f"likelihood must be one such as Gaussian(0.1) or Categorical(10); got {shown(likelihood)}."
        )
    if sizes[-1] != likelihood.n_outputs:
        raise ValueError(
            f"layer_sizes must end in {likelihood.n_outputs}, the outputs that {shown(likelihood)} reads; "
            f"got {sizes}."
        )
    return likelihood


def _no_scaling(n_inputs, likelihood):
    n = likelihood.n_targets
    y = (0.0, 1.0) if n == 1 else ((0.0,) * n, (1.0,) * n)
    return Scaling((0.0,) * n_inputs, (1.0,) * n_inputs, *y)


def _checked_scaling(scaling, n_inputs, likelihood):
    if isinstance(scaling, PixelNorm):
        return scaling
    if not isinstance(scaling, Scaling):
        raise ValueError(f"scaling must be a data set's scaling, or a PixelNorm; got {shown(scaling)}.")
    x_shift = _numbers("scaling.x_shift", scaling.x_shift)
    x_scale = _positives("scaling.x_scale", scaling.x_scale)
    if len(x_shift) != n_inputs or len(x_scale) != n_inputs:
        raise ValueError(
            f"scaling has {len(x_shift)} shifts and {len(x_scale)} scales for inputs, "
            f"but layer_sizes begins with {n_inputs}."
        )
    y_shift, y_scale = (
        _numbers("scaling.y_shift", scaling.y_shift),
        _positives("scaling.y_scale", scaling.y_scale),
    )
    n_targets = likelihood.n_targets
    if len(y_shift) != n_targets or len(y_scale) != n_targets:
        raise ValueError(
            f"scaling has {len(y_shift)} shifts and {len(y_scale)} scales for targets, "
            f"but {shown(likelihood)} has {n_targets}."
        )
    _check_columns(scaling.columns, n_inputs, likelihood)
    if n_targets == 1:
        return Scaling(x_shift, x_scale, y_shift[0], y_scale[0], scaling.columns)
    return Scaling(x_shift, x_scale, y_shift, y_scale, scaling.columns)


def _check_columns(columns, n_inputs, likelihood):
    if columns is None:
        return
    if len(columns.input_names) != n_inputs:
        raise ValueError(
            f"scaling.columns makes {len(columns.input_names)} inputs, "
            f"but layer_sizes begins with {n_inputs}."
        )
    n_classes = getattr(likelihood, "n_classes", None)
    if columns.classes is not None and n_classes != len(columns.classes):
        n, names = len(columns.classes), column_names(columns.classes, n_shown=5)
        other = ", or Bernoulli()" if n == 2 else ""
        raise ValueError(
            f"y is one of the {n} classes {names}, and {shown(likelihood)} is for something else: use "
            f"Categorical({n}), with layer_sizes that end in {n}{other}."
        )


def _numbers(argument, values):
    return tuple(np.atleast_1d(finite_numbers(argument, values)).tolist())


def _positives(argument, values):
    return tuple(positive(argument, value) for value in np.atleast_1d(values))
