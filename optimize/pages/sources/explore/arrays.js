/** Arrays as a payload carries them, back to typed arrays; see `arrays.py`. */

const KINDS = { float64: Float64Array, int32: Int32Array };

/** Whether a value is a packed array. */
export const isPacked = (value) => value !== null && typeof value === "object" && Object.hasOwn(KINDS, value.type);

/** The typed array of a packed one. */
export function unpacked(packed) {
  const Kind = KINDS[packed.type];
  if ("fill" in packed) return new Kind(packed.length).fill(Number(packed.fill));
  if ("runs" in packed) return walked(new Kind(bytesOf(packed.runs)), new Kind(packed.length));
  return new Kind(bytesOf(packed.base64));
}

function bytesOf(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes.buffer;
}

/** The numbers of runs `first, step, length`, one after the other. */
function walked(runs, found) {
  let k = 0;
  for (let run = 0; run < runs.length; run += 3) {
    for (let i = 0; i < runs[run + 2]; i++) found[k++] = runs[run] + i * runs[run + 1];
  }
  return found;
}

/** The same value with every packed array in it unpacked. */
export function opened(value) {
  if (isPacked(value)) return unpacked(value);
  if (Array.isArray(value)) return value.map(opened);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, opened(part)]));
}
