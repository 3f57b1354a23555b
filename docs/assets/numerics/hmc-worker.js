// Some of the playground's chains of Hamiltonian Monte Carlo. Told: chains to begin, or how many more iterations to do.
// Tells: that they cannot begin; or after each iteration how far it is, and once they count, what functions the chains are at.

import { Chains } from "./hmc.js";
import { Network } from "./network.js";

let chains, network, left;
const { port1, port2 } = new MessageChannel();

self.onmessage = ({ data: { job, more } }) => {
  if (job) {
    chains = new Chains(job);
    network = new Network(job.model, job.x);
    if (chains.failed) return self.postMessage({ failed: true });
  }
  const idle = !left;
  left = (left ?? 0) + more;
  if (idle) port1.postMessage(0);
};

port2.onmessage = () => {
  if (!left) return;
  chains.run(1);
  left--;
  const { iteration, nWarmup, nDivergences } = chains;
  if (iteration <= nWarmup) {
    self.postMessage({ iteration });
  } else {
    // It is told, and need not be kept.
    const values = Float32Array.from(chains.functions(chains.draws.pop(), network));
    self.postMessage({ iteration, nDivergences, values }, [values.buffer]);
  }
  port1.postMessage(0);
};
