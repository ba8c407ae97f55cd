/** Arrays as a payload carries them, back to typed arrays; see `arrays.py`. */

const KINDS = { float64: Float64Array, int32: Int32Array };

/** Whether a value is a packed array. */
export const isPacked = (value) => value !== null && typeof value === "object" && Object.hasOwn(KINDS, value.type);

/** The typed array of a packed one. */
export function unpacked(packed) {
  const Kind = KINDS[packed.type];
  if ("fill" in packed) return new Kind(packed.length).fill(Number(packed.fill));
  const letters = atob(packed.base64);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return new Kind(bytes.buffer);
}

/** The same value with every packed array in it unpacked. */
export function opened(value) {
  if (isPacked(value)) return unpacked(value);
  if (Array.isArray(value)) return value.map(opened);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, opened(part)]));
}
