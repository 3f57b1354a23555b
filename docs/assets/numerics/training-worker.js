// Trains the playground's network beside its page. Told: start, change, run, pause, step, drawn. Tells: a picture of where
// the training is, once the page has drawn the one before.

import { nWeights } from "./network.js";
import { normals } from "./portable.js";
import { summary } from "./predictive.js";
import { Objective, PREDICTION, Training, digest } from "./variational.js";

const SLICE = 8; // Milliseconds of training between looks at what the page says.
const N_DRAWS = 100;
const N_CURVES = 10;
const REST = 3; // A picture's time, so many times over, goes into training before the next.

let job, training, noise, running, carried, sent, drawn, digested;
let steps, trained; // Since the speed was last told, and the milliseconds that took.
let pictureTime, pictureAt;
const { port1, port2 } = new MessageChannel(); // A timer would wait 4 ms.
port2.onmessage = () => running && work();

const told = {
  // job: { id, model, data, settings, x } of numbers in the network's units.
  start(message) {
    begin(message.job, new Training({ ...message.job, ...message.job.settings }));
  },

  // Other points, prior, noise or rate from here on; of a run that is over, another one from where it ended. from: the
  // step up to which the page has the history; goesOn: whether it takes the run for one that is running.
  change({ job: next, from, goesOn }) {
    const { model, data, settings } = next;
    if (over()) {
      const again = new Training({ ...next, ...settings });
      const isWell = training.failed === null;
      if (isWell) again.parameters.set(training.parameters);
      begin(next, again, isWell);
      digested = isWell;
      if (goesOn) told.run();
      return;
    }
    training.objective = new Objective(model, data, settings);
    training.noise = new Float64Array(settings.nDraws * nWeights(model.sizes));
    training.peak = settings.learningRate;
    job = next;
    sent = Math.min(sent, from);
    digested = true; // What comes of it no other run will have.
    picture();
  },

  run() {
    if (running || over()) return;
    running = true;
    [steps, trained] = [0, 0];
    port1.postMessage(0);
  },

  pause() {
    running = false;
    picture();
  },

  step() {
    running = false;
    training.advance(1);
    picture();
  },

  drawn() {
    drawn = true;
  },
};

self.onmessage = ({ data }) => told[data.type](data);

const over = () => training.failed !== null || training.step === training.nSteps;

function begin(next, fresh, isCarried = false) {
  [job, training, carried, sent, drawn, digested, running] = [next, fresh, isCarried, 0, false, false, false];
  [steps, trained, pictureTime, pictureAt] = [0, 0, 0, 0];
  noise = normals(training.seed, PREDICTION, N_DRAWS * nWeights(job.model.sizes));
  picture();
}

function work() {
  const begin = performance.now();
  let now = begin;
  let before = training.step;
  while (now - begin < SLICE && !over()) {
    training.advance(1);
    now = performance.now();
  }
  steps += training.step - before;
  trained += now - begin;
  if (over()) {
    running = false;
    picture();
  } else {
    if (drawn && now - pictureAt > REST * pictureTime) picture();
    port1.postMessage(0);
  }
}

async function picture() {
  const begin = performance.now();
  const { step, failed, parameters } = training;
  const { mean, std, curves } = summary(job.model, parameters, noise, job.x, N_CURVES);
  const [from, to] = [sent, step];
  const message = {
    type: "picture", id: job.id, step, from, failed, mean, std, curves: Float64Array.from(curves.flatMap((curve) => [...curve])),
    logLikelihood: training.logLikelihood.slice(from, to), kl: training.kl.slice(from, to), over: over(), stopped: !running, carried, speed: speed(),
  };
  sent = to;
  drawn = false;
  self.postMessage(message, [mean, std, message.curves, message.logLikelihood, message.kl].map(({ buffer }) => buffer));
  pictureAt = performance.now();
  pictureTime = pictureAt - begin;
  trained += running ? pictureTime : 0;
  if (training.failed === null && step === training.nSteps && !digested && self.crypto?.subtle) {
    digested = true;
    self.postMessage({ type: "digest", id: job.id, digest: await digest(parameters.slice()) });
  }
}

// Steps a second, pictures included.
function speed() {
  const found = trained > 20 ? (1000 * steps) / trained : null;
  if (trained > 1000) [steps, trained] = [steps / 2, trained / 2];
  return found;
}
