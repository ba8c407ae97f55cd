/** Small multiples: the same lines for many places, side by side. */

import { asSlider, chart } from "./chart.js";
import { cursorRule, horizontalAxis, verticalAxis } from "./axes.js";
import { INK, looks, MUTED } from "./colours.js";
import { cursorKeys, nearestIndex } from "./cursor.js";
import { marked, pointScale, steady } from "./domains.js";
import { extent, pointFormatter, quantity } from "./numbers.js";
import { makePanel, pathsOver } from "./panel.js";
import { element, pool, set, write } from "./svg.js";
import { fitted, widest, width as widthOf } from "./text.js";
import { isolated, speaker } from "./words.js";

const NARROWEST = 118; // pixels of a panel
const GAP = 14;
const NAME = 20; // above each panel
const BOTTOM = 22;

/**
 * @param {import("./chart.js").Specification & {x: ArrayLike<number>, panels: {name: string,
 *   series: import("./lines.js").Series[]}[], shared?: boolean, columns?: number, cursor?: ?number,
 *   onCursor?: Function, xUnit?: string, zero?: boolean}} specification `shared`: one vertical axis for all panels;
 *   `columns`: at most; `height` is that of one panel
 * @returns {import("./chart.js").Chart}
 */
export const multiples = chart("multiples", (frame) => {
  const key = makeKey(frame.svg);
  const unit = element("text", { "font-size": 11, fill: MUTED, "aria-hidden": "true" }, frame.svg);
  const cells = [];
  let domains = [];
  return (specification) => {
    const { x, panels, width, language, shared = true, cursor = null, focus = -1 } = specification;
    const say = speaker(specification);
    const point = pointFormatter(x, language);
    const ranges = panels.map(({ series }) => extent(series.map(({ values }) => values)));
    const whole = extent(ranges);
    domains = (shared ? [whole] : ranges).map((range, i) => steady(domains[i], range, specification.zero, 2));
    const told = quantity(extent(domains), specification, say("no_data"));
    const shownAt = cursor ?? x.length - 1;
    const names = [...new Map(panels.flatMap(({ series }) => series).map((one) => [one.name, one])).values()];
    const styles = new Map(looks(names).map((look, i) => [names[i].name, look]));
    const keyHeight = key(names, styles, { width, unit: unit, text: told.unit });
    const grid = gridOf(specification, domains, told, keyHeight);
    while (cells.length < panels.length) cells.push(makeCell(frame.svg));
    cells.forEach((cell, i) => cell.hide(i >= panels.length));
    panels.forEach(({ name, series }, i) => {
      const box = grid.box(i);
      cells[i].draw({ box, name: isolated(name), series, x, point, told, cursor, shownAt, focused: i === focus, styles: series.map((one) => styles.get(one.name)), domain: domains[shared ? 0 : i], numbers: !shared || box.first, points: i >= panels.length - grid.columns, unit: i === panels.length - 1 ? (specification.xUnit ?? say("year")) : "" });
    });
    frame.size(width, grid.height);
    const tell = (at, i) => {
      const { name, series } = panels[Math.max(0, i)];
      return `${isolated(name)}, ${point(x[at])}: ${series.map((one) => `${isolated(one.name)} ${told.text(one.values[at])}`).join(", ")} ${told.unit}`.trim();
    };
    asSlider(frame, { ...specification, unit: told.unit }, say("keys_panels"), { at: shownAt, count: x.length, text: point(x[shownAt]) });
    cursorKeys(frame, { count: x.length, members: panels.length, cursor, focus, onCursor: specification.onCursor, tell, nearest: (px, py) => grid.nearest(px, py, x, cells) });
    frame.table.show(() => tableOf(specification, told, point, say));
  };
});

/** Where each panel stands. */
function gridOf({ width, panels, columns = 6, shared = true, height: given }, domains, told, top) {
  const numbers = domains.flatMap((domain) => marked(domain, [0, 1], 2).ticks.map(told.tick(marked(domain, [0, 1], 2).step)));
  const margin = Math.ceil(widest(numbers, { size: 11 })) + 8;
  const each = shared ? 0 : margin;
  const most = Math.floor((width - (shared ? margin : 0) + GAP) / (NARROWEST + GAP));
  const across = Math.max(1, Math.min(columns, panels.length, most));
  const cell = (width - (shared ? margin : 0) + GAP) / across;
  const tall = (given ?? Math.round(Math.min(150, Math.max(86, (cell - GAP) * 0.62)))) + NAME + BOTTOM;
  const rows = Math.ceil(panels.length / across);
  const box = (i) => {
    const left = (shared ? margin : 0) + (i % across) * cell + each;
    const above = top + Math.floor(i / across) * tall;
    return { left, right: left - each + cell - GAP, name: above + 12, top: above + NAME, bottom: above + tall - BOTTOM, first: i % across === 0 };
  };
  const nearest = (px, py, x, cells) => {
    const row = Math.min(rows - 1, Math.max(0, Math.floor((py - top) / tall)));
    const column = Math.min(across - 1, Math.max(0, Math.floor((px - (shared ? margin : 0)) / cell)));
    const at = Math.min(panels.length - 1, row * across + column);
    return [nearestIndex(cells[at].places(), px), at];
  };
  return { box, nearest, columns: across, height: top + rows * tall };
}

function makeCell(svg) {
  const group = element("g", {}, svg);
  const vertical = verticalAxis(group);
  const horizontal = horizontalAxis(group);
  const rule = cursorRule(group);
  const panel = makePanel(group);
  const name = element("text", { "font-size": 12, "font-weight": 600, "aria-hidden": "true" }, group);
  const value = element("text", { "font-size": 12, "font-weight": 600, "text-anchor": "end", "aria-hidden": "true" }, group);
  let paths = { places: [0] };
  const draw = ({ box, series, x, point, told, cursor, shownAt, focused, styles, domain, numbers, points, unit, ...cell }) => {
    const { left, right, top, bottom } = box;
    const { scale: up, ticks, step } = marked(domain, [bottom, top], 2);
    const { scale: along, ticks: all } = pointScale(x, [left + 2, right - 2]);
    paths = pathsOver(x, along);
    vertical({ scale: up, ticks, text: numbers ? told.tick(step) : null, left, right });
    horizontal({ scale: along, ticks: points ? [all[0], all[all.length - 1]] : [], text: point, bottom, unit, unitAt: unit ? right + 3 : null });
    rule(cursor === null ? null : { x: paths.places[cursor], top, bottom, text: points ? point(x[cursor]) : "" });
    panel({ series, styles, paths, vertical: up, cursor, focus: -1, dots: true });
    const first = told.text(series[0]?.values[shownAt]);
    write(set(value, { x: right, y: box.name, fill: styles[0]?.colour ?? INK }), first);
    write(set(name, { x: left, y: box.name, "text-decoration": focused ? "underline" : null }), fitted(cell.name, right - left - widthOf(first, { bold: true }) - 6, { bold: true }));
  };
  return { draw, places: () => paths.places, hide: (hidden) => set(group, { display: hidden ? "none" : null }) };
}

/** A line above all panels that shows which line is which, and the unit; its height. */
function makeKey(svg) {
  const group = element("g", { "aria-hidden": "true" }, svg);
  const samples = pool(group, "line");
  const texts = pool(group, "text", { dy: ".32em" });
  return (names, styles, { width, unit, text }) => {
    const [lines, words] = [samples(names.length), texts(names.length)];
    let [x, y] = [0, 8];
    names.forEach(({ name }, i) => {
      const { colour, width: thick, dash } = styles.get(name);
      const shown = fitted(isolated(name), width - 40);
      const needs = 30 + widthOf(shown) + 18;
      if (x > 0 && x + needs - 18 > width) [x, y] = [0, y + 18];
      set(lines[i], { x1: x, x2: x + 26, y1: y, y2: y, stroke: colour, "stroke-width": thick, "stroke-dasharray": dash });
      write(set(words[i], { x: x + 31, y, fill: colour }), shown);
      x += needs;
    });
    write(set(unit, { x: 0, y: y + 24 }), text);
    return y + (text ? 34 : 16);
  };
}

function tableOf({ title, x, panels, ...specification }, told, point, say) {
  const head = [say("name"), specification.xUnit ?? say("year")];
  const names = [...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name)))];
  const rows = panels.flatMap(({ name, series }) =>
    Array.from(x, (value, at) => [isolated(name), point(value), ...names.map((one) => told.text(series.find((other) => other.name === one)?.values[at]))]),
  );
  return { caption: told.unit ? `${title} (${told.unit})` : `${title}`, head: [...head, ...names.map(isolated)], rows };
}
