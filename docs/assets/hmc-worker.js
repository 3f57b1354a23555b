// Some of the playground's chains of Hamiltonian Monte Carlo. Told: chains to begin, or how many more iterations to do.
// Tells: after each iteration how far it is, and once they count, what functions the chains are at.

import { Chains } from "./hmc.js";
import { Network } from "./network.js";

let chains, network, left;
const { port1, port2 } = new MessageChannel();

self.onmessage = ({ data: { job, more } }) => {
  if (job) {
    chains = new Chains(job);
    network = new Network(job.model, job.x);
  }
  const idle = !left;
  left = (left ?? 0) + more;
  if (idle) port1.postMessage(0);
};

port2.onmessage = () => {
  if (!left) return;
  chains.run(1);
  left--;
  const { iteration, nWarmup, nDivergences, nChains, n } = chains;
  if (iteration <= nWarmup) {
    self.postMessage({ iteration });
  } else {
    const x = network.x;
    const weights = chains.draws.pop(); // It is told, and need not be kept.
    const values = new Float32Array(nChains * x.length);
    for (let chain = 0; chain < nChains; chain++) values.set(network.forward(weights, chain * n), chain * x.length);
    self.postMessage({ iteration, nDivergences, values }, [values.buffer]);
  }
  port1.postMessage(0);
};
