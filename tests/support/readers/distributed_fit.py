"""A program: fits of the digits on virtual devices, or as one of several worker processes, to a file."""

import json
import os
import sys

import numpy as np

import bayesian_nn as bnn
from bayesian_nn.data.images import split
from bayesian_nn.runtime.tensorflow import tf

OBJECTIVES = {
    "local": bnn.LocalReparameterisation(),
    "flipout": bnn.objectives.Flipout(2, 0.5),
    "elbo": bnn.Elbo(2),
}
MODEL = bnn.Model((64, 20, 10), bnn.Categorical(10), prior=bnn.priors.RelevancePrior(), activation="relu")
SETTINGS = {"seed": 0, "n_epochs": 2, "batch_size": 66}


def results(strategy=None, checkpoint=None):
    """What fits of all kinds find, by name."""
    training, _ = split(bnn.data.load_digits(), 360)
    found = {}
    for name, objective in OBJECTIVES.items():
        run = bnn.fit(
            MODEL, training, objective=objective, strategy=strategy, checkpoint=checkpoint, **SETTINGS
        )
        parts = {"log_likelihood": run.log_likelihood, "kl": run.kl, "parameters": run.parameters}
        found |= {f"{name}_{part}": value for part, value in parts.items()}
        # The second fit is another.
        checkpoint = None
    return found


def refusal(strategy):
    """What a batch says that the replicas cannot share."""
    try:
        bnn.fit(MODEL, bnn.data.load_digits(), strategy=strategy, **SETTINGS | {"batch_size": 67})
    except ValueError as error:
        return str(error)


def on_virtual_devices():
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 3)
    found = {}
    # One process can have only one group of collective operations on a device.
    for n_replicas, means in {2: tf.distribute.ReductionToOneDevice(), 3: None}.items():
        devices = [f"CPU:{index}" for index in range(n_replicas)]
        strategy = tf.distribute.MirroredStrategy(devices, cross_device_ops=means)
        found |= {f"{name}_{n_replicas}": value for name, value in results(strategy).items()}
        found[f"refusal_{n_replicas}"] = refusal(strategy)
    return found


def as_a_worker(index, addresses):
    cluster = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
    os.environ["TF_CONFIG"] = json.dumps(cluster)
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    return results(strategy, f"worker-{index}/checkpoint.npz")


if __name__ == "__main__":
    file, kind, *addresses = sys.argv[1:]
    np.savez(file, **on_virtual_devices() if kind == "devices" else as_a_worker(int(kind), addresses))
