// Numbers as a page says them: a true minus, thousands apart, and powers of ten for what is beyond reading.

const [BELOW, BEYOND] = [1e-6, 1e7];
const styles = {};

export function formatted(value, digits = 6) {
  const size = Math.abs(value);
  const notation = size === 0 || (size >= BELOW && size < BEYOND) ? "standard" : "scientific";
  const style = (styles[notation + digits] ??= new Intl.NumberFormat("en", { maximumSignificantDigits: digits, notation }));
  return style.format(value + 0).replaceAll("-", "\u2212"); // And never -0.
}

export const short = (value) => formatted(value, 3);

export const whole = (value) => (Math.abs(value) < BEYOND ? formatted(Math.round(value), 7) : short(value));

// For an axis, where there is little room.
export function compact(value) {
  const isLarge = 1e4 <= Math.abs(value) && Math.abs(value) < BEYOND;
  return isLarge ? `${formatted(value / 1000)}k` : formatted(value);
}
