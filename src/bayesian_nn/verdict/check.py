"""The verdict on a result: all findings, at rows that are held against it."""

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.tables import Dataset
from bayesian_nn.verdict.bands import bands_hold
from bayesian_nn.verdict.class_calibration import probabilities_come_true
from bayesian_nn.verdict.converged import inference_has_converged
from bayesian_nn.verdict.dispersion import counts_are_not_overdispersed
from bayesian_nn.verdict.distance import rows_are_near
from bayesian_nn.verdict.even_noise import noise_is_even
from bayesian_nn.verdict.evidence import gather
from bayesian_nn.verdict.finding import Verdict
from bayesian_nn.verdict.learned import better_than_a_constant, no_worse_than_a_line
from bayesian_nn.verdict.noise_level import noise_has_its_size
from bayesian_nn.verdict.outliers import outliers_are_few
from bayesian_nn.verdict.range_of_y import bands_stay_in_range
from bayesian_nn.verdict.rare_class import rare_classes_are_found
from bayesian_nn.verdict.units import units_suit_the_network
from bayesian_nn.verdict.unseen import rows_are_unseen

__all__ = ["FINDINGS", "check"]

# In the order of the sentences: what spoils what comes after it is first.
FINDINGS = (
    rows_are_unseen,
    units_suit_the_network,
    better_than_a_constant,
    no_worse_than_a_line,
    inference_has_converged,
    noise_has_its_size,
    bands_hold,
    noise_is_even,
    outliers_are_few,
    counts_are_not_overdispersed,
    probabilities_come_true,
    rare_classes_are_found,
    bands_stay_in_range,
    rows_are_near,
)


def check(
    result,
    data: Dataset | LabelledImages,
    *,
    seed: int = 0,
    training: Dataset | LabelledImages | None = None,
    n_draws: int = 400,
) -> Verdict:
    """Returns the `Verdict` on what an inference method returned, held to the rows of `data`: did it learn,
    has it converged, is the noise of the right size and the same everywhere, does the 90 % band hold 90 %.

    data: rows that the fit has not seen, 20 or more; on its own rows it says that it can only say so much. A
    random part of them where all would take too much memory. training: the rows of the fit, with which the
    distance of the others is told, and to which the straight line is fitted. A finding fails beyond what
    chance explains, one in a hundred of a right prediction, and only where it matters. The seed draws the
    weights, and the data that a right prediction would see.
    """
    evidence = gather(result, data, seed=seed, training=training, n_draws=n_draws)
    findings = tuple(finding for find in FINDINGS for finding in find(evidence))
    return Verdict(findings, evidence.n_rows)
