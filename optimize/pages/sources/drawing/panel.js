/** Lines over time in a box: what `lines` and each panel of `multiples` draw. */

import { line } from "d3-shape";

import { GROUND } from "./colours.js";
import { known } from "./numbers.js";
import { element, pool, round, set } from "./svg.js";

const HIGHLIGHT = 1.5; // pixels that the line in focus is wider

/** The horizontal places of points, and what gives the path of values over them. */
export function pathsOver(x, scale) {
  const places = Array.from(x, (value) => round(scale(value)));
  let height = null;
  const path = line()
    .x((_, i) => places[i])
    .y((value) => height(value))
    .defined(known)
    .digits(1);
  return {
    places,
    path(values, vertical) {
      height = vertical;
      return path(values) ?? "";
    },
  };
}

/**
 * Draws lines, those named last on top, and dots at the cursor.
 * @returns {(options: {series: Object[], styles: Object[], paths: Object, vertical: Function, cursor: ?number,
 *   focus: number, dots: boolean}) => void}
 */
export function makePanel(parent) {
  const group = element("g", { fill: "none", "stroke-linejoin": "round", "stroke-linecap": "round" }, parent);
  const lines = pool(group, "path");
  const top = element("path", { fill: "none", "stroke-linejoin": "round", "stroke-linecap": "round" }, parent);
  const dots = pool(element("g", {}, parent), "circle", { r: 3.5, stroke: GROUND, "stroke-width": 1 });
  return ({ series, styles, paths, vertical, cursor, focus, dots: dotted }) => {
    const drawn = lines(series.length);
    series.forEach(({ values }, i) => {
      const { colour, width, dash } = styles[i];
      const d = paths.path(values, vertical);
      set(drawn[i], { d, stroke: colour, "stroke-width": width, "stroke-dasharray": dash });
      if (i === focus) set(top, { d, stroke: colour, "stroke-width": width + HIGHLIGHT, "stroke-dasharray": dash });
    });
    set(top, { display: series[focus] ? null : "none" });
    drawDots(dots, { series, styles, paths, vertical, cursor, shown: (i) => dotted || i === focus });
  };
}

function drawDots(dots, { series, styles, paths, vertical, cursor, shown }) {
  const at = cursor === null ? [] : series.map((_, i) => i).filter((i) => shown(i) && known(series[i].values[cursor]));
  const drawn = dots(at.length);
  at.forEach((i, place) => {
    const cy = round(vertical(series[i].values[cursor]));
    set(drawn[place], { cx: paths.places[cursor], cy, fill: styles[i].colour });
  });
}
