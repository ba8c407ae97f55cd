/** What `lines` and `stack` share: axes, a column of names on the right, a cursor. */

import { besideUnit, cursorRule, horizontalAxis, marginFor, verticalAxis } from "./axes.js";
import { asSlider } from "./chart.js";
import { MUTED } from "./colours.js";
import { followCursor } from "./cursor.js";
import { marked, pointScale, steady } from "./domains.js";
import { columnHead, columnWidth, endLabels, LEAD } from "./ends.js";
import { pointFormatter, quantity } from "./numbers.js";
import { element, layer, pool, round, set, write } from "./svg.js";
import { LINE, SMALL, width as widthOf, wrapped } from "./text.js";
import { isolated, speaker } from "./words.js";

export const TOP = 28; // above the plot: the unit and the head of the column
export const BOTTOM = 24; // below it: the numbers of the axis
const PER_MARK = 44; // pixels of height for each number on the vertical axis
const UNIT_AWAY = 22; // from the plot to the unit of the horizontal axis
const NARROW = 480;
const HEAD = { size: SMALL, bold: true };

/**
 * What a chart over time says, and which point and which member the cursor is on; a cursor beyond the points is none.
 * @returns {{say: Function, told: Object, point: (value: number) => string, cursor: ?number, focus: number, at: number,
 *   xUnit: string}} `at` is the point whose values are told: the last one without a cursor
 */
export function telling(specification, range) {
  const { x, language, focus = -1 } = specification;
  const say = speaker(specification);
  const told = quantity(range, specification, say);
  const cursor = specification.cursor < x.length ? (specification.cursor ?? null) : null;
  const at = cursor ?? x.length - 1;
  return {
    say,
    told,
    point: named(x, specification),
    cursor,
    focus,
    at,
    xUnit: specification.xUnit ?? say("year"),
  };
}

/** A function from points on the horizontal axis to text: their names where a specification has `pointNames`. */
function named(x, { language, pointNames }) {
  if (!pointNames) return pointFormatter(x, language);
  const names = new Map(Array.from(x, (value, at) => [value, pointNames[at]]));
  const format = pointFormatter(x, language);
  return (value) => names.get(value) ?? format(value);
}

/**
 * @returns {{marks: Element, view: Function, draw: Function}} `marks` is the layer for what is drawn; `view` gives scales
 *   and words of a specification, and remembers the ends of the axis; `draw` draws the rest
 */
export function timePlot(frame) {
  const [vertical, horizontal] = [verticalAxis(frame.svg), horizontalAxis(frame.svg)];
  const marks = layer(frame.svg);
  const [rule, labels, head] = [cursorRule(frame.svg), endLabels(frame.svg), columnHead(frame.svg)];
  const notes = pool(layer(frame.svg, { "font-size": SMALL, fill: MUTED }), "text");
  const memory = { domain: null, column: null };
  const draw = (view) => {
    drawAxes({ vertical, horizontal, rule }, view);
    const named = labels(view.labels, { left: view.right, right: view.width, top: TOP, bottom: view.bottom - 4 });
    const shown = view.labels.some(({ value }) => value);
    head({ text: shown ? view.heading : "", x: view.right + LEAD, y: SMALL, strong: view.cursor !== null });
    drawNote(frame, notes, view, named);
  };
  return { marks, draw, view: (specification, needs) => viewOf(specification, needs, memory) };
}

/**
 * Scales and words.
 *
 * `needs`: the `range` of numbers, whether `zero` is on the axis, the `least` height, the share of the width that names
 * may take (`column`), `labelsOf`, which gives names with their values, and at which number each line ends (`end`), and
 * `headingOf`, what stands above them.
 */
function viewOf(specification, needs, memory) {
  const { x, width, language } = specification;
  const size = sizeOf(specification, needs);
  memory.domain = steady(memory.domain, needs.range, needs.zero, size.marks);
  const words = telling(specification, memory.domain);
  const [labels, heading] = [needs.labelsOf(words), needs.headingOf(words)];
  memory.column = widened(memory.column, columnOf(labels, heading, width, needs), specification);
  const scales = scalesOf(x, { ...size, width, domain: memory.domain, column: memory.column.width, told: words.told });
  for (const label of labels) label.y = scales.up(label.end);
  return { ...words, ...size, ...scales, x, width, language, labels, heading };
}

function sizeOf({ width, height: given }, { least = 0 }) {
  const height = Math.max(least, given ?? Math.round(Math.min(340, Math.max(220, width * 0.5))));
  const bottom = height - BOTTOM;
  return { height, bottom, marks: Math.max(2, Math.floor((bottom - TOP) / PER_MARK)) };
}

function columnOf(labels, heading, width, { column: [wide, narrow] }) {
  const names = columnWidth(labels, width * (width < NARROW ? narrow : wide));
  return Math.max(names, Math.ceil(widthOf(heading, HEAD)) + LEAD);
}

function scalesOf(x, { width, bottom, marks, domain, column, told }) {
  const { scale: up, ticks, step } = marked(domain, [bottom, TOP], marks);
  const text = told.tick(step);
  const [left, right] = [marginFor(ticks.map(text)), width - column];
  const { scale: along, ticks: points } = pointScale(x, [left + 2, right - 2]);
  return { up, ticks, text, left, right, along, points, places: Array.from(x, (value) => round(along(value))) };
}

/** The width of the column, which only grows while the chart has the same width and as many names. */
function widened(before, wanted, { width, series }) {
  const same = before && before.of === width && before.count === series.length;
  return { of: width, count: series.length, width: same ? Math.max(before.width, wanted) : wanted };
}

function drawAxes({ vertical, horizontal, rule }, view) {
  const { up, ticks, text, left, right, bottom, along, points, point, places, cursor, x } = view;
  const unitAt = right + UNIT_AWAY;
  const ends = besideUnit([0, view.width], view.xUnit, unitAt);
  const under = cursor === null ? null : { x: places[cursor], top: TOP - 8, bottom, text: point(x[cursor]), ends };
  vertical({ scale: up, ticks, text, left, right, unit: view.told.axis, unitAt: SMALL });
  horizontal({
    scale: along,
    ticks: points,
    text: pointFormatter(points, view.language),
    bottom,
    unit: view.xUnit,
    unitAt,
    cursor: under,
  });
  rule(under);
}

/** Says how many lines have no name, and sets the size of the picture. */
function drawNote(frame, notes, { say, labels, width, height }, named) {
  const text = named < labels.length ? say("not_named", { count: named, all: labels.length }) : "";
  const lines = text ? wrapped(text, width, 2, { size: SMALL }) : [];
  const nodes = notes(lines.length);
  lines.forEach((line, i) => write(set(nodes[i], { x: 0, y: height + 12 + i * LINE }), line));
  frame.size(width, height + (lines.length ? lines.length * LINE + 4 : 0));
}

/** Hands keys and the pointer to the cursor, which says name, point, value and unit. */
export function listenOver(frame, specification, view, { hint, nearest }) {
  const { x, series, onCursor } = specification;
  const { point, told, say, at } = view;
  const tell = (i, member) => {
    const { name, values } = series[member];
    return `${isolated(name)}, ${point(x[i])}: ${told.whole(values[i])}`;
  };
  asSlider(frame, { ...specification, unit: told.unit }, say(hint), { at, count: x.length, text: point(x[at]) });
  followCursor(frame, view, { count: x.length, members: series.length, onCursor, nearest, tell });
}

/** The numbers as a table: a row for each point, a column for each series and for what is `more`. */
export function overTime({ title, x, series }, { told, point, xUnit }, more = []) {
  const all = [...series.map(({ name, values }) => ({ name: isolated(name), values })), ...more];
  const rows = Array.from(x, (value, at) => [point(value), ...all.map(({ values }) => told.text(values[at]))]);
  return { caption: captioned(title, told.unit), head: [xUnit, ...all.map(({ name }) => name)], rows };
}

/** A title with its unit. */
export const captioned = (title, unit) => (unit ? `${title} (${unit})` : `${title}`);
