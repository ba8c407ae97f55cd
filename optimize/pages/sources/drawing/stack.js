/** Money over time: bands on top of each other, each named, groups in one hue. */

import { area, stack as stacking, stackOffsetDiverging } from "d3-shape";

import { asSlider, chart } from "./chart.js";
import { cursorRule, horizontalAxis, verticalAxis } from "./axes.js";
import { GROUND, INK, shades } from "./colours.js";
import { cursorKeys, nearestIndex } from "./cursor.js";
import { marked, pointScale, steady } from "./domains.js";
import { columnHead, columnWidth, endLabels, widened } from "./ends.js";
import { known, pointFormatter, quantity } from "./numbers.js";
import { element, pool, round, set } from "./svg.js";
import { LINE, widest } from "./text.js";
import { isolated, speaker } from "./words.js";

const TOP = 28;
const BOTTOM = 24;

/**
 * @param {import("./chart.js").Specification & {x: ArrayLike<number>, series: {name: string, group?: string,
 *   values: ArrayLike<number>}[], cursor?: ?number, onCursor?: Function, xUnit?: string}} specification the first
 *   series is drawn on top, as its name is read first
 * @returns {import("./chart.js").Chart}
 */
export const stack = chart("stack", (frame) => {
  const vertical = verticalAxis(frame.svg);
  const bands = pool(element("g", { stroke: GROUND, "stroke-width": 0.75 }, frame.svg), "path");
  const outline = element("path", { fill: "none", stroke: INK, "stroke-width": 1.5 }, frame.svg);
  const horizontal = horizontalAxis(frame.svg);
  const rule = cursorRule(frame.svg);
  const labels = endLabels(frame.svg);
  const head = columnHead(frame.svg);
  let domain = null;
  let column = { width: 0, of: null };
  return (specification) => {
    const { x, series, width, language, cursor = null, focus = -1 } = specification;
    const say = speaker(specification);
    const least = series.length * LINE + TOP + BOTTOM;
    const height = Math.max(least, specification.height ?? Math.round(Math.min(380, width * 0.55)));
    const layers = layersOf(x, series);
    const count = Math.max(2, Math.floor((height - TOP - BOTTOM) / 44));
    domain = steady(domain, rangeOf(layers), true, count);
    const told = quantity(domain, specification, say("no_data"));
    const point = pointFormatter(x, language);
    const shownAt = cursor ?? x.length - 1;
    const styles = shades(series.map(({ group }) => group));
    const { scale: up, ticks, step } = marked(domain, [height - BOTTOM, TOP], count);
    const text = told.tick(step);
    const ends = series.map(({ name, values }, i) => ({
      name: isolated(name),
      y: up((layers[i][x.length - 1][0] + layers[i][x.length - 1][1]) / 2),
      value: told.text(values[shownAt]),
      colour: styles[i].text,
      strong: i === focus,
      rank: 0,
    }));
    column = widened(column, columnWidth(ends, width), `${width} ${series.map(({ name }) => name)}`);
    const left = Math.ceil(widest(ticks.map(text), { size: 11 })) + 8;
    const right = width - column.width;
    const { scale: along, ticks: points } = pointScale(x, [left + 2, right - 2]);
    const places = Array.from(x, (value) => round(along(value)));
    const path = area()
      .x((_, i) => places[i])
      .y0(([low]) => up(low))
      .y1(([, high]) => up(high))
      .digits(1);
    frame.size(width, height);
    const drawn = bands(series.length);
    layers.forEach((layer, i) => set(drawn[i], { d: path(layer), fill: styles[i].fill }));
    set(outline, { d: layers[focus] ? path(layers[focus]) : "", display: layers[focus] ? null : "none" });
    vertical({ scale: up, ticks, text, left, right, unit: told.unit, unitAt: 11 });
    horizontal({ scale: along, ticks: points, text: point, bottom: height - BOTTOM, unit: specification.xUnit ?? say("year"), unitAt: right + 12 });
    rule(cursor === null ? null : { x: places[cursor], top: TOP - 8, bottom: height - BOTTOM, text: point(x[cursor]) });
    labels(ends, { left: right, right: width, top: TOP, bottom: height - BOTTOM - 4, must: series.length });
    const total = (at) => series.reduce((sum, { values }) => sum + (known(values[at]) ? values[at] : 0), 0);
    head(`${point(x[shownAt])}: ${told.text(total(shownAt))} ${say("total")}`, right + 12, 11, cursor !== null);
    const tell = (at, i) => `${isolated(series[Math.max(0, i)].name)}, ${point(x[at])}: ${told.text(series[Math.max(0, i)].values[at])} ${told.unit}`.trim();
    asSlider(frame, { ...specification, unit: told.unit }, say("keys_stack"), { at: shownAt, count: x.length, text: point(x[shownAt]) });
    cursorKeys(frame, { count: x.length, members: series.length, cursor, focus, onCursor: specification.onCursor, tell, nearest: bandAt(layers, places, up) });
    frame.table.show(() => tableOf(specification, told, point, say, total));
  };
});

/** The ends of each band at each point: the first series on top; numbers below zero hang below it. */
function layersOf(x, series) {
  const made = stacking()
    .keys(series.map((_, i) => i).reverse())
    .value((at, i) => (known(series[i].values[at]) ? series[i].values[at] : 0))
    .offset(stackOffsetDiverging)(Array.from(x, (_, at) => at));
  return made.reverse();
}

function rangeOf(layers) {
  let [low, high] = [0, 0];
  for (const layer of layers) for (const [from, to] of layer) [low, high] = [Math.min(low, from, to), Math.max(high, from, to)];
  return [low, high];
}

/** The point nearest to a place, and the band there, -1 outside of all. */
function bandAt(layers, places, up) {
  return (x, y) => {
    const at = nearestIndex(places, x);
    const inside = layers.findIndex((layer) => (up(layer[at][0]) - y) * (up(layer[at][1]) - y) < 0);
    return [at, inside];
  };
}

function tableOf({ title, x, series, ...specification }, told, point, say, total) {
  const head = [specification.xUnit ?? say("year"), ...series.map(({ name }) => isolated(name)), say("total")];
  const rows = Array.from(x, (value, at) => [point(value), ...series.map(({ values }) => told.text(values[at])), told.text(total(at))]);
  return { caption: told.unit ? `${title} (${told.unit})` : `${title}`, head, rows };
}
