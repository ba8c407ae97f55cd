/** What an axis shows: round ends, and steady while a slider is dragged. */

import { scaleLinear } from "d3-scale";

const NEAR_ZERO = 0.4; // an axis starts at zero where the least number is below this share of the largest
const FILLED = 0.5; // share of an axis that numbers must fill to leave it as it is

/** The ends that numbers need. */
function needed(low, high, zero) {
  if (!(low <= high)) return [0, 1];
  if (low > 0 && (zero || low < NEAR_ZERO * high)) return [0, high];
  if (high < 0 && (zero || high > NEAR_ZERO * low)) return [low, 0];
  if (low === high) return low === 0 ? [0, 1] : [low - Math.abs(low) / 10, high + Math.abs(high) / 10];
  return [low, high];
}

/**
 * The ends of an axis: those of before while all numbers fit and fill it, so that it does not jump under a slider.
 * @param {?[number, number]} before
 * @param {[number, number]} range the smallest and the largest number
 * @param {boolean} zero whether zero must be on the axis
 * @param {number} ticks about how many marks it has
 */
export function steady(before, [low, high], zero, ticks) {
  const [from, to] = needed(low, high, zero);
  const holds = before && from >= before[0] && to <= before[1] && to - from >= FILLED * (before[1] - before[0]);
  return holds ? before : scaleLinear().domain([from, to]).nice(ticks).domain();
}

/** A scale, its marks and their step. */
export function marked(domain, range, count) {
  const scale = scaleLinear().domain(domain).range(range);
  const ticks = scale.ticks(count);
  return { scale, ticks, step: ticks.length > 1 ? ticks[1] - ticks[0] : domain[1] - domain[0] };
}

/** The scale of points on the horizontal axis, and whole marks where all points are whole. */
export function pointScale(x, range) {
  const [first, last] = [x[0], x[x.length - 1]];
  const domain = x.length > 1 ? [first, last] : [first - 0.5, first + 0.5];
  const scale = scaleLinear().domain(domain).range(range);
  const count = Math.max(2, Math.floor((range[1] - range[0]) / 78));
  if (x.length < 2) return { scale, ticks: Array.from(x) };
  const ticks = scale.ticks(count);
  const whole = ticks.filter(Number.isInteger);
  return { scale, ticks: whole.length > 1 ? whole : ticks };
}
