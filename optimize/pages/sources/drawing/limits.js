/** Limits and how far they are: a row for each, the room that is left or what is missing. */

import { horizontalAxis } from "./axes.js";
import { asCells, chart } from "./chart.js";
import { INK, MUTED, STRIPE } from "./colours.js";
import { marked } from "./domains.js";
import { extent, formatter, known, quantity } from "./numbers.js";
import { listMoves, pickable } from "./picking.js";
import { element, layer, pool, round, set, toggle, write } from "./svg.js";
import { fitted, LINE, SMALL, widest } from "./text.js";
import { rowAt } from "./waterfall.js";
import { isolated, speaker } from "./words.js";

const ROW = 42;
const TRACK = 20; // more on narrow charts, where the distance stands below the name
const NARROW = 560;
const TOP = 4;
const FOOT = 34; // numbers and unit of the axis
const LEAST = 10; // per cent that the axis shows at least
const MOST = 100; // and at most, on either side

/** Each state has a shape, a colour and a word. */
const LOOKS = {
  holds: { fill: "#005a9c", ink: "#005a9c", shape: "M0,-5A5,5 0 1 1 -0.01,-5Z" },
  reached: { fill: "#ffffff", ink: INK, shape: "M0,-6.5L6.5,0L0,6.5L-6.5,0Z" },
  broken: {
    fill: "#a03f00",
    ink: "#a03f00",
    shape: "M-5,-2.5L-2.5,-5L0,-2.5L2.5,-5L5,-2.5L2.5,0L5,2.5L2.5,5L0,2.5L-2.5,5L-5,2.5L-2.5,0Z",
  },
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
 *   onPick?: (row: ?number) => void}} specification the axis is in per cent of each bound (of the value where the bound
 *   is zero); what lies beyond it stands at its end, with its number in the row
 * @returns {import("./chart.js").Chart}
 */
export const limits = chart("limits", (frame) => {
  const stripe = element("rect", { fill: STRIPE, x: 0 }, layer(frame.svg));
  const axis = horizontalAxis(frame.svg);
  const unit = element("text", { "font-size": SMALL, fill: MUTED, "text-anchor": "end" }, layer(frame.svg));
  const tracks = drawTracks(frame.svg);
  const texts = drawTexts(frame.svg);
  return (specification) => {
    const { limits: all, width, language, picked = null, onPick } = specification;
    const say = speaker(specification);
    const place = placeOf(specification);
    const { scale, ticks, tops, bottom, row } = place;
    const detail = (limit) => detailOf(limit, language, say);
    frame.size(width, bottom + FOOT);
    axis({ scale, ticks, text: formatter(0, language), bottom, grid: place.narrow ? null : TOP });
    write(set(unit, { x: width - 8, y: bottom + FOOT - 4 }), say("room"));
    tracks(all, place);
    texts(all, place, { detail, say });
    set(toggle(stripe, all[picked]), { y: tops[picked] ?? 0, width, height: row });
    const tell = (at) => `${isolated(all[at].name)}: ${say(all[at].state)}, ${detail(all[at])}`;
    const find = (_, y) => rowAt(tops, row, y);
    asCells(frame, specification, say("keys_rows"));
    pickable(frame, { picked, hovered: null, moves: listMoves(all.length), find, tell, onPick: (at) => onPick?.(at) });
    frame.table.show(() => tableOf(specification, say));
  };
});

/** The distance as per cent of the bound, of the value where the bound is zero; NaN where there is no number. */
function share({ value, bound, distance }) {
  if (!known(distance)) return NaN;
  return distance === 0 ? 0 : (100 * distance) / (Math.abs(bound) || Math.abs(value));
}

function placeOf({ limits: all, width }) {
  const narrow = width < NARROW;
  const row = narrow ? ROW + TRACK : ROW;
  const left = narrow ? 16 : Math.round(width * 0.48);
  const shares = all.map(share);
  const axis = marked(domainOf(shares), [left, width - 8], Math.max(2, Math.floor((width - left) / 60)));
  const tops = all.map((_, i) => TOP + i * row);
  const middle = (i) => tops[i] + (narrow ? row - 13 : row / 2);
  return { ...axis, narrow, row, left, width, shares, tops, middle, bottom: TOP + all.length * row + 4 };
}

/** From what is broken most to what has most room. */
function domainOf(shares) {
  const [low, high] = extent([shares]);
  const end = (value) => Math.min(MOST, Math.max(LEAST, Math.ceil(value / 10) * 10));
  return [low < 0 ? -end(-low) : 0, end(known(high) ? high : 0)];
}

/** A line from the bound to where the limit stands, and a mark there. */
function drawTracks(parent) {
  const bounds = pool(layer(parent, { stroke: INK, "stroke-width": 1.5 }), "line");
  const stems = pool(layer(parent, { class: "stems", "stroke-width": 3 }), "line");
  const marks = pool(layer(parent, { class: "marks", "stroke-width": 1.5 }), "path");
  return (all, { scale, shares, middle, row, narrow }) => {
    const [lowest, highest] = scale.domain();
    const half = narrow ? 9 : row / 2;
    const drawn = [bounds, stems, marks].map((make) => make(all.length));
    const zero = round(scale(0));
    all.forEach(({ state }, i) => {
      const { fill, ink, shape } = LOOKS[state];
      const y = middle(i);
      set(drawn[0][i], { x1: zero, x2: zero, y1: y - half, y2: y + half });
      for (const part of drawn.slice(1)) toggle(part[i], known(shares[i]));
      if (!known(shares[i])) return;
      const x = round(scale(Math.min(highest, Math.max(lowest, shares[i]))));
      set(drawn[1][i], { x1: zero, x2: x, y1: y, y2: y, stroke: ink });
      set(drawn[2][i], { d: shape, transform: `translate(${x} ${y})`, fill, stroke: ink });
    });
  };
}

/** The name of each limit, its state, and its numbers below. */
function drawTexts(parent) {
  const names = pool(layer(parent, { "font-weight": 600 }), "text", { x: 0 });
  const details = pool(layer(parent, { fill: MUTED }), "text", { x: 0 });
  const states = pool(layer(parent, { "text-anchor": "end", "font-weight": 600 }), "text");
  return (all, { narrow, left, width, tops }, { detail, say }) => {
    const [titles, texts, lights] = [names, details, states].map((make) => make(all.length));
    const edge = narrow ? width : left - 18;
    const beside =
      widest(
        all.map(({ state }) => say(state)),
        { bold: true },
      ) + 10;
    all.forEach((limit, i) => {
      const y = tops[i] + 17;
      write(set(titles[i], { y }), fitted(isolated(limit.name), edge - beside, { bold: true }));
      write(set(lights[i], { x: edge, y, fill: LOOKS[limit.state].ink }), say(limit.state));
      write(set(texts[i], { y: y + LINE }), fitted(detail(limit), edge));
    });
  };
}

function toldOf({ value, bound, distance, unit }, language, say) {
  return quantity(extent([[value, bound, distance]]), { unit, language }, say);
}

function detailOf(limit, language, say) {
  const told = toldOf(limit, language, say);
  return `${told.text(limit.value)}, ${say(limit.kind)} ${told.whole(limit.bound)}`;
}

function tableOf({ title, limits: all, language }, say) {
  const rows = all.map((limit) => {
    const told = toldOf(limit, language, say);
    const bound = `${say(limit.kind)} ${told.whole(limit.bound)}`;
    return [isolated(limit.name), told.text(limit.value), bound, told.text(limit.distance), say(limit.state)];
  });
  return { caption: title, head: ["limit", "value", "bound", "distance", "state"].map((word) => say(word)), rows };
}
