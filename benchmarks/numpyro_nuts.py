"""Draws from a network's posterior with NumPyro's NUTS, and prints what it took as JSON.

Run by truth.py and moons.py with the Python of .venv-peers, which has no bayesian_nn: points come as numbers,
and the network, its N(0, 1) prior and the likelihood, Gaussian or categorical, are written anew.

    .venv-peers/bin/python benchmarks/numpyro_nuts.py parallel draws.npy < points.json
"""

import json
import os
import sys
import time
from functools import partial
from itertools import pairwise

N_CHAINS, N_WARMUP, N_DRAWS = 4, 1000, 2000
# Chains in parallel need a device each, or NumPyro draws them one by one. JAX reads this when it starts.
os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={N_CHAINS}"

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import numpyro  # noqa: E402
from numpyro.distributions import Categorical, Normal  # noqa: E402
from numpyro.infer import MCMC, NUTS  # noqa: E402

# The stages of compiling, by JAX's names.
COMPILING = [
    f"/jax/core/compile/{stage}_duration"
    for stage in ("jaxpr_trace", "jaxpr_to_mlir_module", "backend_compile")
]


def network(weights, inputs, layer_sizes):
    """Returns the outputs `[n_points, n_outputs]`."""
    units, first = inputs, 0
    for number, (n_in, n_out) in enumerate(pairwise(layer_sizes)):
        if number:
            units = jnp.tanh(units)
        biases = first + n_in * n_out
        units = units @ weights[first:biases].reshape(n_in, n_out) + weights[biases : biases + n_out]
        first = biases + n_out
    return units


def model(inputs, y, layer_sizes, noise_std):
    """noise_std: of a Gaussian likelihood; None is a categorical one."""
    n_weights = sum((a + 1) * b for a, b in pairwise(layer_sizes))
    weights = numpyro.sample("weights", Normal(0, 1).expand([n_weights]).to_event(1))
    outputs = network(weights, inputs, layer_sizes)
    of_y = Categorical(logits=outputs) if noise_std is None else Normal(outputs[:, 0], noise_std)
    numpyro.sample("y", of_y, obs=y)


def main(method, path):
    compiling = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, seconds, **_: compiling.append(seconds) if event in COMPILING else None
    )
    points = json.load(sys.stdin)
    inputs, y = jnp.array(points["inputs"]), jnp.array(points["y"])
    layer_sizes = tuple(points["layer_sizes"])
    kernel = NUTS(
        partial(model, layer_sizes=layer_sizes, noise_std=points["noise_std"]),
        target_accept_prob=0.8,
        max_tree_depth=10,
    )
    sampler = MCMC(
        kernel,
        num_warmup=N_WARMUP,
        num_samples=N_DRAWS,
        num_chains=N_CHAINS,
        chain_method=method,
        progress_bar=False,
    )
    start = time.perf_counter(), time.process_time()
    fields = ("num_steps", "diverging")
    sampler.run(jax.random.PRNGKey(0), inputs, y, extra_fields=fields)
    weights = jax.block_until_ready(sampler.get_samples(group_by_chain=True)["weights"])
    seconds, processor = time.perf_counter() - start[0], time.process_time() - start[1]
    at = jnp.array(points["inputs_shown"])
    draws = jax.lax.map(lambda chain: jax.vmap(lambda w: network(w, at, layer_sizes))(chain), weights)
    np.save(path, np.asarray(draws))
    extra = {name: np.asarray(values) for name, values in sampler.get_extra_fields().items()}
    print(
        json.dumps(
            {
                "version": numpyro.__version__,
                "seconds": seconds,
                "processor": processor,
                "compiling": sum(compiling),
                "n_leapfrog": float(extra["num_steps"].mean()),
                "n_diverging": int(extra["diverging"].sum()),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
