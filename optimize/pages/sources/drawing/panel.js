/** Lines over time in a box: what `lines` and each panel of `multiples` draw. */

import { line } from "d3-shape";

import { GROUND } from "./colours.js";
import { known } from "./numbers.js";
import { element, layer, pool, round, set, toggle } from "./svg.js";

const HIGHLIGHT = 1.5; // pixels that the line in focus is wider
const STROKES = { fill: "none", "stroke-linejoin": "round", "stroke-linecap": "round" };

/**
 * Draws lines, the one in focus on top, and dots at the cursor.
 * @returns {(options: {series: Object[], styles: Object[], places: number[], up: Function, cursor: ?number,
 *   focus: number, dots: boolean}) => void} `dots`: on every line, not only on that in focus
 */
export function makePanel(parent) {
  const lines = pool(layer(parent, { class: "lines", ...STROKES }), "path");
  const top = element("path", STROKES, layer(parent));
  const lone = pool(layer(parent), "circle", { r: 3 });
  const dots = pool(layer(parent, { class: "dots" }), "circle", { r: 3.5, stroke: GROUND, "stroke-width": 1 });
  return (options) => {
    const { series, styles, focus } = options;
    const paths = series.map(pathOver(options));
    const drawn = lines(series.length);
    series.forEach((_, i) => set(drawn[i], stroked(paths[i], styles[i], 0)));
    toggle(top, series[focus]);
    if (series[focus]) set(top, stroked(paths[focus], styles[focus], HIGHLIGHT));
    drawDots(lone, options, lonePoints(series));
    drawDots(dots, options, pointsAt(options));
  };
}

/** A function from a series to its path. */
function pathOver({ places, up }) {
  const path = line((_, i) => places[i], up)
    .defined(known)
    .digits(1);
  return ({ values }) => path(values) ?? "";
}

function stroked(d, { colour, width, dash }, more) {
  return { d, stroke: colour, "stroke-width": width + more, "stroke-dasharray": dash };
}

/** Numbers between two gaps, of which no line tells: the series and the point of each. */
function lonePoints(series) {
  const found = [];
  series.forEach(({ values }, i) => {
    for (let at = 0; at < values.length; at++)
      if (known(values[at]) && !known(values[at - 1]) && !known(values[at + 1])) found.push([i, at]);
  });
  return found;
}

/** The numbers under the cursor. */
function pointsAt({ series, cursor, focus, dots: all }) {
  if (cursor === null) return [];
  const shown = series.map((_, i) => [i, cursor]);
  return shown.filter(([i]) => (all || i === focus) && known(series[i].values[cursor]));
}

function drawDots(dots, { series, styles, places, up }, points) {
  const drawn = dots(points.length);
  points.forEach(([i, at], n) => {
    set(drawn[n], { cx: places[at], cy: round(up(series[i].values[at])), fill: styles[i].colour });
  });
}
