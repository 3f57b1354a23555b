"""What the posts say of the first run's player at its steps, held against the record that the site plays."""

import json

import numpy as np
import pytest

from bayesian_nn.browser.run_record import read_player_record
from bayesian_nn.runtime.portable_math import normals


@pytest.fixture(scope="module")
def record(site):
    return read_player_record(site / "outputs" / "plot_bnn" / "run-player.bin")


@pytest.fixture(scope="module")
def hmc(site, record):
    """HMC's sd of f at the record's places."""
    band = json.loads((site / "outputs" / "plot_in_between" / "hmc-band.json").read_text(encoding="utf-8"))
    return np.interp(record.places, band["x"], band["std"])


def _f(record, step):
    """Draws of f `[n_draws, n_places]` as the player makes them, in a few lines of NumPy."""
    header = record.header
    shift, scale, y_shift, y_scale = header["scaling"]
    (t,) = np.flatnonzero(record.steps == step)
    mean, rho = np.split(record.parameters[t], 2)
    noise = normals(header["noise_seed"], header["noise_stream"], header["n_draws"] * len(mean))
    weights = mean + np.log1p(np.exp(rho)) * noise.reshape(header["n_draws"], len(mean))
    values, at = (record.places[None, :, None] - shift) / scale, 0
    for n_in, n_out in zip(header["sizes"], header["sizes"][1:], strict=False):
        kernel = weights[:, at : at + n_in * n_out].reshape(-1, n_in, n_out)
        bias = weights[:, at + n_in * n_out : at + (n_in + 1) * n_out]
        values = (np.tanh(values) if at else values) @ kernel + bias[:, None]
        at += (n_in + 1) * n_out
    return y_shift + y_scale * values[..., 0]


def _between(record, low, high):
    return (low <= record.places) & (record.places <= high)


def _along_data(record, step):
    """The mean and sd of f at the data's x."""
    nearest = np.abs(record.places[:, None] - record.x).argmin(axis=0)
    draws = _f(record, step)[:, nearest]
    return draws.mean(axis=0), draws.std(axis=0)


def test_at_the_start_all_curves_are_one_and_then_one_level_line(record):
    assert _f(record, 0).std(axis=0).max() < 0.2 * _f(record, 1000).std(axis=0).max()
    level = [step for step in record.steps if 39 <= step <= 85]
    assert len(level) > 5
    for step in level:
        mean, std = _along_data(record, step)
        assert np.ptp(mean) < 0.25 * np.ptp(record.y), f"not level at {step}"
        assert std.max() < 0.1
        assert abs(mean.mean() - record.y.mean()) < 0.2


def test_it_begins_to_bend_and_finds_both_clusters(record):
    def missed(step):
        return np.sqrt(np.mean((_along_data(record, step)[0] - record.y) ** 2))

    assert np.ptp(_along_data(record, 99)[0]) > 2 * np.ptp(_along_data(record, 39)[0])
    assert missed(39) > missed(99) > 2 * missed(151)
    assert missed(151) < 0.15


def test_the_band_in_the_gap_opens_and_closes_again_below_hmc_s(record, hmc):
    gap, middle = _between(record, 2, 6), _between(record, 3.9, 4.1)
    at = {step: _f(record, step).std(axis=0) for step in (99, 200, 1000)}
    data = _between(record, 0, 2) | _between(record, 6, 8)
    # By step 200 it has opened.
    assert at[200][gap].mean() > 2 * at[99][gap].mean()
    assert at[200][gap].mean() > 2 * at[200][data].mean()
    # In the middle of the hole it was wider then than in the end, and nearer to HMC's.
    assert np.all(at[200][middle] > 1.1 * at[1000][middle])
    assert np.all(np.abs(at[200] - hmc)[middle] < np.abs(at[1000] - hmc)[middle])
    assert at[200][gap].mean() > at[1000][gap].mean()
    # In the end it is too sure in the gap, and too unsure on the data.
    assert at[1000][gap].mean() < hmc[gap].mean()
    assert np.all(at[1000][middle] < hmc[middle])
    assert at[1000][data].mean() > hmc[data].mean()


def test_the_copy_here_draws_what_the_build_counted(root, record):
    numbers = json.loads((root / "outputs" / "plot_bnn" / "numbers.json").read_text(encoding="utf-8"))
    std = _f(record, 1000).std(axis=0)
    for name, ends in {"sd_in_gap": (2, 6), "sd_outside": (8, 12)}.items():
        # A hundred draws of an sd: a relative standard error of 7 %, shared by all places.
        assert std[_between(record, *ends)].mean() == pytest.approx(numbers[name], rel=0.25)
