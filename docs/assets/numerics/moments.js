// Means and variances.

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

// The squares' mean; divided by nFree, such as one less than the values, where their own mean counts as estimated.
export function variance(values, nFree = values.length) {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) * (value - centre), 0) / nFree;
}
