// What bayesian_nn.packed_record wrote: its header, with arrays by name.
export async function fetchRecord(source) {
  const answer = await fetch(source);
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const file = await answer.blob();
  if ((await file.slice(0, 4).text()) !== "BNNP") throw new Error("it is not the record of a run");
  const buffer = await new Response(file.slice(4).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
  let at = 4 + new DataView(buffer).getUint32(0, true);
  const record = JSON.parse(new TextDecoder().decode(buffer.slice(4, at)));
  for (const [name, kind, length] of record.arrays) {
    record[name] = new (kind === "<f4" ? Float32Array : Uint8Array)(buffer, at, length);
    at += record[name].byteLength;
  }
  return record;
}

// The codes of values from 0 to 1, of each place in turn frame by frame, from their changes around 256, in place.
export function addChanges(codes, nFrames) {
  for (let k = 0; k < codes.length; k++) if (k % nFrames) codes[k] += codes[k - 1];
}
