/** Lines over time, with their names at their ends. */

import { asSlider, chart } from "./chart.js";
import { cursorRule, horizontalAxis, verticalAxis } from "./axes.js";
import { looks, ROLES } from "./colours.js";
import { cursorKeys, nearestIndex } from "./cursor.js";
import { marked, pointScale, steady } from "./domains.js";
import { columnHead, columnWidth, endLabels, widened } from "./ends.js";
import { extent, known, pointFormatter, quantity } from "./numbers.js";
import { makePanel, pathsOver } from "./panel.js";
import { element, set, write } from "./svg.js";
import { widest } from "./text.js";
import { isolated, speaker } from "./words.js";

const FEW = 8; // lines up to which each has its value beside its name
const TOP = 26;
const BOTTOM = 24;

/**
 * @typedef {Object} Series
 * @property {string} name
 * @property {ArrayLike<number>} values a number for each point of `x`; NaN is a gap
 * @property {"mine"|"optimum"|"baseline"|"even"|"other"} [role]
 */

/**
 * @param {import("./chart.js").Specification & {x: ArrayLike<number>, series: Series[], cursor?: ?number,
 *   onCursor?: (cursor: ?number) => void, xUnit?: string, zero?: boolean}} specification `cursor` is an index of `x`
 * @returns {import("./chart.js").Chart}
 */
export const lines = chart("lines", (frame) => {
  const vertical = verticalAxis(frame.svg);
  const horizontal = horizontalAxis(frame.svg);
  const rule = cursorRule(frame.svg);
  const panel = makePanel(frame.svg);
  const labels = endLabels(frame.svg);
  const head = columnHead(frame.svg);
  const note = element("text", { "font-size": 11, fill: "#595959", "aria-hidden": "true" }, frame.svg);
  let domain = null;
  let column = { width: 0, of: null };
  return (specification) => {
    const { x, series, width, language, cursor = null, focus = -1 } = specification;
    const say = speaker(specification);
    const height = specification.height ?? Math.round(Math.min(340, Math.max(220, width * 0.5)));
    const range = extent(series.map(({ values }) => values));
    const count = Math.max(2, Math.floor((height - TOP - BOTTOM) / 44));
    domain = steady(domain, range, specification.zero, count);
    const told = quantity(domain, specification, say("no_data"));
    const point = pointFormatter(x, language);
    const shownAt = cursor ?? x.length - 1;
    const styles = looks(series);
    const ends = endsOf(series, { told, styles, focus, shownAt, few: series.length <= FEW });
    column = widened(column, columnWidth(ends, width), `${width} ${series.map(({ name }) => name)}`);
    const { scale: up, ticks, step } = marked(domain, [height - BOTTOM, TOP], count);
    const text = told.tick(step);
    const left = Math.ceil(widest(ticks.map(text), { size: 11 })) + 8;
    const right = width - column.width;
    const { scale: along, ticks: points } = pointScale(x, [left + 2, right - 2]);
    const paths = pathsOver(x, along);
    frame.size(width, height);
    vertical({ scale: up, ticks, text, left, right, unit: told.unit, unitAt: 11 });
    horizontal({ scale: along, ticks: points, text: point, bottom: height - BOTTOM, unit: specification.xUnit ?? say("year"), unitAt: right + 12 });
    rule(cursor === null ? null : { x: paths.places[cursor], top: TOP - 8, bottom: height - BOTTOM, text: point(x[cursor]) });
    panel({ series, styles, paths, vertical: up, cursor, focus, dots: series.length <= FEW });
    ends.forEach((label) => (label.y = up(label.end)));
    const named = labels(ends, { left: right, right: width, top: TOP, bottom: height - BOTTOM - 4, must: ends.filter(({ rank }) => rank < 2).length });
    head(ends.some(({ value }) => value) ? point(x[shownAt]) : "", right + 12, 11, cursor !== null);
    write(set(note, { x: 0, y: height + 12 }), named < series.length ? say("not_named", { count: named, all: series.length }) : "");
    if (named < series.length) frame.size(width, height + 18);
    const value = (at, i) => told.text(series[i].values[at]);
    const tell = (at, i) => `${isolated(series[Math.max(0, i)].name)}, ${point(x[at])}: ${value(at, Math.max(0, i))} ${told.unit}`.trim();
    asSlider(frame, { ...specification, unit: told.unit }, say("keys_lines"), { at: shownAt, count: x.length, text: point(x[shownAt]) });
    cursorKeys(frame, { count: x.length, members: series.length, cursor, focus, onCursor: specification.onCursor, tell, nearest: nearestOf(series, paths, up) });
    frame.table.show(() => tableOf(specification, told, point, say));
  };
});

/** The label of each line: where it ends, its name, its value at a point; named roles come first. */
export function endsOf(series, { told, styles, focus, shownAt, few }) {
  return series.map(({ name, values, role }, i) => ({
    name: isolated(name),
    end: lastKnown(values),
    value: few || i === focus ? told.text(values[shownAt]) : "",
    colour: styles[i].colour,
    strong: role === "mine" || i === focus,
    rank: i === focus ? 0 : ROLES[role] ? 1 : 2,
  }));
}

function lastKnown(values) {
  for (let i = values.length - 1; i >= 0; i--) if (known(values[i])) return values[i];
  return NaN;
}

/** What is nearest to a place: the point, and the line there. */
function nearestOf(series, paths, up) {
  return (x, y) => {
    const at = nearestIndex(paths.places, x);
    let [best, least] = [-1, Infinity];
    series.forEach(({ values }, i) => {
      const away = Math.abs(up(values[at]) - y);
      if (away < least) [best, least] = [i, away];
    });
    return [at, best];
  };
}

/** The numbers of lines as a table: a row for each point. */
export function tableOf(specification, told, point, say) {
  const { title, x, series } = specification;
  const head = [specification.xUnit ?? say("year"), ...series.map(({ name }) => isolated(name))];
  const rows = Array.from(x, (value, at) => [point(value), ...series.map(({ values }) => told.text(values[at]))]);
  return { caption: told.unit ? `${title} (${told.unit})` : `${title}`, head, rows };
}
