/** Axes as newspapers draw them: light lines, numbers beside them, the unit above. */

import { RIM } from "./chart.js";
import { GRID, INK, MUTED, RULE } from "./colours.js";
import { element, layer, pool, round, set, toggle, write } from "./svg.js";
import { SMALL, widest, width } from "./text.js";

const APART = 5; // pixels between two numbers on an axis
const BELOW = 16; // from a horizontal axis to the foot of its numbers

/** The room that numbers of a vertical axis take on its left. */
export const marginFor = (texts) => Math.ceil(widest(texts, { size: SMALL })) + 8;

/**
 * The vertical axis: a line and a number for each mark, the unit above the first.
 * @returns {(options: {scale: Function, ticks: number[], text: ?((value: number) => string), left: number,
 *   right: number, unit?: string, unitAt?: number}) => void} without `text`, no numbers
 */
export function verticalAxis(parent) {
  const group = layer(parent, { class: "vertical-axis", "font-size": SMALL, fill: MUTED });
  const rules = pool(group, "line");
  const numbers = pool(group, "text", { "text-anchor": "end", dy: ".32em" });
  const top = element("text", {}, group);
  return ({ scale, ticks, text, left, right, unit = "", unitAt = 0 }) => {
    const [lines, marks] = [rules(ticks.length), numbers(text ? ticks.length : 0)];
    ticks.forEach((value, i) => {
      const y = round(scale(value));
      set(lines[i], { x1: left, x2: right, y1: y, y2: y, stroke: value === 0 ? RULE : GRID });
      if (text) write(set(marks[i], { x: left - 6, y }), text(value));
    });
    write(set(top, { x: 0, y: unitAt }), unit);
  };
}

/**
 * The horizontal axis below: a number for each mark, the unit at a place of its own; numbers make way for the unit and for
 * the name of the point under the cursor.
 * @returns {(options: {scale: Function, ticks: number[], text: (value: number) => string, bottom: number,
 *   grid?: ?number, unit?: string, unitAt?: number, cursor?: ?{x: number, text: string}, inside?: boolean}) => void}
 *   with `grid`, lines through the plot from there; `inside`: the first and the last number do not stand out of the plot
 */
export function horizontalAxis(parent) {
  const group = layer(parent, { class: "horizontal-axis", "font-size": SMALL, fill: MUTED });
  const rules = pool(group, "line");
  const numbers = pool(group, "text");
  const end = element("text", {}, group);
  return ({ scale, ticks, text, bottom, grid = null, unit = "", unitAt = 0, cursor = null, inside = false }) => {
    const named = cursor ? span(within(cursor), cursor.text) : null;
    const taken = [span(unitAt + width(unit, { size: SMALL }) / 2, unit), named];
    const [lines, marks] = [rules(ticks.length), numbers(ticks.length)];
    ticks.forEach((value, i) => {
      const x = round(scale(value));
      const stroke = grid === null || value === 0 ? RULE : GRID;
      set(lines[i], { x1: x, x2: x, y1: grid ?? bottom, y2: bottom + 4, stroke });
      const anchor = inside ? anchorOf(i, ticks.length) : "middle";
      const half = (width(text(value), { size: SMALL, bold: true }) / 2) * { start: 1, middle: 0, end: -1 }[anchor];
      const own = span(x + half, text(value));
      const free = taken.every((other) => !other || apart(own, other));
      if (free && inside) taken.push(own);
      write(set(marks[i], { x, y: bottom + BELOW, "text-anchor": anchor }), free ? text(value) : "");
    });
    write(set(end, { x: round(unitAt), y: bottom + BELOW }), unit);
  };
}

const anchorOf = (i, count) => (i === 0 && count > 1 ? "start" : i > 0 && i === count - 1 ? "end" : "middle");

/**
 * Between which ends the name of a point may stand: those of the picture or of the plot, and beside the unit of the axis.
 * @param {[number, number]} ends of what the name must not leave
 * @param {string} unit which stands at the left end where it begins before the middle, else at the right one
 */
export function besideUnit([low, high], unit, unitAt) {
  const taken = span(unitAt + width(unit, { size: SMALL }) / 2, unit);
  if (!taken) return [low, high];
  return unitAt < (low + high) / 2 ? [Math.max(low, taken[1] + APART), high] : [low, Math.min(high, taken[0] - APART)];
}

/** Where the middle of the name of a point is: below it, but not out of its `ends`, where it has any. */
function within({ x, text, ends = [-Infinity, Infinity] }) {
  const half = width(text, { size: SMALL, bold: true }) / 2;
  return Math.max(ends[0] + half, Math.min(ends[1] - half, x));
}

const span = (middle, text) => {
  const half = width(text, { size: SMALL, bold: true }) / 2;
  return text ? [middle - half, middle + half] : null;
};
const apart = ([low, high], other) => high + APART < other[0] || low - APART > other[1];

/** The point under the cursor: a rule through the plot, and its name below. */
export function cursorRule(parent) {
  const group = layer(parent, { class: "cursor", display: "none" });
  const rule = element("line", { stroke: INK, "stroke-width": 1 }, group);
  const looks = { "font-size": SMALL, "font-weight": 600, fill: INK, "text-anchor": "middle", ...RIM };
  const name = element("text", looks, group);
  return (place) => {
    toggle(group, place);
    if (!place) return;
    set(rule, { x1: place.x, x2: place.x, y1: place.top, y2: place.bottom + 4 });
    write(set(name, { x: round(within(place)), y: place.bottom + BELOW }), place.text);
  };
}
