/** Limits and how far they are: a row for each, the room that is left or what is missing. */

import { asCells, chart } from "./chart.js";
import { horizontalAxis } from "./axes.js";
import { INK, MUTED, RULE } from "./colours.js";
import { marked } from "./domains.js";
import { extent, known, quantity } from "./numbers.js";
import { rowKeys } from "./rows.js";
import { element, pool, round, set, write } from "./svg.js";
import { fitted } from "./text.js";
import { isolated, speaker } from "./words.js";

const ROW = 42;
const TOP = 4;
const BOTTOM = 40;
const LEAST = 10; // per cent that the axis shows on each side
const LOOKS = {
  holds: { fill: "#005a9c", text: "#005a9c", shape: "M0,-5A5,5 0 1 1 -0.01,-5Z" },
  reached: { fill: "#ffffff", text: INK, shape: "M0,-6L6,0L0,6L-6,0Z" },
  broken: { fill: "#b34700", text: "#a03f00", shape: "M-5,-2.5L-2.5,-5L0,-2.5L2.5,-5L5,-2.5L2.5,0L5,2.5L2.5,5L0,2.5L-2.5,5L-5,2.5L-2.5,0Z" },
};

/**
 * @typedef {Object} Limit
 * @property {string} name
 * @property {number} value
 * @property {number} bound
 * @property {"at_most"|"at_least"|"equals"} kind
 * @property {string} [unit]
 * @property {number} distance room that is left, in the unit of the limit; below zero, by how much it is broken
 * @property {"holds"|"reached"|"broken"} state
 */

/**
 * @param {import("./chart.js").Specification & {limits: Limit[], picked?: ?number,
 *   onPick?: (row: ?number) => void}} specification
 * @returns {import("./chart.js").Chart}
 */
export const limits = chart("limits", (frame) => {
  const axis = horizontalAxis(frame.svg);
  const stripe = element("rect", { fill: "#f0f0f0" }, frame.svg);
  const bound = element("line", { stroke: INK, "stroke-width": 1.5 }, frame.svg);
  const stems = pool(element("g", { "stroke-width": 3 }, frame.svg), "line");
  const marks = pool(element("g", { "stroke-width": 1.5 }, frame.svg), "path");
  const names = pool(element("g", { "font-weight": 600, "aria-hidden": "true" }, frame.svg), "text");
  const details = pool(element("g", { "aria-hidden": "true" }, frame.svg), "text", { fill: MUTED });
  const states = pool(element("g", { "text-anchor": "end", "font-weight": 600, "aria-hidden": "true" }, frame.svg), "text");
  const unit = element("text", { "font-size": 11, fill: MUTED, "text-anchor": "end", "aria-hidden": "true" }, frame.svg);
  return (specification) => {
    const { limits: all, width, picked = null } = specification;
    const say = speaker(specification);
    const shares = all.map(share);
    const domain = domainOf(shares);
    const narrow = width < 560;
    const row = narrow ? ROW + 18 : ROW;
    const left = narrow ? 8 : Math.round(width * 0.46);
    const tops = all.map((_, i) => TOP + i * row);
    const bottom = TOP + all.length * row + 4;
    const { scale, ticks } = marked(domain, [left, width - 8], Math.max(2, Math.floor((width - left) / 60)));
    frame.size(width, bottom + BOTTOM - 8);
    axis({ scale, ticks, text: (value) => `${value}`.replace("-", "\u2212"), bottom, grid: TOP });
    set(bound, { x1: round(scale(0)), x2: round(scale(0)), y1: TOP, y2: bottom });
    write(set(unit, { x: width - 8, y: bottom + 30 }), say("room"));
    const [lines, shapes, titles, texts, lights] = [stems, marks, names, details, states].map((make) => make(all.length));
    all.forEach((limit, i) => {
      const look = LOOKS[limit.state];
      const middle = tops[i] + (narrow ? row - 12 : row / 2);
      const x = round(scale(Math.min(domain[1], Math.max(domain[0], shares[i]))));
      const shown = known(shares[i]);
      set(lines[i], { display: shown ? null : "none", x1: round(scale(0)), x2: shown ? x : 0, y1: middle, y2: middle, stroke: look.text });
      set(shapes[i], { display: shown ? null : "none", d: look.shape, transform: `translate(${shown ? x : 0} ${middle})`, fill: look.fill, stroke: look.text });
      const edge = narrow ? width : left - 16;
      const word = stateOf(limit, say, specification);
      write(set(lights[i], { x: edge, y: tops[i] + 16, fill: look.text }), say(limit.state));
      write(set(titles[i], { x: 0, y: tops[i] + 16 }), fitted(isolated(limit.name), edge - 62, { bold: true }));
      write(set(texts[i], { x: 0, y: tops[i] + 32 }), fitted(word, edge, {}));
    });
    set(stripe, { display: all[picked] ? null : "none", x: 0, y: all[picked] ? tops[picked] : 0, width, height: row });
    const tell = (at) => `${isolated(all[at].name)}: ${say(all[at].state)}, ${stateOf(all[at], say, specification)}`;
    asCells(frame, specification, say("keys_rows"));
    rowKeys(frame, { tops, row, picked, onPick: specification.onPick, tell });
    frame.table.show(() => tableOf(specification, say));
  };
});

/** The distance as per cent of the bound, of the value where the bound is zero; NaN where there is neither. */
function share({ value, bound, distance }) {
  const size = Math.abs(bound) || Math.abs(value);
  if (distance === 0) return 0;
  return (100 * distance) / size;
}

/** From what is broken most to what has most room, 100 per cent on either side at most. */
function domainOf(shares) {
  const [low, high] = extent([shares]);
  const round_up = (value) => Math.min(100, Math.max(LEAST, Math.ceil(value / 10) * 10));
  return [low < 0 ? -round_up(-low) : 0, round_up(known(high) ? high : 0)];
}

function numbersOf(limit, { language }, say) {
  return quantity(extent([[limit.value, limit.bound, limit.distance]]), { unit: limit.unit, language }, say("no_data"));
}

function stateOf(limit, say, specification) {
  const told = numbersOf(limit, specification, say);
  return `${told.text(limit.value)}, ${say(limit.kind)} ${told.text(limit.bound)} ${told.unit}`.trim();
}

function tableOf(specification, say) {
  const head = ["limit", "value", "bound", "distance", "state"].map((word) => say(word));
  const rows = specification.limits.map((limit) => {
    const told = numbersOf(limit, specification, say);
    const bound = `${say(limit.kind)} ${told.text(limit.bound)} ${told.unit}`.trim();
    return [isolated(limit.name), told.text(limit.value), bound, told.text(limit.distance), say(limit.state)];
  });
  return { caption: specification.title, head, rows };
}
