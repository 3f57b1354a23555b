"""What likelihoods refuse: targets and parameters that cannot be, with the value and the remedy."""

from types import SimpleNamespace

import numpy as np
import pytest

from bayesian_nn.likelihoods.bernoulli import Bernoulli
from bayesian_nn.likelihoods.categorical import Categorical
from bayesian_nn.likelihoods.gaussian import Gaussian, LearnedNoise
from bayesian_nn.likelihoods.heteroscedastic import HeteroscedasticGaussian
from bayesian_nn.likelihoods.negative_binomial import LearnedDispersion, NegativeBinomial
from bayesian_nn.likelihoods.poisson import Poisson
from bayesian_nn.likelihoods.several import Several
from bayesian_nn.likelihoods.student_t import LearnedDof, StudentT
from bayesian_nn.runtime.tagged_json import from_tagged, to_tagged
from bayesian_nn.training.run_file import KINDS

UNITS = SimpleNamespace(y_shift=0.0, y_scale=1.0, columns=None)
REAL = [Gaussian(1.0), HeteroscedasticGaussian(1.0), StudentT(1.0)]
COUNTS = [Poisson(), NegativeBinomial(0.5)]
CLASSES = [Bernoulli(), Categorical(3)]
BOTH = Several((Gaussian(1.0), Poisson()))


def kind(member):
    return type(member).__name__


@pytest.mark.parametrize("member", REAL + COUNTS + CLASSES, ids=kind)
def test_one_target_may_be_a_column_and_nothing_else(member):
    y = [0.0, 1.0, 1.0]
    np.testing.assert_array_equal(member.targets(y, UNITS), np.transpose([y]))
    np.testing.assert_array_equal(member.targets(np.transpose([y]), UNITS), np.transpose([y]))
    for wrong in (np.ones((3, 2)), 1.0, np.ones((0,))):
        with pytest.raises(
            ValueError, match=r"y must be \[n_points\] or .*; got \[.*\]\. For several targets"
        ):
            member.targets(wrong, UNITS)
    for wrong in (np.nan, np.inf):
        with pytest.raises(
            ValueError, match=rf"y has 1 .* not finite.* index \(1,\): {wrong}\. Remove or fill"
        ):
            member.targets([0.0, wrong], UNITS)


@pytest.mark.parametrize("member", COUNTS, ids=kind)
@pytest.mark.parametrize("wrong", [-1, 1.5])
def test_what_is_no_count_is_refused(member, wrong):
    with pytest.raises(ValueError, match=rf"y must be counts, .*; got {wrong} at index 1\. .*use Gaussian"):
        member.targets([0, wrong, 2], UNITS)


@pytest.mark.parametrize("member", CLASSES, ids=kind)
@pytest.mark.parametrize("wrong", [-1, 0.5, 3])
def test_what_is_no_class_is_refused(member, wrong):
    last, remedy = (
        (1, "use Categorical") if isinstance(member, Bernoulli) else (2, "Number .* raise n_classes")
    )
    message = rf"y must be classes, whole numbers from 0 to {last}; got {wrong} at index 1\. .*{remedy}"
    with pytest.raises(ValueError, match=message):
        member.targets([0, wrong], UNITS)
    for words in (["cat", "dog"], np.array(["cat", "dog"], dtype=object)):
        with pytest.raises(
            ValueError, match=r"got 'cat' at index 0\. Number the classes, as in numpy.unique"
        ):
            member.targets(words, UNITS)


@pytest.mark.parametrize("member", CLASSES, ids=kind)
def test_labels_in_other_guises_are_refused_with_what_makes_them_class_numbers(member):
    n = 2 if isinstance(member, Bernoulli) else 3
    with pytest.raises(ValueError, match=rf"got {n} at index .* as in y - 1: these go from 1 to {n}"):
        member.targets(np.arange(n) + 1, UNITS)
    with pytest.raises(ValueError, match=rf"got one-hot rows \[{n}, {n}\]\. .* as in y.argmax\(axis=1\)"):
        member.targets(np.eye(n), UNITS)
    np.testing.assert_array_equal(member.targets(np.arange(n)[:, None], UNITS), np.arange(n)[:, None])


def test_true_and_false_are_classes():
    np.testing.assert_array_equal(Bernoulli().targets([True, False], UNITS), [[1.0], [0.0]])


def test_of_several_targets_the_wrong_one_is_named():
    np.testing.assert_array_equal(BOTH.targets([[0.5, 3], [1.0, 0]], UNITS), [[0.5, 3.0], [1.0, 0.0]])
    with pytest.raises(ValueError, match=r"y must be \[n_points, n_targets = 2\], .* each part; got \[2\]\."):
        BOTH.targets([0.5, 3], UNITS)
    with pytest.raises(ValueError, match=r"Target 1 of y: y must be counts, .*; got -3 at index 0"):
        BOTH.targets([[0.5, -3]], UNITS)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Gaussian(0), "noise_std must be a finite number above zero; got 0"),
        (lambda: Gaussian(np.nan), "noise_std must be a finite number above zero; got nan"),
        (lambda: Gaussian("0.1"), "noise_std must be a finite number above zero; got '0.1'"),
        (
            lambda: Gaussian(LearnedNoise(-0.1)),
            "noise_std.median must be a finite number above zero; got -0.1",
        ),
        (
            lambda: Gaussian(LearnedNoise(0.1, 0)),
            "noise_std.log_std must be a finite number above zero; got 0",
        ),
        (lambda: Gaussian(LearnedDof()), r"noise_std must be a number above zero, or LearnedNoise\(median\)"),
        (lambda: HeteroscedasticGaussian(-1.0), "noise_std must be a finite number above zero; got -1.0"),
        (lambda: HeteroscedasticGaussian(1.0, 0), "log_std must be a finite number above zero; got 0"),
        (lambda: HeteroscedasticGaussian(1.0, resolution=-1), "resolution must be a finite number, zero or"),
        (lambda: StudentT(0.0), "scale must be a finite number above zero; got 0.0"),
        (lambda: StudentT(1.0, 0), "dof must be a finite number above zero; got 0"),
        (lambda: StudentT(1.0, LearnedDof(2.0)), r"dof.median must be above 2, .*; got 2\. .* as a number"),
        (lambda: Categorical(1), "n_classes must be a whole number, 2 or more; got 1"),
        (lambda: Categorical(2.5), "n_classes must be a whole number, 2 or more; got 2.5"),
        (lambda: NegativeBinomial(-0.5), "dispersion must be a finite number above zero; got -0.5"),
        (lambda: NegativeBinomial(LearnedDispersion(0)), "dispersion.median must be a finite .*; got 0"),
        (lambda: Several(()), r"parts must be likelihoods of one target each, as in Several.*; got \(\)"),
        (
            lambda: Several((BOTH,)),
            r"parts must be likelihoods of one target each, as in Several.*; got \(Sev",
        ),
        (lambda: Several(Gaussian(1.0)), r"parts must be likelihoods of one target each.*; got Gaussian"),
        (
            lambda: to_tagged("likelihood", UNITS, KINDS),
            "its likelihood is of the kind SimpleNamespace, and this version knows Model or",
        ),
        (
            lambda: from_tagged("likelihood", {"kind": "Gamma"}, KINDS),
            "likelihood is of the kind Gamma, and this version",
        ),
    ],
)
def test_parameters_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
