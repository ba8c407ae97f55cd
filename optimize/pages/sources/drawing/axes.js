/** Axes as newspapers draw them: light lines, numbers beside them, the unit above. */

import { GRID, INK, MUTED, RULE } from "./colours.js";
import { RIM } from "./chart.js";
import { element, pool, round, set, write } from "./svg.js";

const SMALL = 11;

/**
 * The vertical axis: a line and a number for each mark, the unit above the first.
 * @returns {(options: {scale: Function, ticks: number[], text: ?((value: number) => string), left: number,
 *   right: number, unit: string, unitAt: number}) => void} without `text`, no numbers
 */
export function verticalAxis(parent) {
  const group = element("g", { "font-size": SMALL, fill: MUTED, "aria-hidden": "true" }, parent);
  const rules = pool(group, "line");
  const numbers = pool(group, "text", { "text-anchor": "end", dy: ".32em" });
  const top = element("text", {}, group);
  return ({ scale, ticks, text, left, right, unit = "", unitAt = 0 }) => {
    const lines = rules(ticks.length);
    ticks.forEach((value, i) => {
      const y = round(scale(value));
      set(lines[i], { x1: left, x2: right, y1: y, y2: y, stroke: value === 0 ? RULE : GRID });
    });
    const marks = numbers(text ? ticks.length : 0);
    if (text) ticks.forEach((value, i) => write(set(marks[i], { x: left - 6, y: round(scale(value)) }), text(value)));
    write(set(top, { x: 0, y: unitAt }), unit);
  };
}

/** The horizontal axis below: a number for each mark, the name of the unit behind it. */
export function horizontalAxis(parent) {
  const group = element("g", { "font-size": SMALL, fill: MUTED, "aria-hidden": "true" }, parent);
  const rules = pool(group, "line", { stroke: RULE });
  const numbers = pool(group, "text", { "text-anchor": "middle" });
  const end = element("text", {}, group);
  return ({ scale, ticks, text, bottom, unit = "", unitAt = null, grid = null }) => {
    const [lines, marks] = [rules(ticks.length), numbers(ticks.length)];
    ticks.forEach((value, i) => {
      const x = round(scale(value));
      const stroke = grid === null || value === 0 ? RULE : GRID;
      set(lines[i], { x1: x, x2: x, y1: grid ?? bottom, y2: bottom + 4, stroke });
      write(set(marks[i], { x, y: bottom + 16 }), text(value));
    });
    write(set(end, { x: unitAt ?? 0, y: bottom + 16 }), unitAt === null ? "" : unit);
  };
}

/** The point under the cursor: a rule through the plot, and its name below, over the marks of the axis. */
export function cursorRule(parent) {
  const group = element("g", { "aria-hidden": "true", display: "none" }, parent);
  const rule = element("line", { stroke: INK, "stroke-width": 1 }, group);
  const name = element("text", { "font-size": SMALL, "font-weight": 600, fill: INK, "text-anchor": "middle", ...RIM }, group);
  return (place) => {
    set(group, { display: place ? null : "none" });
    if (!place) return;
    const x = round(place.x);
    set(rule, { x1: x, x2: x, y1: place.top, y2: place.bottom + 4 });
    write(set(name, { x, y: place.bottom + 16 }), place.text ?? "");
  };
}
