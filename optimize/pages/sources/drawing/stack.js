/** Money over time: bands on top of each other, each named, groups in one hue. */

import { area, stack as stacking, stackOffsetDiverging } from "d3-shape";

import { chart } from "./chart.js";
import { GROUND, INK, inkOn, shades } from "./colours.js";
import { nearestIndex } from "./cursor.js";
import { known } from "./numbers.js";
import { element, layer, pool, round, set, toggle, write } from "./svg.js";
import { LINE, SMALL, width as widthOf } from "./text.js";
import { BOTTOM, listenOver, overTime, timePlot, TOP } from "./timeplot.js";
import { isolated } from "./words.js";

const TALL = 13; // pixels of height that a name takes in its band
const COLUMN = [0.36, 0.48]; // of the width that names may take, on a wide and on a narrow chart

/**
 * @param {import("./chart.js").Specification & {x: ArrayLike<number>, series: {name: string, group?: string,
 *   values: ArrayLike<number>}[], cursor?: ?number, onCursor?: Function, xUnit?: string}} specification the first
 *   series is drawn on top, as its name is read first; it is as high as the names need
 * @returns {import("./chart.js").Chart}
 */
export const stack = chart("stack", (frame) => {
  const plot = timePlot(frame);
  const bands = pool(layer(plot.marks, { class: "bands", stroke: GROUND, "stroke-width": 0.75 }), "path");
  const outline = element("path", { fill: "none", stroke: INK, "stroke-width": 1.5 }, plot.marks);
  const names = pool(layer(plot.marks, { class: "band-names", "font-size": SMALL, "text-anchor": "middle" }), "text");
  return (specification) => {
    const { series, x } = specification;
    const styles = shades(series.map(({ group }) => group));
    const layers = layersOf(x, series);
    const totals = totalsOf(x, series);
    const labelsOf = (words) => labelsAt(series, styles, layers, words);
    const needs = { range: rangeOf(layers), zero: true, least: series.length * LINE + TOP + BOTTOM, column: COLUMN };
    const headingOf = ({ told, point, at, say }) => `${point(x[at])}: ${told.text(totals[at])} ${say("total")}`;
    const view = plot.view(specification, { ...needs, labelsOf, headingOf });
    const path = pathOver(view);
    const drawn = bands(series.length);
    layers.forEach((band, i) => set(drawn[i], { d: path(band), fill: styles[i].fill }));
    toggle(outline, layers[view.focus]);
    if (layers[view.focus]) set(outline, { d: path(layers[view.focus]) });
    nameBands(names, series, layers, styles, view);
    plot.draw(view);
    listenOver(frame, specification, view, { hint: "keys_stack", nearest: bandAt(layers, view) });
    frame.table.show(() => overTime(specification, view, [{ name: view.say("total"), values: totals }]));
  };
});

/** The names of bands in them, where they are largest, of those in which a name has room. */
function nameBands(names, series, layers, styles, view) {
  const places = series.map(({ name }, i) => placeIn(layers[i], widthOf(isolated(name), { size: SMALL }), view));
  const named = places.flatMap((place, i) => (place ? [i] : []));
  const nodes = names(named.length);
  named.forEach((i, n) => {
    const { x, y } = places[i];
    write(set(nodes[n], { x: round(x), y: round(y + 4), fill: inkOn(styles[i].fill) }), isolated(series[i].name));
  });
}

/** The middle of the tallest box of a width inside of a band; null where a line of text has no room in it. */
function placeIn(band, width, { places, up, left, right }) {
  const edges = band.map(([low, high]) => [up(high), up(low)]);
  let best = null;
  places.forEach((x) => {
    const [from, to] = [x - width / 2 - 3, x + width / 2 + 3];
    if (from < left || to > right) return;
    const inner = edges.filter((_, j) => places[j] > from && places[j] < to);
    const all = [...inner, edgesAt(places, edges, from), edgesAt(places, edges, to)];
    const [top, bottom] = [Math.max(...all.map(([y]) => y)), Math.min(...all.map(([, y]) => y))];
    if (bottom - top >= Math.max(TALL, best?.room ?? 0)) best = { x, y: (top + bottom) / 2, room: bottom - top };
  });
  return best;
}

/** The upper and the lower edge of a band between its points. */
function edgesAt(places, edges, x) {
  const after = places.findIndex((place) => place >= x);
  if (after <= 0) return edges[after === 0 ? 0 : edges.length - 1];
  const share = (x - places[after - 1]) / (places[after] - places[after - 1]);
  return edges[after].map((y, side) => edges[after - 1][side] + share * (y - edges[after - 1][side]));
}

/** The ends of each band at each point: the first series on top; numbers below zero hang below it, gaps are nothing. */
function layersOf(x, series) {
  const made = stacking()
    .keys(series.map((_, i) => i).reverse())
    .value((at, i) => (known(series[i].values[at]) ? series[i].values[at] : 0))
    .offset(stackOffsetDiverging)(Array.from(x, (_, at) => at));
  return made.reverse();
}

function totalsOf(x, series) {
  const sum = (at) => series.reduce((total, { values }) => total + (known(values[at]) ? values[at] : 0), 0);
  return Array.from(x, (_, at) => sum(at));
}

function rangeOf(layers) {
  let [low, high] = [0, 0];
  for (const band of layers)
    for (const [from, to] of band) [low, high] = [Math.min(low, from, to), Math.max(high, from, to)];
  return [low, high];
}

function labelsAt(series, styles, layers, { told, focus, at }) {
  return series.map(({ name, values }, i) => ({
    name: isolated(name),
    end: (layers[i].at(-1)[0] + layers[i].at(-1)[1]) / 2,
    value: told.text(values[at]),
    colour: styles[i].text,
    fill: styles[i].fill,
    strong: i === focus,
    rank: 0,
  }));
}

function pathOver({ places, up }) {
  return area(
    (_, i) => places[i],
    ([low]) => up(low),
    ([, high]) => up(high),
  ).digits(1);
}

/** The point nearest to a place, and the band there, -1 outside of all. */
function bandAt(layers, { places, up }) {
  return (x, y) => {
    const at = nearestIndex(places, x);
    return [at, layers.findIndex((band) => (up(band[at][0]) - y) * (up(band[at][1]) - y) < 0)];
  };
}
