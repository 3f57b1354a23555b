// What a map over the plane is painted with: its pixels, and the marks of the points on it.

// Between places the numbers are blended, and not the colours: so the steps stay steps.
export function picture({ at, nPlaces: [nAcross, nUp], scales }, map, t, width, height) {
  const { edges, colours } = scales[map];
  const values = Array.from({ length: nUp }, (_, row) => Float64Array.from({ length: nAcross }, (_, column) => at(map, t, [column, row])));
  const inks = Uint32Array.from(colours, inMemory);
  const across = Array.from({ length: width }, (_, k) => between((k + 0.5) / width, nAcross));
  const [lefts, rests] = [Int32Array.from(across, ([left]) => left), Float64Array.from(across, ([, rest]) => rest)];
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let k = 0, pixel = 0; k < height; k++) {
    const [below, part] = between(1 - (k + 0.5) / height, nUp);
    const row = values[below].map((value, column) => value + part * (values[below + 1][column] - value));
    for (let column = 0; column < width; column++, pixel++) {
      const left = lefts[column];
      const value = row[left] + rests[column] * (row[left + 1] - row[left]);
      pixels[pixel] = inks[Math.min(inks.length - 1, Math.floor((value - edges[0]) / (edges[1] - edges[0])))];
    }
  }
  return image;
}

// Of n places, the last before a fraction of their span, and how far it is from there to the next.
function between(fraction, n) {
  const at = fraction * (n - 1);
  const before = Math.min(n - 2, Math.floor(at));
  return [before, at - before];
}

// "#rrggbb", opaque, as four bytes in the order of an image's.
function inMemory(colour) {
  const bytes = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return new Uint32Array(Uint8Array.of(...bytes, 255).buffer)[0];
}

// A disc for class 0 and a triangle for class 1, added to the path.
export function mark(context, label, x, y, radius) {
  if (label === 0) {
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 7);
  } else {
    context.moveTo(x, y - radius);
    context.lineTo(x + radius, y + radius);
    context.lineTo(x - radius, y + radius);
    context.closePath();
  }
}
