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
 *   grid?: ?number, unit?: string, unitAt?: number, cursor?: ?{x: number, text: string}}) => void} with `grid`, lines
 *   through the plot from there
 */
export function horizontalAxis(parent) {
  const group = layer(parent, { class: "horizontal-axis", "font-size": SMALL, fill: MUTED });
  const rules = pool(group, "line");
  const numbers = pool(group, "text", { "text-anchor": "middle" });
  const end = element("text", {}, group);
  return ({ scale, ticks, text, bottom, grid = null, unit = "", unitAt = 0, cursor = null }) => {
    const taken = [span(unitAt + width(unit, { size: SMALL }) / 2, unit), cursor ? span(cursor.x, cursor.text) : null];
    const [lines, marks] = [rules(ticks.length), numbers(ticks.length)];
    ticks.forEach((value, i) => {
      const x = round(scale(value));
      const stroke = grid === null || value === 0 ? RULE : GRID;
      set(lines[i], { x1: x, x2: x, y1: grid ?? bottom, y2: bottom + 4, stroke });
      const free = taken.every((other) => !other || apart(span(x, text(value)), other));
      write(set(marks[i], { x, y: bottom + BELOW }), free ? text(value) : "");
    });
    write(set(end, { x: round(unitAt), y: bottom + BELOW }), unit);
  };
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
    write(set(name, { x: place.x, y: place.bottom + BELOW }), place.text);
  };
}
