"""The record that a page plays: small, faithful to the run, and the same bytes every time."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from readers import player_pages
from truths import made_by_hand

import bayesian_nn as bnn
from bayesian_nn.browser.run_record import read_player_record, write_player_record
from bayesian_nn.figures.training import elbo_at_the_end, plot_elbo, running_median
from bayesian_nn.runtime.portable_math import PREDICTION

DATA = player_pages.data()
ARGUMENTS = {"data": DATA, "x_range": (-4.0, 12.0), "noise_seed": 5}
# Of the player's picture, in which the film's range of y is drawn.
PANEL_HEIGHT = 200


@pytest.fixture(scope="module")
def run():
    return player_pages.run()


@pytest.fixture(scope="module")
def record(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("record") / "run.bin"
    write_player_record(run, path, **ARGUMENTS, reference={"best constant": -400.0})
    return read_player_record(path)


def test_the_header_says_what_the_page_needs(run, record):
    header = record.header
    assert header["sizes"] == [1, 6, 6, 1]
    assert header["activation"] == "tanh"
    assert header["prior_stds"] == [1.0] * 6
    assert header["scaling"] == [4.0, 4.0, 0.0, 1.0]
    assert header["names"] == ["x", "y"]
    assert (header["noise_seed"], header["noise_stream"]) == (5, PREDICTION)
    assert (header["n_draws"], header["n_curves"], header["n_steps"]) == (100, 10, 1000)
    assert header["reference"] == {"best constant": -400.0}


def test_data_truth_and_histories_are_the_run_s(run, record):
    np.testing.assert_array_equal(record.steps, run.recorded_steps)
    np.testing.assert_allclose(record.x, DATA.x[:, 0], rtol=1e-6)
    np.testing.assert_allclose(record.y, DATA.y, rtol=1e-6)
    assert len(record.places) == 161
    np.testing.assert_allclose(record.truth, np.cos(record.places), atol=1e-6)
    np.testing.assert_allclose(record.log_likelihood, running_median(run.log_likelihood, run.recorded_steps))
    np.testing.assert_allclose(record.kl, running_median(run.kl, run.recorded_steps))
    np.testing.assert_allclose(record.elbo[:-1], running_median(run.elbo, run.recorded_steps[:-1]))
    assert record.elbo[-1] == elbo_at_the_end(run)


def test_the_elbo_s_axis_and_lines_are_those_of_the_figure(run, record):
    axes = Figure().add_subplot()
    plot_elbo(run, axes=axes, reference={"best constant": -400.0})
    *drawn, _ = (line for line in axes.lines if len(line.get_xdata()) > 2)
    low, high, threshold = record.header["nats"]
    assert threshold == axes.yaxis.get_transform().linthresh
    np.testing.assert_allclose([low, high], axes.get_ylim(), rtol=0.02)
    medians = next(line for line in drawn if line.get_linewidth() > 2)
    transform = axes.yaxis.get_transform().transform
    height = np.ptp(transform(axes.get_ylim()))
    at = np.searchsorted(medians.get_xdata(), record.median_steps)
    expected, found = transform(medians.get_ydata()[at]), transform(record.medians[0])
    assert np.abs(expected - found).max() < height / PANEL_HEIGHT


def test_the_parameters_are_off_by_less_than_half_a_step_of_their_codes(run, record):
    errors = np.abs(record.parameters - run.path).reshape(len(run.recorded_steps), 2, -1).max(axis=(0, 2))
    assert np.all(errors <= [2**-12, 2**-10])
    assert np.all(errors > [2**-14, 2**-12])


def test_bands_and_curves_of_the_record_agree_with_the_film_s_within_a_pixel(run, record):
    film = bnn.prediction.predict_film(run, record.places, seed=5)
    again = replace(run, recorded_parameters=record.parameters[:, None].astype(np.float32))
    played = bnn.prediction.predict_film(again, record.places, seed=5)
    pixel = (
        np.max(film.mean[-1] + 2 * film.std[-1]) - np.min(film.mean[-1] - 2 * film.std[-1])
    ) / PANEL_HEIGHT
    for side in (-2, 0, 2):
        edges = (each.mean + side * each.epistemic_std for each in (film, played))
        assert np.abs(np.subtract(*edges)).max() < pixel
    assert np.abs(film.curves - played.curves).max() < pixel


def test_the_flagship_s_record_is_small(tmp_path):
    random = np.random.default_rng(0)
    model = bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1), scaling=DATA.scaling)
    # A hundred records, of weights that wander as far as a fit's do.
    steps = 0.05 * random.normal(size=(2, 100, 1, model.n_latents))
    mean, wander = np.cumsum(steps, axis=1)
    made = made_by_hand.run(model, mean=mean, std=0.05 * np.exp(0.5 * wander), n_steps=100)
    write_player_record(made, tmp_path / "run.bin", **ARGUMENTS)
    assert (tmp_path / "run.bin").stat().st_size < 60_000


def test_large_and_jumping_parameters_come_back_in_proportion(tmp_path):
    random = np.random.default_rng(0)
    mean = 10.0 ** random.uniform(-3, 3, size=(5, 1, 7)) * random.choice([-1, 1], size=(5, 1, 7))
    made = made_by_hand.run(bnn.Model((1, 2, 1), bnn.Gaussian(0.1)), mean=mean, std=np.full((5, 1, 7), 1e-4))
    write_player_record(made, tmp_path / "run.bin", **ARGUMENTS)
    found = read_player_record(tmp_path / "run.bin").parameters
    np.testing.assert_allclose(found[:, :7], made.path[:, :7], atol=1000 / 2**15)
    np.testing.assert_allclose(found[:, 7:], made.path[:, 7:], atol=2**-10)


def test_a_long_history_keeps_its_highest_and_lowest_values(run, tmp_path):
    random = np.random.default_rng(0)
    long = {"log_likelihoods": random.normal(size=(20_000, 1)), "kls": np.ones((20_000, 1))}
    long["log_likelihoods"][7_777] = 50
    write_player_record(replace(run, **long), tmp_path / "run.bin", **ARGUMENTS)
    record = read_player_record(tmp_path / "run.bin")
    assert len(record.noisy_steps) <= 800
    assert np.all(np.diff(record.noisy_steps) > 0)
    assert record.noisy_elbo.max() == record.noisy_elbo[record.noisy_steps == 7_777] == 49
    elbo = long["log_likelihoods"][:, 0] - 1
    np.testing.assert_allclose(record.noisy_elbo, elbo[record.noisy_steps], rtol=1e-6)
    late = elbo[10_000:]
    assert record.noisy_elbo[record.noisy_steps >= 10_000].min() == pytest.approx(late.min())


def test_the_same_run_gives_the_same_bytes(run, tmp_path):
    for name in ("a", "b"):
        write_player_record(run, tmp_path / name, **ARGUMENTS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_without_a_truth_and_with_priors_by_layer(tmp_path):
    data = bnn.dataset([1.0, 2.0, 3.0], [5.0, 7.0, 9.0])
    model = bnn.Model(
        (1, 2, 1),
        bnn.Gaussian(0.5),
        prior=(
            (bnn.GaussianPrior(2.0), bnn.GaussianPrior(3.0)),
            (bnn.GaussianPrior(0.5), bnn.GaussianPrior(1.0)),
        ),
        scaling=data.scaling,
    )
    made = made_by_hand.run(model, mean=np.zeros((2, 1, 7)), std=np.ones((2, 1, 7)))
    write_player_record(made, tmp_path / "run.bin", data=data, x_range=(0, 4), noise_seed=0, y_limits=(0, 9))
    record = read_player_record(tmp_path / "run.bin")
    assert record.header["prior_stds"] == [2.0, 3.0, 0.5, 1.0]
    assert record.header["y_limits"] == [0.0, 9.0]
    assert record.truth.size == 0
    assert record.header["scaling"][2:] == [7.0, pytest.approx(np.std([5, 7, 9]))]


def hand_made(sizes, noise_std=0.1, **model):
    model = bnn.Model(sizes, bnn.Gaussian(noise_std), **model)
    shape = (2, 1, model.n_latents)
    return made_by_hand.run(model, mean=np.zeros(shape), std=np.ones(shape))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"run": hand_made((2, 1))}, "needs a model of one input; this one has 2"),
        (
            {"run": hand_made((1, 1), noise_std=bnn.LearnedNoise(0.3))},
            r"Gaussian noise that is known; this model has Gaussian\(noise_std=LearnedNoise",
        ),
        ({"run": hand_made((1, 3, 1), activation="gelu")}, "activations tanh, .* this model has 'gelu'"),
        ({"x_range": (1.0, 1.0)}, r"x_range must be \(first, last\), first below last"),
        ({"x_range": (1.0, np.nan)}, "x_range has 1"),
        ({"n_draws": 0}, "n_draws must be a whole number, 1 or more; got 0"),
        ({"n_curves": 101}, "n_curves must be at most n_draws=100; got 101"),
        ({"noise_seed": -1}, "noise_seed must be a whole number, 0 or more; got -1"),
    ],
)
def test_what_a_page_cannot_draw_is_refused(run, tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        write_player_record(**{"run": run, "path": tmp_path / "run.bin"} | ARGUMENTS | change)
    assert not list(tmp_path.iterdir())


def test_a_run_of_another_family_is_refused(run, tmp_path):
    other = replace(run, settings=run.settings._replace(posterior=bnn.FullCovariance()))
    with pytest.raises(ValueError, match="draws runs of MeanField; this one is of FullCovariance"):
        write_player_record(other, tmp_path / "run.bin", **ARGUMENTS)


@pytest.mark.parametrize("damage", [lambda data: data[:-20], lambda data: b"{}" + data, lambda data: b""])
def test_a_damaged_file_is_refused(run, tmp_path, damage):
    path = tmp_path / "run.bin"
    write_player_record(run, path, **ARGUMENTS)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"run\.bin is not a player's record, or a damaged one"):
        read_player_record(path)
