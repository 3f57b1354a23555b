"""Draws from the post's posterior with NumPyro's NUTS, and prints what it took as JSON.

Run by truth.py with the Python of .venv-peers, which has no bayesian_nn: points and network are written anew.

    .venv-peers/bin/python benchmarks/numpyro_nuts.py parallel draws.npy < points.json
"""

import json
import os
import sys
import time

N_CHAINS, N_WARMUP, N_DRAWS = 4, 1000, 2000
# Chains in parallel need a device each, or NumPyro draws them one by one. JAX reads this when it starts.
os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={N_CHAINS}"

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import numpyro  # noqa: E402
from numpyro.distributions import Normal  # noqa: E402
from numpyro.infer import MCMC, NUTS  # noqa: E402

# The stages of compiling, by JAX's names.
COMPILING = [
    f"/jax/core/compile/{stage}_duration"
    for stage in ("jaxpr_trace", "jaxpr_to_mlir_module", "backend_compile")
]


def network(weights, inputs):
    hidden = jnp.tanh(inputs[:, None] * weights[:10] + weights[10:20])
    hidden = jnp.tanh(hidden @ weights[20:120].reshape(10, 10) + weights[120:130])
    return hidden @ weights[130:140] + weights[140]


def model(inputs, y):
    weights = numpyro.sample("weights", Normal(0, 1).expand([141]).to_event(1))
    numpyro.sample("y", Normal(network(weights, inputs), 0.1), obs=y)


def main(method, path):
    compiling = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, seconds, **_: compiling.append(seconds) if event in COMPILING else None
    )
    points = json.load(sys.stdin)
    inputs, y = jnp.array(points["inputs"]), jnp.array(points["y"])
    kernel = NUTS(model, target_accept_prob=0.8, max_tree_depth=10)
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
    draws = jax.lax.map(lambda chain: jax.vmap(lambda w: network(w, at))(chain), weights)
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
