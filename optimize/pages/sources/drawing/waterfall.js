/** A waterfall: from one number to another, step by step, a row for each. */

import { asCells, chart } from "./chart.js";
import { horizontalAxis } from "./axes.js";
import { INK, MUTED, RULE, between } from "./colours.js";
import { marked, steady } from "./domains.js";
import { rowKeys } from "./rows.js";
import { extent, known, quantity } from "./numbers.js";
import { element, hatching, pool, round, set, write } from "./svg.js";
import { fitted, widest } from "./text.js";
import { isolated, speaker } from "./words.js";

const ROW = 22;
const TOP = 6;
const BOTTOM = 40;
const MORE = "#005a9c";
const LESS = "#b34700";
const ROUNDING = 1e-9; // of the largest number: what sums of steps miss by rounding

/**
 * @param {import("./chart.js").Specification & {start: {name: string, value: number},
 *   steps: {name: string, value: number, group?: string}[], end: {name: string, value: number}, picked?: ?number,
 *   onPick?: (row: ?number) => void}} specification what steps do not explain of the way is a row of its own
 * @returns {import("./chart.js").Chart}
 */
export const waterfall = chart("waterfall", (frame) => {
  const less = hatching(frame.svg, LESS, between(LESS, "#ffffff", 0.65), 4);
  const axis = horizontalAxis(frame.svg);
  const stripe = element("rect", { fill: "#f0f0f0" }, frame.svg);
  const headings = pool(element("g", { "font-size": 11, "font-weight": 600, fill: MUTED, "aria-hidden": "true" }, frame.svg), "text");
  const links = pool(element("g", { stroke: RULE }, frame.svg), "line");
  const bars = pool(element("g", {}, frame.svg), "rect");
  const names = pool(element("g", { "aria-hidden": "true" }, frame.svg), "text", { dy: ".34em" });
  const numbers = pool(element("g", { "text-anchor": "end", "aria-hidden": "true" }, frame.svg), "text", { dy: ".34em" });
  const unit = element("text", { "font-size": 11, fill: MUTED, "text-anchor": "end", "aria-hidden": "true" }, frame.svg);
  let domain = null;
  return (specification) => {
    const { width, picked = null } = specification;
    const say = speaker(specification);
    const rows = rowsOf(specification, say);
    domain = steady(domain, extent([rows.flatMap(({ from, to }) => [from, to])]), false, 4);
    const told = quantity(extent([rows.flatMap(({ from, to, value }) => [from, to, value])]), specification, say("no_data"));
    const text = (row) => (row.total ? told.text(row.value) : told.signed(row.value));
    const left = Math.ceil(Math.min(widest(rows.map(({ name }) => name), { bold: true }), width * 0.36)) + 10;
    const right = width - Math.ceil(widest(rows.map(text), { bold: true })) - 14;
    const starts = rows.map(({ group }, i) => group !== undefined && group !== rows[i - 1]?.group);
    let y = TOP + 4;
    const tops = rows.map((_, i) => {
      y += (starts[i] ? 20 : 0) + ROW;
      return y - ROW;
    });
    const bottom = y + 4;
    const height = bottom + BOTTOM - 8;
    const { scale, ticks, step } = marked(domain, [left, right - 4], Math.max(2, Math.floor((right - left) / 70)));
    frame.size(width, height);
    axis({ scale, ticks, text: told.tick(step), bottom, grid: TOP });
    write(set(unit, { x: right, y: bottom + 30 }), told.unit);
    const [rects, words, counts, ties] = [bars(rows.length), names(rows.length), numbers(rows.length), links(rows.length - 1)];
    rows.forEach((row, i) => {
      const middle = tops[i] + ROW / 2;
      const [from, to] = [scale(row.from), scale(row.to)];
      const [low, high] = row.total ? [to - 2, to + 2] : [Math.min(from, to), Math.max(from, to)];
      const fill = row.total ? INK : row.value < 0 ? less : MORE;
      const stroke = row.total || row.value >= 0 ? null : LESS;
      const shown = known(low) && known(high);
      set(rects[i], { display: shown ? null : "none", x: shown ? round(low) : 0, y: tops[i] + 4, width: shown ? round(Math.max(1.5, high - low)) : 0, height: ROW - 8, fill, stroke });
      write(set(words[i], { x: left - 8, y: middle, "text-anchor": "end", "font-weight": row.total ? 600 : 400 }), fitted(row.name, left - 8, { bold: row.total }));
      write(set(counts[i], { x: width, y: middle, "font-weight": row.total ? 600 : 400, fill: row.total || row.value >= 0 ? INK : LESS }), text(row));
      if (i < rows.length - 1) {
        const x = round(scale(known(row.to) ? row.to : row.from));
        set(ties[i], { x1: x, x2: x, y1: tops[i] + ROW - 4, y2: tops[i + 1] + 4, display: known(x) ? null : "none" });
      }
    });
    const groups = rows.map(({ group }, i) => [group, i]).filter(([, i]) => starts[i]);
    const titles = headings(groups.length);
    groups.forEach(([group, i], at) => write(set(titles[at], { x: 0, y: tops[i] - 4 }), isolated(group)));
    set(stripe, { display: rows[picked] ? null : "none", x: 0, y: rows[picked] ? tops[picked] : 0, width, height: ROW });
    const tell = (at) => `${rows[at].name}: ${text(rows[at])} ${told.unit}`.trim();
    asCells(frame, { ...specification, unit: told.unit }, say("keys_rows"));
    rowKeys(frame, { tops, row: ROW, picked, onPick: specification.onPick, tell });
    frame.table.show(() => ({
      caption: told.unit ? `${specification.title} (${told.unit})` : `${specification.title}`,
      head: [say("name"), say("group"), say("value")],
      rows: rows.map((row) => [row.name, row.group ?? "", text(row)]),
    }));
  };
});

/** Start, steps and end as rows that go from one running total to the next; a gap moves nothing. */
function rowsOf({ start, steps, end }, say) {
  let at = start.value;
  const middle = steps.map(({ name, value, group }) => {
    const from = at;
    at += known(value) ? value : 0;
    return { name: isolated(name), group, value, from, to: at, total: false };
  });
  const rest = end.value - at;
  const size = Math.max(...[start.value, end.value, ...steps.map(({ value }) => value)].filter(known).map(Math.abs), 0);
  const unexplained = Math.abs(rest) > ROUNDING * size;
  const whole = ({ name, value }) => ({ name: isolated(name), value, from: value, to: value, total: true });
  const gap = unexplained ? [{ name: say("rest"), value: rest, from: at, to: end.value, total: false, group: "" }] : [];
  return [whole(start), ...middle, ...gap, whole(end)];
}
