// The arithmetic of the digit canvas, without a page: a posterior from its file, a drawing as the network was taught to
// see one, and what draws of the weights say of it.

// What a file of bayesian_nn.browser.quantised_posterior holds: the posterior as layers of means and variances, and examples.
export function readPosterior(buffer) {
  const bytes = new Uint8Array(buffer);
  if (new TextDecoder().decode(bytes.subarray(0, 4)) !== "BNNQ") throw new Error("this is not a quantised posterior");
  const start = 8 + new DataView(buffer).getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  if (header.format !== 1) throw new Error(`format ${header.format} of the posterior is not 1`);
  const sizes = header.layer_sizes;
  const lengths = sizes.slice(1).flatMap((nOut, index) => [sizes[index] * nOut, nOut]);
  const nWeights = lengths.reduce((sum, length) => sum + length, 0);
  let at = start;
  const blocks = lengths.map((length, block) => {
    const mean = Float32Array.from(new Int8Array(buffer, at, length), (code) => code * header.mean_steps[block]);
    const [low, step] = header.log_stds[block];
    const variances = Float32Array.from({ length: 256 }, (_, code) => code && Math.exp(low + step * (code - 1)) ** 2);
    const variance = Float32Array.from(bytes.subarray(at + nWeights, at + nWeights + length), (code) => variances[code]);
    at += length;
    return { mean, variance };
  });
  const [height, width] = header.image_shape;
  const examples = header.labels.map((label, index) => {
    const from = start + 2 * nWeights + index * height * width;
    return { label, width, height, values: Float32Array.from(bytes.subarray(from, from + height * width), (code) => code / 255) };
  });
  return {
    layers: sizes.slice(1).map((nOut, index) => ({ nOut, weights: blocks[2 * index], biases: blocks[2 * index + 1] })),
    activation: { relu: (value) => Math.max(0, value), tanh: Math.tanh }[header.activation],
    inputNorm: header.input_norm,
    size: height,
    classNames: header.class_names,
    name: header.name,
    examples,
  };
}

// The mean and the variance of what a layer's units receive, for the weights' independent Gaussians.
export function moments(layer, inputs) {
  const mean = Float64Array.from(layer.biases.mean);
  const variance = Float64Array.from(layer.biases.variance);
  inputs.forEach((input, i) => {
    if (input === 0) return; // Most of an image is empty.
    for (let j = 0, k = i * layer.nOut; j < layer.nOut; j++, k++) {
      mean[j] += input * layer.weights.mean[k];
      variance[j] += input * input * layer.weights.variance[k];
    }
  });
  return { mean, variance };
}

export const noisePerDraw = (posterior) => posterior.layers.reduce((sum, { nOut }) => sum + nOut, 0);

// Class probabilities [nDraws * nClasses] of an image, by the local reparameterisation (Kingma et al. 2015): the units'
// sums are drawn and not the weights, and the first layer's product is one for all draws. noise: [nDraws * noisePerDraw].
export function predict(posterior, pixels, noise) {
  const { layers, activation, inputNorm } = posterior;
  const nClasses = layers.at(-1).nOut;
  const nDraws = noise.length / noisePerDraw(posterior);
  const probabilities = new Float64Array(nDraws * nClasses);
  // An empty image stays one.
  const scale = inputNorm ? inputNorm / (Math.hypot(...pixels) || 1) : 1;
  const first = moments(layers[0], pixels.map((pixel) => pixel * scale));
  for (let draw = 0, at = 0; draw < nDraws; draw++) {
    let units;
    layers.forEach((layer, index) => {
      const { mean, variance } = index ? moments(layer, units.map(activation)) : first;
      units = mean.map((value, unit) => value + Math.sqrt(variance[unit]) * noise[at++]);
    });
    probabilities.set(softmax(units), draw * nClasses);
  }
  return probabilities;
}

function softmax(logits) {
  const highest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

// The draws' mean, and its entropy in nats: in total, the part that known weights would leave, and the weights' own.
export function summary(probabilities, nClasses) {
  const nDraws = probabilities.length / nClasses;
  const mean = new Float64Array(nClasses);
  probabilities.forEach((probability, index) => (mean[index % nClasses] += probability / nDraws));
  const total = entropy(mean);
  const aleatoric = entropy(probabilities) / nDraws;
  return { mean, total, aleatoric, epistemic: Math.max(0, total - aleatoric) };
}

const entropy = (probabilities) => probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);

// The first n standard normals of the stream `seed`: the same in every browser, and each by its number alone.
export function normals(seed, n) {
  const values = new Float64Array(n);
  for (let i = 0; i < n; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(uniform(seed, i)));
    const angle = 2 * Math.PI * uniform(seed, i + 1);
    values[i] = radius * Math.cos(angle);
    if (i + 1 < n) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}

// Between 0 and 1, never either.
const uniform = (seed, counter) => (mixed(mixed(seed) + Math.imul(counter, 0x9e3779b9)) + 0.5) / 2 ** 32;

// Wellons' hash of 32 bits with the least bias known for two rounds.
function mixed(bits) {
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return (bits ^ (bits >>> 15)) >>> 0;
}

// A picture is { width, height, values }, its values from 0 (paper) to 1 (ink), row by row.

// The picture's pixels, turned counter-clockwise about its centre.
export function turned(picture, degrees) {
  if (degrees === 0) return picture.values;
  const { width, height } = picture;
  return sampled(picture, width, 1, degrees, (x, y) => [width / 2 + x, height / 2 + y]);
}

// A drawing in the size and the place that the network's training images had, then turned: pixels [size * size].
// MNIST: fitted into 20 x 20 of 28 x 28 pixels, its centre of mass on pixel (14, 14). The 8 x 8 digits: stretched to 20 x
// 32 of 32 x 32, for they were, then averaged. Nothing drawn gives zeros.
export function prepared(picture, size, degrees) {
  const ink = extent(picture);
  if (!ink) return new Float32Array(size * size);
  const { x, y, width, height, massX, massY } = ink;
  if (size === 28) {
    const scale = 20 / Math.max(width, height);
    return sampled(picture, size, 6, degrees, (u, v) => [massX + (u - 0.5) / scale, massY + (v - 0.5) / scale]);
  }
  const [across, down] = [(size * 20) / 32 / width, size / height];
  // A bare stroke is no wider than twice what it would be.
  const [scaleX, scaleY] = [Math.min(across, 2 * down), Math.min(down, 2 * across)];
  return sampled(picture, size, 6, degrees, (u, v) => [x + width / 2 + u / scaleX, y + height / 2 + v / scaleY]);
}

// The box around the ink and its centre of mass; undefined if there is none.
function extent({ width, height, values }) {
  let [left, right, top, bottom, mass, sumX, sumY] = [width, -1, height, -1, 0, 0, 0];
  for (let y = 0, k = 0; y < height; y++) {
    for (let x = 0; x < width; x++, k++) {
      if (values[k] < 0.2) continue; // A blurred edge is none yet.
      [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
      mass += values[k];
      sumX += values[k] * (x + 0.5);
      sumY += values[k] * (y + 0.5);
    }
  }
  if (!mass) return undefined;
  const [boxWidth, boxHeight] = [right - left + 1, bottom - top + 1];
  return { x: left, y: top, width: boxWidth, height: boxHeight, massX: sumX / mass, massY: sumY / mass };
}

// Pixels [size * size], each the mean of nSamples x nSamples places in the picture: `place` leads there from the offset
// from the centre, before the turn.
function sampled(picture, size, nSamples, degrees, place) {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const pixels = new Float32Array(size * size);
  const n = size * nSamples;
  for (let row = 0; row < n; row++) {
    const v = (row + 0.5) / nSamples - size / 2;
    for (let column = 0; column < n; column++) {
      const u = (column + 0.5) / nSamples - size / 2;
      const pixel = Math.floor(row / nSamples) * size + Math.floor(column / nSamples);
      pixels[pixel] += between(picture, ...place(u * cos - v * sin, u * sin + v * cos)) / nSamples ** 2;
    }
  }
  return pixels;
}

// The picture at a point, between the centres of four pixels; paper all around it.
function between({ width, height, values }, x, y) {
  const [column, row] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
  const [right, down] = [x - 0.5 - column, y - 0.5 - row];
  const at = (c, r) => (c < 0 || r < 0 || c >= width || r >= height ? 0 : values[r * width + c]);
  const above = (1 - right) * at(column, row) + right * at(column + 1, row);
  const below = (1 - right) * at(column, row + 1) + right * at(column + 1, row + 1);
  return (1 - down) * above + down * below;
}
