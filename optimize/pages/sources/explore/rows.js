/** Sparse rows: `{pointers, columns, values}`, as the payload has the limits of a plan. */

/** The values of all rows times a vector. */
export function times(rows, vector) {
  return summed(rows, (column, value) => value * vector[column]);
}

/** The sums of the sizes of what makes up each row, which says what its distance to a limit is measured by. */
export function sizes(rows, vector) {
  return summed(rows, (column, value) => Math.abs(value * vector[column]));
}

function summed({ pointers, columns, values }, part) {
  const found = new Float64Array(pointers.length - 1);
  for (let row = 0; row < found.length; row++) {
    let sum = 0;
    for (let k = pointers[row]; k < pointers[row + 1]; k++) sum += part(columns[k], values[k]);
    found[row] = sum;
  }
  return found;
}
