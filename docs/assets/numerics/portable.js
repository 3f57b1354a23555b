// Arithmetic that every engine does alike, to the last bit: + - * / and square roots, which IEEE 754 rounds one way, and
// no Math.exp, whose digits differ between browsers. bayesian_nn.runtime.portable_math is the copy in NumPy.

const [LN2_HIGH, LN2_LOW, LOG2E] = [0.6931471803691238, 1.9082149292705877e-10, 1.4426950408889634];
// Added and taken away again, 1.5 * 2^52 rounds to a whole number.
const ROUND = 6755399441055744;
// 2^(i - 540); the operator ** need not be exact.
const POWERS = Float64Array.from({ length: 1081 }, (_, i) => (i < 540 ? 1 / power(540 - i) : power(i - 540)));
const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

function power(k) {
  let value = 1;
  while (k--) value *= 2;
  return value;
}

// r (e^r + 1) / (e^r - 1) - 2 for t = r * r, |r| <= ln 2 / 2, after fdlibm.
const remainder = (t) =>
  t * (0.16666666666666602 + t * (-2.7777777777015593e-3 + t * (6.613756321437934e-5 + t * (-1.6533902205465252e-6 + t * 4.1381367970572385e-8))));

export function exp(x) {
  if (!(x < 709.8 && x > -745.2)) return x > 0 ? Infinity : x < 0 ? 0 : x;
  const k = x * LOG2E + ROUND - ROUND;
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const c = r - remainder(r * r);
  const half = k >> 1;
  return (1 - (low - (r * c) / (2 - c) - high)) * POWERS[half + 540] * POWERS[k - half + 540];
}

export function log(x) {
  if (!(x > 0 && x < Infinity)) return x > 0 ? x : x === 0 ? -Infinity : NaN;
  let k = 0;
  if (x < 2.3e-308) [x, k] = [x * POWERS[594], -54];
  float[0] = x;
  // The exponent of x over the square root of 1/2, from the upper half of its bits.
  const e = ((words[1] + 0x95f62) >>> 20) - 1023;
  k += e;
  const half = e >> 1;
  const f = x * POWERS[540 - half] * POWERS[540 - e + half] - 1;
  const s = f / (2 + f);
  const z = s * s;
  const square = 0.5 * f * f;
  const tail = z * (0.6666666666666735 + z * (0.3999999999940942 + z * (0.2857142874366239 + z * (0.22222198432149784 + z * (0.1818357216161805 + z * (0.15313837699209373 + z * 0.14798198605116586))))));
  return k * LN2_HIGH - (square - (s * (square + tail) + k * LN2_LOW) - f);
}

// (e^2x - 1) / (e^2x + 1) without a loss of digits near zero.
export function tanh(x) {
  if (!(x < 20 && x > -20)) return x > 0 ? 1 : x < 0 ? -1 : x;
  const k = 2 * x * LOG2E + ROUND - ROUND;
  const r = 2 * x - k * LN2_HIGH - k * LN2_LOW;
  const power = POWERS[k + 540];
  const ratio = 2 + remainder(r * r);
  return ((power - 1) * ratio + (power + 1) * r) / ((power + 1) * ratio + (power - 1) * r);
}

// log(1 + e^x)
export function softplus(x) {
  const e = exp(x > 0 ? -x : x);
  const u = 1 + e;
  return (x > 0 ? x : 0) + (log(u) + (e - (u - 1)) / u);
}

export const sigmoid = (x) => 1 / (1 + exp(-x));

// The first n standard normals of a stream, each by its number alone; seed and stream are whole numbers of 32 bits.
export function normals(seed, stream, n, out = new Float64Array(n)) {
  const first = mixed(seed ^ mixed(stream));
  // Not of `first` itself: in stream 0 it would cancel the first number, whatever the seed.
  const second = mixed(~first + stream);
  for (let i = 0; i < n; i++) {
    out[i] = normal((mixed(mixed(first + Math.imul(i, 0x9e3779b9)) ^ second) + 0.5) / 4294967296);
  }
  return out;
}

// Wellons' hash of 32 bits with the least bias known for two rounds.
function mixed(bits) {
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return (bits ^ (bits >>> 15)) >>> 0;
}

// The normal quantile to 1 part in 10^7 (Wichura 1988, PPND7), for u between 2^-33 and 1 - 2^-33.
function normal(u) {
  const q = u - 0.5;
  if (q <= 0.425 && q >= -0.425) {
    const r = 0.180625 - q * q;
    return (q * (((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179)) /
      (((67.1875636 * r + 78.757757664) * r + 17.895169469) * r + 1);
  }
  const r = Math.sqrt(-log(q < 0 ? u : 1 - u)) - 1.6;
  const size = (((0.17023821103 * r + 1.3067284816) * r + 2.75681539) * r + 1.4234372777) / ((0.12021132975 * r + 0.7370016425) * r + 1);
  return q < 0 ? -size : size;
}
