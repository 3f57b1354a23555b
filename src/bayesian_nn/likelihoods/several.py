"""Several targets, each with a likelihood of its own."""

from dataclasses import dataclass

import numpy as np

from bayesian_nn.data.tables import Scaling
from bayesian_nn.likelihoods.likelihood import Likelihood
from bayesian_nn.predictions.several import SeveralPredictions
from bayesian_nn.priors.unknowns import Unknown
from bayesian_nn.runtime.checks import finite_numbers, shown

__all__ = ["Several"]


@dataclass(frozen=True)
class Several:
    """y is `[n_points, n_targets]`, with one likelihood for each column, as in `Several((Gaussian(0.1),
    Poisson()))`. Given outputs and unknowns the targets are independent; outputs and unknowns are those of
    the parts, one after the other. The scaling has a shift and a scale for each target."""

    parts: tuple[Likelihood, ...]

    def __post_init__(self):
        parts = tuple(self.parts) if isinstance(self.parts, list | tuple) else ()
        if not parts or not all(getattr(part, "n_targets", 0) == 1 for part in parts):
            raise ValueError(
                "parts must be likelihoods of one target each, as in Several((Gaussian(0.1), Poisson())); "
                f"got {shown(self.parts)}."
            )
        object.__setattr__(self, "parts", parts)

    @property
    def n_outputs(self) -> int:
        """Those of all parts."""
        return sum(part.n_outputs for part in self.parts)

    @property
    def n_targets(self) -> int:
        """One for each part."""
        return len(self.parts)

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """Those of all parts, with the number of their target, from 0, in their names."""
        return tuple(
            unknown._replace(name=f"{unknown.name} of target {number}")
            for number, part in enumerate(self.parts)
            for unknown in part.unknowns
        )

    def targets(self, y, scaling) -> np.ndarray:
        """Returns y `[n_points, n_targets]` in the network's units. Raises ValueError for another shape, and
        with the target's number for what its likelihood refuses."""
        columns = self._columns(y)
        targets = []
        for number, (part, column) in enumerate(zip(self.parts, columns, strict=True)):
            try:
                targets.append(part.targets(column, _scaling_of(scaling, number)))
            except ValueError as error:
                raise ValueError(f"Target {number} of y: {error}") from None
        return np.concatenate(targets, axis=1)

    def outputs_at(self, targets) -> list[np.ndarray] | None:
        """Returns the outputs at which y's mean is the targets `[n_points, n_targets]`; None if a part has
        none."""
        each = [part.outputs_at(targets[:, [number]]) for number, part in enumerate(self.parts)]
        return (
            None
            if any(outputs is None for outputs in each)
            else [output for outputs in each for output in outputs]
        )

    def log_density(self, outputs, unknowns, targets, y_scale):
        """Returns log p(y) in nats, elementwise, summed over the targets; see `Likelihood`."""
        return sum(
            part.log_density(outputs[of_outputs], unknowns[of_unknowns], [targets[number]], [y_scale[number]])
            for number, part, of_outputs, of_unknowns in self._places()
        )

    def curvature(self, outputs, unknowns, y_scale) -> list[list[np.ndarray]]:
        """Returns the Fisher information: the parts' own, and nothing between parts."""
        n_outputs = self.n_outputs
        size = n_outputs + len(self.unknowns)
        matrix = [[np.float64(0)] * size for _ in range(size)]
        for number, part, of_outputs, of_unknowns in self._places():
            block = part.curvature(outputs[of_outputs], unknowns[of_unknowns], [y_scale[number]])
            places = [*range(size)[of_outputs], *range(n_outputs, size)[of_unknowns]]
            for row, of_row in zip(places, block, strict=True):
                for place, entry in zip(places, of_row, strict=True):
                    matrix[row][place] = entry
        return matrix

    def sample(self, outputs, unknowns, scaling, random: np.random.Generator) -> np.ndarray:
        """Returns draws of y in its units, of the outputs' shape and, last, `n_targets`."""
        columns = [
            part.sample(outputs[of_outputs], unknowns[of_unknowns], _scaling_of(scaling, number), random)
            for number, part, of_outputs, of_unknowns in self._places()
        ]
        return np.stack(np.broadcast_arrays(*columns), axis=-1)

    def prediction(self, x, outputs, unknowns, scaling) -> SeveralPredictions:
        """Returns the record of the draws, for outputs `[n_draws, n_outputs, n_points]`."""
        unknowns = np.asarray(unknowns)
        return SeveralPredictions(
            tuple(
                part.prediction(
                    x, outputs[:, of_outputs], unknowns[:, of_unknowns], _scaling_of(scaling, number)
                )
                for number, part, of_outputs, of_unknowns in self._places()
            )
        )

    def constant_log_likelihood(self, y) -> float:
        """Returns the sum of the parts' own, in nats."""
        columns = self._columns(y)
        return sum(
            part.constant_log_likelihood(column) for part, column in zip(self.parts, columns, strict=True)
        )

    def explained(self, prediction, y) -> float:
        """Returns the mean of the parts' own."""
        each = zip(self.parts, prediction.parts, self._columns(y), strict=True)
        return float(np.mean([part.explained(of_part, column) for part, of_part, column in each]))

    def _columns(self, y):
        y = finite_numbers("y", y)
        if y.ndim == 1 and self.n_targets == 1:
            y = y[:, None]
        if y.ndim != 2 or y.shape[1] != self.n_targets:
            raise ValueError(
                f"y must be [n_points, n_targets = {self.n_targets}], a column for each part; got "
                f"{list(y.shape)}."
            )
        return y.T

    def _places(self):
        """Yields of every part its number, itself, and the slices of its outputs and unknowns."""
        output = unknown = 0
        for number, part in enumerate(self.parts):
            ends = output + part.n_outputs, unknown + len(part.unknowns)
            yield number, part, slice(output, ends[0]), slice(unknown, ends[1])
            output, unknown = ends


def _scaling_of(scaling, number):
    """Returns the units of one target; a single shift or scale is that of all."""
    shift, scale = (
        values[number] if isinstance(values, tuple | list | np.ndarray) and np.ndim(values) else values
        for values in (scaling.y_shift, scaling.y_scale)
    )
    return Scaling((), (), shift, scale)
