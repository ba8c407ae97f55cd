/** A waterfall: from one number to another, step by step, a row for each. */

import { horizontalAxis } from "./axes.js";
import { asCells, chart, RIM } from "./chart.js";
import { between, GROUND, INK, MUTED, RULE, STRIPE } from "./colours.js";
import { marked, steady } from "./domains.js";
import { extent, known, quantity, withUnit } from "./numbers.js";
import { listMoves, pickable } from "./picking.js";
import { element, hatching, layer, pool, round, set, toggle, write } from "./svg.js";
import { fitted, SMALL, widest } from "./text.js";
import { captioned } from "./timeplot.js";
import { isolated, speaker } from "./words.js";

const ROW = 22;
const HEADING = 20; // above a group of steps
const BAR = 14; // pixels of height
const TOP = 8;
const FOOT = 34; // numbers and unit of the axis
const [MORE, LESS] = ["#005a9c", "#b34700"];
const SHORT = 0.05; // of the totals: a way between them that their digits do not tell
const ROUNDING = 1e-9; // of the largest number: what sums of steps miss by rounding

/**
 * @param {import("./chart.js").Specification & {start: {name: string, value: number},
 *   steps: {name: string, value: number, group?: string}[], end: {name: string, value: number}, picked?: ?number,
 *   onPick?: (row: ?number) => void}} specification what steps do not explain of the way is a row of its own;
 *   `picked` counts rows, from the start on
 * @returns {import("./chart.js").Chart}
 */
export const waterfall = chart("waterfall", (frame) => {
  const stripe = element("rect", { fill: STRIPE, x: 0, height: ROW }, layer(frame.svg));
  const axis = horizontalAxis(frame.svg);
  const unit = element("text", { "font-size": SMALL, fill: MUTED, "text-anchor": "end" }, layer(frame.svg));
  const bars = drawBars(frame.svg);
  const names = drawNames(frame.svg);
  let domain = null;
  return (specification) => {
    const { width, picked = null, onPick } = specification;
    const say = speaker(specification);
    const rows = rowsOf(specification, say);
    domain = steady(domain, extent(rows.map(({ from, to }) => [from, to])), false, 4);
    const told = quantity(toldRange(rows), specification, say);
    const text = (row) => (row.total ? told.text(row.value) : told.signed(row.value));
    const place = placeOf(rows, { width, text, domain });
    const { scale, ticks, step, bottom, tops } = place;
    frame.size(width, bottom + FOOT);
    axis({ scale, ticks, text: told.tick(step), bottom, grid: TOP });
    write(set(unit, { x: place.right, y: bottom + FOOT - 4 }), told.axis);
    bars(rows, place);
    names(rows, place, text);
    set(toggle(stripe, rows[picked]), { y: tops[picked] ?? 0, width });
    const tell = (at) =>
      `${rows[at].name}: ${known(rows[at].value) ? withUnit(text(rows[at]), told.unit) : text(rows[at])}`;
    const find = (_, y) => rowAt(tops, ROW, y);
    asCells(frame, { ...specification, unit: told.unit }, say("keys_rows"));
    pickable(frame, { picked, hovered: null, moves: listMoves(rows.length), find, tell, onPick: (at) => onPick?.(at) });
    frame.table.show(() => tableOf(specification.title, rows, { told, text, say }));
  };
});

/** The numbers that are told; where steps are small beside the totals, the way alone, whose digits tell them. */
function toldRange(rows) {
  const way = extent(rows.map(({ from, to }) => [from, to]));
  const isShort = way[1] - way[0] < SHORT * Math.max(Math.abs(way[0]), Math.abs(way[1]));
  return isShort ? way : extent(rows.map(({ from, to, value }) => [from, to, value]));
}

/** Start, steps and end as rows that go from one running total to the next; a gap moves nothing. */
function rowsOf({ start, steps, end }, say) {
  let at = known(start.value) ? start.value : NaN;
  const middle = steps.map(({ name, value, group }) => {
    const from = at;
    at += known(value) ? value : 0;
    return { name: isolated(name), group, value, from, to: at, total: false };
  });
  const whole = ({ name, value }) => ({ name: isolated(name), value, from: value, to: value, total: true });
  return [whole(start), ...middle, ...restOf(at, [start, ...steps, end], say), whole(end)];
}

/** What is missing from the last total to the end, as a row; nothing where it is rounding. */
function restOf(at, parts, say) {
  const to = parts.at(-1).value;
  const value = known(to) ? to - at : NaN;
  const [low, high] = extent([parts.map((part) => part.value)]);
  const told = Math.abs(value) > ROUNDING * Math.max(Math.abs(low), Math.abs(high));
  return told ? [{ name: say("rest"), value, from: at, to, total: false }] : [];
}

/** Where rows and numbers stand. */
function placeOf(rows, { width, text, domain }) {
  const left =
    Math.ceil(
      Math.min(
        widest(
          rows.map(({ name }) => name),
          { bold: true },
        ),
        width * 0.36,
      ),
    ) + 10;
  const right = width - Math.ceil(widest(rows.map(text), { bold: true })) - 14;
  const starts = rows.map(({ group }, i) => group !== undefined && group !== rows[i - 1]?.group);
  let bottom = TOP + 2;
  const tops = rows.map((_, i) => (bottom += ROW + (starts[i] ? HEADING : 0)) - ROW);
  const count = Math.max(2, Math.floor((right - left) / 70));
  return { left, right, width, starts, tops, bottom: bottom + 4, ...marked(domain, [left, right - 4], count) };
}

/** Which of rows is at a height; null for none. */
export function rowAt(tops, row, y) {
  const at = tops.findIndex((top) => y >= top && y < top + row);
  return at < 0 ? null : at;
}

/** Bars from one total to the next, thin lines between them; those that go down are hatched. */
function drawBars(parent) {
  const hatch = hatching(parent, LESS, between(LESS, GROUND, 0.65), 4);
  const ties = pool(layer(parent, { stroke: RULE }), "line");
  const bars = pool(layer(parent, { class: "bars" }), "rect", { height: BAR });
  return (rows, { scale, tops }) => {
    const [drawn, between_] = [bars(rows.length), ties(rows.length - 1)];
    rows.forEach((row, i) => {
      const [from, to] = [row.from, row.to].map((value) => (known(value) ? scale(value) : NaN));
      const fill = row.total ? INK : row.value < 0 ? hatch : MORE;
      const stroke = row.value < 0 && !row.total ? LESS : null;
      const shown = known(from) && known(to) && known(row.value);
      set(toggle(drawn[i], shown), { ...(shown ? barOf(from, to, row.total) : {}), y: tops[i] + 4, fill, stroke });
      if (i + 1 < rows.length) tie(between_[i], to, tops[i] + 4 + BAR, tops[i + 1] + 4);
    });
  };
}

const barOf = (from, to, total) => {
  const [low, high] = total ? [to - 2, to + 2] : [Math.min(from, to), Math.max(from, to)];
  return { x: round(low), width: round(Math.max(1.5, high - low)) };
};

function tie(line, x, from, to) {
  toggle(line, known(x));
  if (known(x)) set(line, { x1: round(x), x2: round(x), y1: from, y2: to });
}

function drawNames(parent) {
  const headings = pool(layer(parent, { "font-size": SMALL, "font-weight": 600, fill: MUTED, ...RIM }), "text", {
    x: 0,
  });
  const names = pool(layer(parent, { class: "names", "text-anchor": "end" }), "text", { dy: ".34em" });
  const numbers = pool(layer(parent, { class: "numbers", "text-anchor": "end" }), "text", { dy: ".34em" });
  return (rows, { left, width, tops, starts }, text) => {
    const [words, counts] = [names(rows.length), numbers(rows.length)];
    rows.forEach((row, i) => {
      const looks = { y: tops[i] + ROW / 2, "font-weight": row.total ? 600 : null };
      write(set(words[i], { ...looks, x: left - 8 }), fitted(row.name, left - 8, { bold: row.total }));
      write(set(counts[i], { ...looks, x: width, fill: row.value < 0 && !row.total ? LESS : null }), text(row));
    });
    const groups = rows.flatMap(({ group }, i) => (starts[i] ? [{ group, y: tops[i] - 4 }] : []));
    const titles = headings(groups.length);
    groups.forEach(({ group, y }, i) => write(set(titles[i], { y }), isolated(group)));
  };
}

function tableOf(title, rows, { told, text, say }) {
  const body = rows.map((row) => [row.name, row.group ? isolated(row.group) : "", text(row)]);
  return { caption: captioned(title, told.unit), head: [say("name"), say("group"), say("value")], rows: body };
}
