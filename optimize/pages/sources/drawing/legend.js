/** Colours of cells, what they mean, and what stands below the cells: the number that is picked, and a key. */

import { GROUND, INK, inkOn, MUTED, RULE, shade } from "./colours.js";
import { extent, known, quantity } from "./numbers.js";
import { element, hatching, layer, pool, round, set, toggle, write } from "./svg.js";
import { fitted, SMALL, widest, width as widthOf } from "./text.js";
import { speaker } from "./words.js";

export const FOOT = 58; // pixels below the cells
const STEPS = 9; // of the key
const LEAST = 126; // pixels of the key
const TALL = 10;
const FILLED = 0.5; // share of the colours that numbers must use for these to stay as they are

/**
 * A function from a specification and its numbers to their colours; it remembers the ends, so that colours keep their
 * meaning under a slider.
 * @returns {(specification: Object, values: ArrayLike<number>) => {told: Object, say: Function, fill: Function,
 *   ink: Function, domain: [number, number], gaps: boolean, hatch: string}}
 */
export function cellColours(svg) {
  const hatch = hatching(svg, "#b4b4b4", "#f7f7f7");
  let domain = null;
  return (specification, values) => {
    const { diverging = false, reversed = false } = specification;
    const say = speaker(specification);
    const range = extent([values]);
    domain = steady(domain, ends(range, diverging));
    const told = quantity(known(range[0]) ? range : domain, specification, say);
    const [low, high] = domain;
    const shadeAt = (share) => shade(reversed ? 1 - share : share, diverging);
    const fill = (value) => (known(value) ? shadeAt((value - low) / (high - low)) : hatch);
    const ink = (value) => (known(value) ? inkOn(fill(value)) : MUTED);
    return { told, say, fill, ink, domain, diverging, shadeAt, gaps: !Array.from(values).every(known), hatch };
  };
}

/** The numbers at the ends of the colours: those around zero are as far on either side. */
function ends([low, high], diverging) {
  if (!known(low)) return diverging ? [-1, 1] : [0, 1];
  const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
  if (diverging) return [-most, most];
  return [low, low === high ? low + (Math.abs(low) || 1) : high];
}

function steady(before, [low, high]) {
  const holds = before && low >= before[0] && high <= before[1] && high - low >= FILLED * (before[1] - before[0]);
  return holds ? before : [low, high];
}

/**
 * What stands below the cells: a line of text, and the key of the colours with the unit.
 * @returns {(colours: Object, place: {y: number, width: number}, text: string) => void}
 */
export function cellFoot(parent) {
  const readout = element("text", { "font-weight": 600 }, layer(parent, { class: "readout" }));
  const key = colourKey(parent);
  return (colours, { y, width }, text) => {
    write(set(readout, { x: 0, y: y + 18 }), fitted(text, width, { bold: true }));
    key(colours, y + 28);
  };
}

function colourKey(parent) {
  const group = layer(parent, { "font-size": SMALL });
  const steps = pool(layer(group), "rect", { height: TALL });
  const numbers = pool(layer(group), "text");
  const unit = element("text", {}, group);
  const missing = missingKey(group);
  return ({ domain, told, shadeAt, gaps, hatch, say }, y) => {
    const texts = [domain[0], (domain[0] + domain[1]) / 2, domain[1]].map(told.text);
    const wide = Math.round(Math.max(LEAST, 3 * widest(texts, { size: SMALL }) + 24) / STEPS);
    steps(STEPS).forEach((step, i) => {
      set(step, { x: i * wide, y, width: wide, fill: shadeAt(i / (STEPS - 1)) });
    });
    numbers(3).forEach((node, i) => {
      const place = { x: (i * STEPS * wide) / 2, y: y + 22, "text-anchor": ["start", "middle", "end"][i] };
      write(set(node, place), texts[i]);
    });
    const right = STEPS * wide + 8;
    write(set(unit, { x: right, y: y + 9 }), told.axis);
    missing(gaps ? say("no_data") : "", {
      x: right + (told.axis ? widthOf(told.axis, { size: SMALL }) + 14 : 6),
      y,
      hatch,
    });
  };
}

function missingKey(parent) {
  const box = element("rect", { width: 14, height: TALL, stroke: RULE, "stroke-width": 0.5 }, parent);
  const name = element("text", {}, parent);
  return (text, { x, y, hatch }) => {
    toggle(set(box, { x, y, fill: hatch }), text);
    write(set(name, { x: x + 19, y: y + 9 }), text);
  };
}

/** A frame around what is picked, seen on dark cells and on light ones. */
export function pickFrame(parent) {
  const group = layer(parent, { fill: "none" });
  const lines = [
    [GROUND, 5],
    [INK, 2.5],
  ].map(([stroke, width]) => element("rect", { stroke, "stroke-width": width }, group));
  return (box) => {
    toggle(group, box);
    if (box)
      for (const line of lines) set(line, { x: round(box.x), y: round(box.y), width: box.width, height: box.height });
  };
}
