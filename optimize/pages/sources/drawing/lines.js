/** Lines over time, with their names at their ends. */

import { chart } from "./chart.js";
import { looks, ROLES } from "./colours.js";
import { nearestIndex } from "./cursor.js";
import { extent, known } from "./numbers.js";
import { makePanel } from "./panel.js";
import { LINE } from "./text.js";
import { BOTTOM, listenOver, overTime, timePlot, TOP } from "./timeplot.js";
import { isolated } from "./words.js";

const FEW = 8; // lines up to which each has its value beside its name
const HIGHEST = 520; // pixels to which many names raise a chart of no given height
const COLUMN = [0.3, 0.36]; // of the width that names may take, on a wide and on a narrow chart

/**
 * @typedef {Object} Series
 * @property {string} name
 * @property {ArrayLike<number>} values a number for each point of `x`; NaN is a gap
 * @property {"mine"|"optimum"|"baseline"|"even"|"other"} [role]
 * @property {number} [look] of what has the same look in all charts of a page
 */

/**
 * @param {import("./chart.js").Specification & {x: ArrayLike<number>, series: Series[], cursor?: ?number,
 *   onCursor?: (cursor: ?number) => void, xUnit?: string, zero?: boolean}} specification `cursor` is an index of `x`
 * @returns {import("./chart.js").Chart}
 */
export const lines = chart("lines", (frame) => {
  const plot = timePlot(frame);
  const panel = makePanel(plot.marks);
  return (specification) => {
    const { series, zero } = specification;
    const styles = looks(series);
    const range = extent(series.map(({ values }) => values));
    const labelsOf = (words) => labelsAt(series, styles, words);
    const least = specification.height ? 0 : Math.min(HIGHEST, series.length * LINE + TOP + BOTTOM);
    const headingOf = ({ point, at }) => point(specification.x[at]);
    const view = plot.view(specification, { range, zero, least, column: COLUMN, labelsOf, headingOf });
    panel({ ...view, series, styles, dots: series.length <= FEW });
    plot.draw(view);
    listenOver(frame, specification, view, { hint: "keys_lines", nearest: nearestOf(series, view) });
    frame.table.show(() => overTime(specification, view));
  };
});

/** The label of each line; that in focus and named roles come first. */
function labelsAt(series, styles, { told, focus, at }) {
  return series.map(({ name, values, role, look }, i) => ({
    name: isolated(name),
    end: lastKnown(values),
    value: series.length <= FEW || i === focus ? told.text(values[at]) : "",
    colour: styles[i].colour,
    strong: role === "mine" || i === focus,
    rank: i === focus ? 0 : ROLES[role] || look !== undefined ? 1 : 2,
  }));
}

function lastKnown(values) {
  for (let i = values.length - 1; i >= 0; i--) if (known(values[i])) return values[i];
  return NaN;
}

/** What is nearest to a place: the point, and the line there. */
function nearestOf(series, { places, up }) {
  return (x, y) => {
    const at = nearestIndex(places, x);
    const away = series.map(({ values }) => (known(values[at]) ? Math.abs(up(values[at]) - y) : Infinity));
    return [at, away.indexOf(Math.min(...away))];
  };
}
