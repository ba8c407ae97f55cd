/** Sparse rows: `{pointers, columns, values}`, as the payload has the limits of a plan. */

/**
 * All rows times a vector: their `sums`, and the sums of the `sizes` of what makes up each, which say what a distance to
 * a limit is measured by.
 */
export function times({ pointers, columns, values }, vector) {
  const sums = new Float64Array(pointers.length - 1);
  const sizes = new Float64Array(sums.length);
  for (let row = 0; row < sums.length; row++) {
    let [sum, size] = [0, 0];
    for (let k = pointers[row]; k < pointers[row + 1]; k++) {
      const part = values[k] * vector[columns[k]];
      sum += part;
      size += Math.abs(part);
    }
    sums[row] = sum;
    sizes[row] = size;
  }
  return { sums, sizes };
}
