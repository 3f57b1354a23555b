"""Does the network see the data in units of its own?"""

from collections.abc import Iterator

import numpy as np

from bayesian_nn.data.tables import Dataset, standardising
from bayesian_nn.model.observations import scaling_was_forgotten
from bayesian_nn.verdict.evidence import Evidence
from bayesian_nn.verdict.finding import Finding, listed, number

__all__ = ["units_suit_the_network"]


def units_suit_the_network(evidence: Evidence) -> Iterator[Finding]:
    """Yields whether the model was given a scaling, of tables."""
    model, data = evidence.model, evidence.training or evidence.data
    if not isinstance(data, Dataset):
        return
    forgotten = scaling_was_forgotten(model, data)
    sentence, remedy = "The network sees the data in units of its own.", ""
    if forgotten:
        largest = [f"inputs up to {number(np.max(np.abs(data.x)))}"]
        sds = np.atleast_1d(standardising(data.x, data.y).y_scale)
        real = [target.is_real for target in evidence.targets]
        largest += [f"y with an sd of {number(sd)}" for sd in sds[real]]
        sentence = (
            f"The network sees the data as they are, {listed(largest)}, and can hardly learn from them."
        )
        remedy = "Give the model scaling=data.scaling and fit again."
    yield Finding("units", sentence, remedy, float(forgotten), 0.0)
