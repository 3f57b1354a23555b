"""tf.distribute: several devices, or several processes, find what one device finds."""

import socket
import subprocess
import sys
from contextlib import ExitStack

import numpy as np
import pytest
from readers.distributed_fit import MODEL, OBJECTIVES, results
from repository import ROOT

import bayesian_nn as bnn
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.run_file import load_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the programs left: two workers side by side, and meanwhile the virtual devices."""
    folder = tmp_path_factory.mktemp("distributed")
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(2)]
        for each in sockets:
            each.bind(("localhost", 0))
        addresses = [f"localhost:{each.getsockname()[1]}" for each in sockets]
    programs = {
        name: start(folder, name, *arguments)
        for name, arguments in {"devices": [], "0": addresses, "1": addresses}.items()
    }
    try:
        for name, process in programs.items():
            assert process.wait(timeout=400) == 0, f"{name}: {(folder / name).read_text()}"
    finally:
        # A worker waits for the other for ever.
        for process in programs.values():
            process.kill()
            process.wait()
    return folder


def start(folder, name, *arguments):
    command = [
        sys.executable,
        ROOT / "tests/support/readers/distributed_fit.py",
        f"{name}.npz",
        name,
        *arguments,
    ]
    with (folder / name).open("w") as said:
        return subprocess.Popen(command, cwd=folder, stdout=said, stderr=subprocess.STDOUT)


@pytest.fixture(scope="module")
def alone():
    """What one device finds."""
    found = results()
    assert len(found["local_kl"]) == 2 * (1437 // 66)
    return found


@pytest.fixture(params=["2 devices", "3 devices", "worker 0", "worker 1"])
def together(request, folder):
    """What several found together, by the names that one device's has."""
    first, second = request.param.split()
    if second == "devices":
        found = np.load(folder / "devices.npz")
        return {name.removesuffix(f"_{first}"): found[name] for name in found if name.endswith(first)}
    return dict(np.load(folder / f"{second}.npz"))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_result_is_that_of_one_device(alone, together, objective):
    for part in ("parameters", "log_likelihood", "kl"):
        name = f"{objective}_{part}"
        np.testing.assert_allclose(together[name], alone[name], rtol=1e-4, atol=1e-4, err_msg=name)
    # Other noise, or another share of the KL, would have led elsewhere.
    start = bnn.MeanField().initial(MODEL, seed=0)[0]
    assert np.median(np.abs(alone[f"{objective}_parameters"] - start)) > 0.02


def test_workers_hold_the_same_to_the_last_bit(folder):
    first, second = (np.load(folder / f"{index}.npz") for index in range(2))
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_the_first_worker_writes_the_checkpoint(folder):
    run = load_run(folder / "worker-0" / "checkpoint.npz")
    assert run.outcome == "finished"
    np.testing.assert_array_equal(run.parameters, np.load(folder / "0.npz")["local_parameters"])
    assert not (folder / "worker-1").exists()


@pytest.mark.parametrize("n_replicas", [2, 3])
def test_a_batch_that_the_replicas_cannot_share_is_refused(folder, n_replicas):
    message = str(np.load(folder / "devices.npz")[f"refusal_{n_replicas}"])
    assert f"batch_size=67 cannot be shared equally by the strategy's {n_replicas} replicas" in message
    assert f"use a multiple of {n_replicas}" in message


def test_one_device_s_strategy_is_no_strategy_but_for_rounding(alone):
    # With a strategy, steps run one by one; so small a network's would otherwise be one loop.
    found = results(tf.distribute.OneDeviceStrategy("CPU:0"))
    for name in alone:
        np.testing.assert_allclose(found[name], alone[name], rtol=1e-4, atol=1e-4, err_msg=name)
