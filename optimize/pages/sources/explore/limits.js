/** The limits of a plan at a run: what holds, how far it is, and where it is nearest. */

import { times } from "./rows.js";
import { shapeOf } from "./levers.js";

const TOLERANCE = 1e-6; // of its size, by which a limit may be missed, as everywhere in this program
const REACHED = 1e-4; // of its size: no more room counts as reached, as everywhere in this program

/** The outcomes y of a run: weighted sums over the points of the horizon; `outputs` begins with the first of these. */
export function outcomesOf({ rows, windows, weights }, outputs, width) {
  const { pointers, columns, values } = weights;
  return Float64Array.from(rows, (row, i) => {
    let sum = 0;
    for (let k = pointers[windows[i]]; k < pointers[windows[i] + 1]; k++) sum += values[k] * outputs[columns[k] * width + row];
    return sum;
  });
}

/** The objective of a policy and its outcomes, in the plan's direction. */
export function objectiveOf({ constant, levers, outcomes }, x, y) {
  return constant + times(levers, x).sums[0] + times(outcomes, y).sums[0];
}

/**
 * A limit at a policy and its outcomes: `{state, row, slack, share, spent, budget}`, at its tightest row; `without` are
 * the outcomes without the policy, against which some limits are held.
 *
 * `slack` is what is left in the limit's unit, below zero where it is broken; `share` the same by the size of what the
 * limit is about. `spent` and `budget` are by row, for limits that are budgets.
 */
export function stateOf(limit, x, y, without) {
  const { sums: own, sizes: size } = times(limit.levers, x);
  const { sums: given, sizes: other } = times(limit.outcomes, y);
  const { lower, upper } = sidesOf(limit, without);
  let worst = { share: Infinity, row: 0, slack: Infinity };
  for (let row = 0; row < own.length; row++) {
    const value = own[row] + given[row];
    const slack = Math.min(upper[row] - value, value - lower[row]);
    const sides = Math.max(bounded(upper[row]), bounded(lower[row]), size[row], other[row]);
    const share = sides > 0 ? slack / sides : slack;
    if (share < worst.share || !Number.isFinite(slack)) worst = { share, row, slack };
  }
  const budget = limit.isBudget ? upper.map((most, row) => most - given[row]) : null;
  return { ...worst, state: named(worst.share), spent: limit.isBudget ? own : null, budget };
}

/** The sides of a limit, with what they take from the run without the policy. */
function sidesOf({ lower, upper, baseline }, without) {
  if (baseline === null) return { lower, upper };
  const { sums } = times(baseline, without);
  return { lower: lower.map((side, row) => side - sums[row]), upper: upper.map((side, row) => side - sums[row]) };
}

const bounded = (side) => (Number.isFinite(side) ? Math.abs(side) : 0);

function named(share) {
  if (!(share >= -TOLERANCE)) return "broken"; // no number is none that holds
  return share <= REACHED ? "reached" : "holds";
}

/** A ramp at a policy: the same, at the step from one period to the next that is nearest to it. */
export function rampState({ lever, relative, absolute, start }, levers, x) {
  const [elements, periods] = shapeOf(levers[lever]);
  const { first } = levers[lever];
  const earliest = start === null ? 1 : 0;
  let worst = { share: Infinity, element: 0, period: earliest, slack: Infinity };
  for (let element = 0; element < elements; element++) {
    for (let period = earliest; period < periods; period++) {
      const step = element * (periods - earliest) + period - earliest;
      const before = period === 0 ? start[element] : x[first + element * periods + period - 1];
      const after = x[first + element * periods + period];
      const slack = relative[step] * before + absolute[step] - Math.abs(after - before);
      const size = Math.max(Math.abs(before), Math.abs(after), absolute[step]);
      const share = size > 0 ? slack / size : slack;
      if (share < worst.share) worst = { share, element, period, slack };
    }
  }
  return { ...worst, state: named(worst.share) };
}
