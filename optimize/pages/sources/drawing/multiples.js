/** Small multiples: the same lines for many places, side by side. */

import { besideUnit, cursorRule, horizontalAxis, marginFor, verticalAxis } from "./axes.js";
import { asSlider, chart } from "./chart.js";
import { looks, MUTED } from "./colours.js";
import { followCursor, nearestIndex } from "./cursor.js";
import { marked, pointScale, steady } from "./domains.js";
import { lineKey } from "./key.js";
import { extent, quantity } from "./numbers.js";
import { makePanel } from "./panel.js";
import { element, layer, round, set, toggle, write } from "./svg.js";
import { fitted, SMALL, width as widthOf } from "./text.js";
import { captioned, telling } from "./timeplot.js";
import { isolated, speaker } from "./words.js";

const NARROWEST = 118; // pixels of a panel
const GAP = 14; // between panels
const NAME = 20; // above each panel
const UNIT = 14; // of a line below the name, where panels have units of their own
const BELOW = 22; // under each panel
const MARKS = 3; // numbers on a vertical axis, about

/**
 * @param {import("./chart.js").Specification & {x: ArrayLike<number>, panels: {name: string, unit?: string,
 *   series: import("./lines.js").Series[]}[], shared?: boolean, columns?: number, cursor?: ?number,
 *   onCursor?: Function, xUnit?: string, zero?: boolean}} specification `shared`: one vertical axis for all panels, else
 *   each has its own, and may have its own unit; `columns`: at most; `height` is that of one panel
 * @returns {import("./chart.js").Chart}
 */
export const multiples = chart("multiples", (frame) => {
  const key = lineKey(frame.svg);
  const unit = element("text", { "font-size": SMALL, fill: MUTED }, layer(frame.svg));
  const head = element("text", { "font-size": SMALL, "text-anchor": "end", fill: MUTED }, layer(frame.svg));
  const cells = [];
  const domains = [];
  return (specification) => {
    const { panels, width, shared = true } = specification;
    const axes = axesOf(specification, domains);
    const words = telling(specification, axes[0]?.range ?? [0, 1]);
    const styles = stylesOf(panels);
    const above = key(
      [...styles].map(([name, style]) => ({ name: isolated(name), style })),
      width,
    );
    const common = (shared && axes[0]?.told.axis) || "";
    const first = firstOf(panels);
    const heading = first === null ? "" : `${isolated(first)}, ${words.point(specification.x[words.at])}`;
    const drawn = { ...words, styles, x: specification.x, isTold: first !== null };
    const grid = gridOf(specification, axes, above + (common || heading ? 20 : 6));
    write(set(unit, { x: 0, y: above + SMALL }), common);
    write(set(head, { x: width, y: above + SMALL }), heading);
    while (cells.length < panels.length) cells.push(makeCell(frame.svg));
    cells.forEach((cell, i) => cell.toggle(i < panels.length));
    panels.forEach((panel, i) =>
      cells[i].draw(panel, { ...drawn, ...axes[i], box: grid.box(i), focused: i === words.focus }),
    );
    frame.size(width, grid.height);
    listen(frame, specification, { ...words, axes, grid });
    frame.table.show(() => tableOf(specification, words, axes, [...styles.keys()]));
  };
});

/** The name of the line whose number stands above each panel: the first one, where it is the same in all; else null. */
function firstOf(panels) {
  const names = new Set(panels.map(({ series }) => series[0]?.name ?? null));
  return names.size === 1 ? [...names][0] : null;
}

/** The vertical axis of each panel: its ends, marks, how its numbers are told, its unit where it has one of its own. */
function axesOf({ panels, shared = true, zero, ...specification }, domains) {
  const say = speaker(specification);
  const own = panels.map(({ series }) => extent(series.map(({ values }) => values)));
  const axes = (shared ? [extent(own)] : own).map((range, i) => {
    domains[i] = steady(domains[i], range, zero, MARKS + 2);
    const { ticks, step } = marked(domains[i], [0, 1], MARKS);
    const unit = (shared ? null : panels[i].unit) ?? specification.unit;
    const told = quantity(domains[i], { ...specification, unit }, say);
    return { range: domains[i], ticks, told, tick: told.tick(step), ownUnit: shared ? "" : told.axis };
  });
  return panels.map((_, i) => axes[shared ? 0 : i]);
}

/** The look of each name: the same in all panels. */
function stylesOf(panels) {
  const series = new Map(panels.flatMap((panel) => panel.series).map((one) => [one.name, one]));
  const styles = looks([...series.values()]);
  return new Map([...series.keys()].map((name, i) => [name, styles[i]]));
}

/** Where each panel stands. */
function gridOf({ width, panels, x, columns = 6, shared = true, height }, axes, top) {
  const margin = marginFor(axes.flatMap(({ ticks, tick }) => ticks.map(tick)));
  const [outer, inner] = shared ? [margin, 0] : [0, margin];
  const most = Math.floor((width - outer + GAP) / (NARROWEST + GAP));
  const across = Math.max(1, Math.min(columns, panels.length, most));
  const cell = (width - outer + GAP) / across;
  const title = NAME + (axes.some(({ ownUnit }) => ownUnit) ? UNIT : 0);
  const tall = (height ?? Math.round(Math.min(150, Math.max(86, (cell - GAP) * 0.62)))) + title + BELOW;
  const rows = Math.ceil(panels.length / across);
  const box = (i) => {
    const [row, column] = [Math.floor(i / across), i % across];
    const [start, above] = [outer + column * cell, top + row * tall];
    const edges = { left: start + inner, right: start + cell - GAP, top: above + title, bottom: above + tall - BELOW };
    const lowest = i + across >= panels.length;
    return { ...edges, title: above + NAME, numbers: !shared || column === 0, points: lowest, unit: column === 0 && row === rows - 1 };
  };
  const at = (px, py) => {
    const row = Math.min(rows - 1, Math.max(0, Math.floor((py - top) / tall)));
    const column = Math.min(across - 1, Math.max(0, Math.floor((px - outer) / cell)));
    return Math.min(panels.length - 1, row * across + column);
  };
  const nearest = (px, py) => {
    const i = at(px, py);
    const { scale } = along(x, box(i));
    return [nearestIndex(Array.from(x, scale), px), i];
  };
  return { box, nearest, height: top + rows * tall };
}

const along = (x, { left, right }) => pointScale(x, [left + 2, right - 2]);

/** One panel: its axes, lines, name and the value under the cursor. */
function makeCell(svg) {
  const group = layer(svg);
  const [vertical, horizontal, rule] = [verticalAxis(group), horizontalAxis(group), cursorRule(group)];
  const panel = makePanel(group);
  const name = makeName(group);
  const draw = ({ series, name: title }, view) => {
    const { box, x, point, cursor, styles, range } = view;
    const looked = series.map((one) => styles.get(one.name));
    const { scale, ticks } = along(x, box);
    const up = marked(range, [box.bottom, box.top], MARKS).scale;
    const places = Array.from(x, (value) => round(scale(value)));
    const text = box.points ? point(x[cursor ?? 0]) : "";
    const xUnit = box.unit ? view.xUnit : "";
    const inside = besideUnit([box.left, box.right], xUnit, 0);
    const under = cursor === null ? null : { x: places[cursor], top: box.top, bottom: box.bottom, text, ends: inside };
    const ends = box.points ? [...new Set([ticks[0], ticks.at(-1)])] : [];
    vertical({ scale: up, ticks: view.ticks, text: box.numbers ? view.tick : null, left: box.left, right: box.right });
    horizontal({
      scale,
      ticks: ends,
      text: point,
      bottom: box.bottom,
      inside: true,
      unit: xUnit,
      cursor: under,
    });
    rule(under);
    panel({ series, styles: looked, places, up, cursor, focus: -1, dots: true });
    name(title, view, view.isTold ? series[0].values[view.at] : null, looked[0]?.colour);
  };
  return { draw, toggle: (shown) => toggle(group, shown) };
}

/** The name above a panel; below it its unit where it has its own; on the right the value of its first line. */
function makeName(group) {
  const top = element("text", {}, group);
  const name = element("tspan", { "font-weight": 600 }, top);
  const unit = element("text", { "font-size": SMALL, fill: MUTED }, group);
  const number = element("text", { "font-weight": 600, "text-anchor": "end" }, group);
  return (title, { box, told, focused, ownUnit, isTold }, value, colour) => {
    const text = isTold ? told.text(value) : "";
    const whole = box.right - box.left;
    const beside = whole - widthOf(text, { bold: true }) - 6;
    const isLow = box.top > box.title; // a line for units: the number stands there
    write(set(number, { x: box.right, y: box.top - 8, fill: colour }), text);
    set(top, { x: box.left, y: box.title - 8, "text-decoration": focused ? "underline" : null });
    write(name, fitted(isolated(title), isLow ? whole : beside, { bold: true }));
    write(set(unit, { x: box.left, y: box.top - 8 }), isLow ? fitted(ownUnit, beside, { size: SMALL }) : "");
  };
}

function listen(frame, specification, { axes, grid, point, say, at, cursor, focus }) {
  const { x, panels, onCursor, unit } = specification;
  const tell = (i, member) => {
    const { name, series } = panels[member];
    const { told } = axes[member];
    const values = series.map((one) => `${isolated(one.name)} ${told.whole(one.values[i])}`);
    return `${isolated(name)}, ${point(x[i])}: ${values.join(", ")}`;
  };
  const options = { count: x.length, members: panels.length, onCursor, nearest: grid.nearest, tell };
  asSlider(frame, { ...specification, unit }, say("keys_panels"), { at, count: x.length, text: point(x[at]) });
  followCursor(frame, { cursor, focus }, options);
}

/** The numbers as a table: a row for each panel and point. */
function tableOf({ title, x, panels, unit, shared = true }, { point, xUnit, say }, axes, names) {
  const rows = panels.flatMap(({ name, series }, i) => {
    const { told, ownUnit } = axes[i];
    const of = new Map(series.map((one) => [one.name, one.values]));
    const first = captioned(isolated(name), ownUnit);
    return Array.from(x, (value, at) => [first, point(value), ...names.map((one) => told.text(of.get(one)?.[at]))]);
  });
  return {
    caption: captioned(title, (shared && axes[0]?.told.unit) || unit),
    head: [say("name"), xUnit, ...names.map(isolated)],
    rows,
  };
}
