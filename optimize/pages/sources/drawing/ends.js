/** The names of lines and bands at their ends, without overlap, with the value under the cursor. */

import { INK, MUTED } from "./colours.js";
import { chosen, spread } from "./placing.js";
import { LINE, fitted, width } from "./text.js";
import { element, pool, round, set, write } from "./svg.js";

const LEAD = 12; // pixels from the end of a line to its name

/**
 * Draws labels in a column.
 *
 * Each label has the place `y` at which its line ends (NaN where there is no number), `name`, `value` (a text, "" for
 * none), `colour`, `strong`, and `rank`: the first are shown where there is no room for all; below `must`, always.
 * @returns {(labels: Object[], column: {left: number, right: number, top: number, bottom: number, must: number}) =>
 *   number} how many are shown
 */
export function endLabels(parent) {
  const group = element("g", { "aria-hidden": "true" }, parent);
  const leads = pool(group, "path", { fill: "none", "stroke-width": 1, opacity: 0.6 });
  const texts = makeTexts(group);
  return (labels, { left, right, top, bottom, must }) => {
    const places = labels.map(({ y }) => (Number.isFinite(y) ? y : bottom));
    const order = labels.map((_, i) => i).sort((one, other) => labels[one].rank - labels[other].rank || one - other);
    const shown = chosen(places, order, must, LINE, bottom - top + LINE);
    shown.sort((one, other) => places[one] - places[other] || labels[one].rank - labels[other].rank);
    const at = spread(shown.map((i) => places[i]), LINE, top, bottom);
    const [drawnLeads, drawnTexts] = [leads(shown.length), texts(shown.length)];
    shown.forEach((index, i) => {
      const label = labels[index];
      const y = round(at[i]);
      const known = Number.isFinite(label.y);
      const d = known ? `M${round(left + 2)},${round(label.y)}L${left + LEAD - 3},${y}` : "";
      set(drawnLeads[i], { d, stroke: label.colour });
      drawnTexts[i](label, left + LEAD, y, right - left - LEAD);
    });
    return shown.length;
  };
}

/** Texts of a value and a name, as functions that draw them. */
function makeTexts(group) {
  const made = [];
  const texts = pool(group, "text", { dy: ".32em" });
  return (count) =>
    texts(count).map((node, i) => {
      made[i] ??= textOf(node);
      return made[i];
    });
}

function textOf(node) {
  const value = element("tspan", { "font-weight": 600 }, node);
  const name = element("tspan", {}, node);
  return (label, x, y, room) => {
    set(node, { x, y, fill: label.colour, "font-weight": label.strong ? 600 : 400 });
    write(value, label.value);
    write(set(name, { dx: label.value ? 5 : 0 }), fitted(label.name, room - valueRoom(label.value), { bold: label.strong }));
  };
}

/** Digits are of one width, so that this needs no measuring of every number. */
const valueRoom = (text) => (text ? 7 * text.length + 5 : 0);

/** The width of a column for names and values, of at most a share of the chart. */
export function columnWidth(labels, chart) {
  const wanted = labels.reduce((most, { name, value }) => Math.max(most, width(name, { bold: true }) + valueRoom(value)), 0);
  return Math.ceil(Math.min(wanted, chart * (chart < 480 ? 0.36 : 0.3))) + LEAD + 2;
}

/** A width that only grows, for one list of names and one width of the chart. */
export function widened(before, width, of) {
  return { of, width: before.of === of ? Math.max(before.width, width) : width };
}

/** The point whose values stand in the column, above it. */
export function columnHead(parent) {
  const node = element("text", { "font-size": 11, "font-weight": 600, "aria-hidden": "true" }, parent);
  return (text, x, y, strong) => write(set(node, { x, y, fill: strong ? INK : MUTED }), text);
}
