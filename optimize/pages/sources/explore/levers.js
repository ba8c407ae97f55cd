/**
 * The levers of a page: a policy x has one number for each element and period of each lever.
 *
 * A selection `{lever, elements, periods}` names some elements (positions in the lever) in some periods. Amounts, such
 * as money, add up over elements; other values have a mean. Over periods both have a mean: what it is a year.
 */

const ROUNDS = 12; // in which what a bound cuts off goes to the others

/** The number of elements and of periods of a lever. */
export const shapeOf = (lever) => [lever.rows.length, lever.starts.length];

/** All bounds below each other, as long as a policy. */
export function bounds(levers) {
  return { lower: joined(levers, "lower"), upper: joined(levers, "upper") };
}

function joined(levers, side) {
  const found = new Float64Array(levers.reduce((sum, lever) => sum + lever[side].length, 0));
  for (const lever of levers) found.set(lever[side], lever.first);
  return found;
}

/** The places in x of a selection. */
export function places(levers, { lever, elements, periods }) {
  const { first, starts } = levers[lever];
  const found = new Int32Array(elements.length * periods.length);
  let k = 0;
  for (const element of elements) for (const period of periods) found[k++] = first + element * starts.length + period;
  return found;
}

/** What a selection adds up to, a mean over its periods. */
export const measure = (levers, selection, x) => meter(levers, selection)(x);

/** A function that measures a selection in any policy. */
export function meter(levers, selection) {
  const chosen = places(levers, selection);
  const divisor = parts(levers, selection);
  return (x) => total(chosen, x) / divisor;
}

/** By what a sum over a selection is divided. */
function parts(levers, { lever, elements, periods }) {
  return levers[lever].isAmount ? periods.length : periods.length * elements.length;
}

/**
 * The policy in which a selection has another measure, as near as the bounds let it come.
 *
 * Amounts keep their proportions; where there is nothing yet they get those of `shape`. Other values move together.
 */
export function withMeasure(levers, selection, x, target, { shape, lower, upper }) {
  const chosen = places(levers, selection);
  const wanted = target * parts(levers, selection);
  const grow = levers[selection.lever].isAmount && positive(chosen, x);
  const found = Float64Array.from(x);
  for (let round = 0; round < ROUNDS; round++) {
    const left = wanted - total(chosen, found);
    if (Math.abs(left) <= 1e-14 * Math.abs(wanted) || !spread(chosen, found, left, { shape, lower, upper, grow })) break;
  }
  return found;
}

function positive(chosen, x) {
  for (const place of chosen) if (x[place] < 0) return false;
  return true;
}

function total(chosen, x) {
  let sum = 0;
  for (let i = 0; i < chosen.length; i++) sum += x[chosen[i]];
  return sum;
}

/** Puts what is left on those that no bound stops; whether there were any. */
function spread(chosen, x, left, { shape, lower, upper, grow }) {
  const free = chosen.filter((place) => (left > 0 ? x[place] < upper[place] : x[place] > lower[place]));
  if (!free.length) return false;
  const present = grow ? total(free, x) : 0;
  const weigh = !grow ? () => 1 : present > 0 ? (place) => x[place] : (place) => shape[place];
  let weights = 0;
  for (const place of free) weights += weigh(place);
  if (!(weights > 0)) return false;
  for (const place of free) {
    const moved = x[place] + (left * weigh(place)) / weights;
    x[place] = Math.min(Math.max(moved, lower[place]), upper[place]);
  }
  return true;
}

/** The levers as columns of the model's rows: its own values, and those of a policy in the columns of its horizon. */
export function columns(payload, x) {
  const { own, count } = payload.columns;
  const found = Float64Array.from(own);
  const width = own.length / count;
  for (const lever of payload.levers) {
    const periods = lever.starts.length;
    for (let column = 0; column < count; column++) {
      const period = lever.periods[column];
      if (period < 0) continue;
      for (let e = 0; e < lever.rows.length; e++) {
        found[column * width + lever.rows[e]] = x[lever.first + e * periods + period];
      }
    }
  }
  return found;
}
