/** What the colours of a heat map mean: steps from the least to the largest number, with the unit. */

import { RULE, shade } from "./colours.js";
import { element, pool, set, write } from "./svg.js";
import { width as widthOf } from "./text.js";

const STEPS = 9;
const WIDE = 14;

/**
 * @returns {(options: {x: number, y: number, domain: [number, number], diverging: boolean, told: Object,
 *   missing: string, hatch: string}) => void} it is 30 pixels high
 */
export function colourKey(parent) {
  const group = element("g", { "font-size": 11, "aria-hidden": "true" }, parent);
  const steps = pool(group, "rect", { width: WIDE, height: 10 });
  const numbers = pool(group, "text");
  const unit = element("text", {}, group);
  const box = element("rect", { width: WIDE, height: 10, stroke: RULE, "stroke-width": 0.5 }, group);
  const gap = element("text", {}, group);
  return ({ x, y, domain, diverging, told, missing, hatch }) => {
    const rects = steps(STEPS);
    rects.slice(0, STEPS).forEach((rect, i) => set(rect, { x: x + i * WIDE, y, fill: shade(i / (STEPS - 1), diverging) }));
    const marks = [domain[0], (domain[0] + domain[1]) / 2, domain[1]];
    numbers(3).forEach((node, i) => {
      const place = { x: x + (i * STEPS * WIDE) / 2, y: y + 22, "text-anchor": ["start", "middle", "end"][i] };
      write(set(node, place), told.text(marks[i]));
    });
    write(set(unit, { x: x + STEPS * WIDE + 8, y: y + 9 }), told.unit);
    const right = x + STEPS * WIDE + 8 + (told.unit ? widthOf(told.unit, { size: 11 }) + 14 : 0);
    set(box, { x: right, y, fill: hatch, display: missing ? null : "none" });
    write(set(gap, { x: right + WIDE + 5, y: y + 9 }), missing);
  };
}

/** The numbers at the ends of the colours: those around zero are as far on either side. */
export function colourRange([low, high], diverging) {
  if (!(low <= high)) return diverging ? [-1, 1] : [0, 1];
  const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
  if (diverging) return [-most, most];
  return [low, low === high ? low + (Math.abs(low) || 1) : high];
}

/** The ends of before while the numbers fit them and fill them half, so that colours keep their meaning under a slider. */
export function steadyColours(before, [low, high]) {
  const holds = before && low >= before[0] && high <= before[1] && high - low >= 0.5 * (before[1] - before[0]);
  return holds ? before : [low, high];
}
