/** The names of lines and bands at their ends, without overlap, with the value under the cursor. */

import { INK, MUTED } from "./colours.js";
import { chosen, spread } from "./placing.js";
import { element, layer, pool, round, set, write } from "./svg.js";
import { LINE, SMALL, fitted, width } from "./text.js";

export const LEAD = 12; // pixels from the end of a line to its name
const DIGIT = 7.2; // pixels of a digit, bold; all are of one width, so that this needs no measuring of every number
const BETWEEN = 5; // a value and its name
const SWATCH = 9; // the colour of a band before its label
const BESIDE = 4; // between the two

/**
 * @typedef {Object} Label
 * @property {string} name
 * @property {string} value a text, "" for none
 * @property {number} y where the line ends; NaN where it has no number
 * @property {string} colour
 * @property {boolean} strong
 * @property {string} [fill] the colour of a band, shown before its label
 * @property {number} rank 0 is shown first, where there is no room for all; see `chosen`
 */

/**
 * Draws labels in a column.
 * @returns {(labels: Label[], column: {left: number, right: number, top: number, bottom: number}) => number} how many
 *   are shown
 */
export function endLabels(parent) {
  const group = layer(parent, { class: "labels" });
  const leads = pool(group, "path", { fill: "none", "stroke-width": 1, opacity: 0.6 });
  const texts = labelTexts(group);
  const swatches = pool(group, "rect", { class: "swatch", width: SWATCH, height: SWATCH });
  return (labels, { left, right, top, bottom }) => {
    const { shown, at } = placed(labels, top, bottom);
    const [lines, words] = [leads(shown.length), texts(shown.length)];
    const filled = shown.filter((index) => labels[index].fill);
    const squares = swatches(filled.length);
    shown.forEach((index, i) => {
      const label = labels[index];
      const y = round(at[i]);
      const square = squares[filled.indexOf(index)];
      if (square) set(square, { x: left + LEAD, y: round(y - SWATCH / 2), fill: label.fill });
      const aside = swatchRoom(label);
      set(lines[i], { d: lead(left, label.y, y), stroke: label.colour });
      words[i](label, { x: left + LEAD + aside, y, room: right - left - LEAD - aside });
    });
    return shown.length;
  };
}

/** Those that are shown from top to bottom, and where; lines without numbers at the bottom. */
function placed(labels, top, bottom) {
  const places = labels.map(({ y }) => (Number.isFinite(y) ? y : bottom));
  const shown = chosen(
    places,
    labels.map(({ rank }) => rank),
    LINE,
    bottom - top + LINE,
  );
  shown.sort((one, other) => places[one] - places[other] || one - other);
  return {
    shown,
    at: spread(
      shown.map((i) => places[i]),
      LINE,
      top,
      bottom,
    ),
  };
}

const lead = (left, from, to) =>
  Number.isFinite(from) ? `M${round(left + 2)},${round(from)}L${round(left + LEAD - 3)},${to}` : "";

/** Texts of a value and a name; gives functions that draw them. */
export function labelTexts(group) {
  const made = [];
  const texts = pool(group, "text", { dy: ".32em" });
  return (count) => {
    const nodes = texts(count);
    while (made.length < nodes.length) made.push(labelText(nodes[made.length]));
    return made;
  };
}

function labelText(node) {
  const value = element("tspan", { "font-weight": 600 }, node);
  const name = element("tspan", {}, node);
  return (label, { x, y, room, anchor = "start" }) => {
    set(node, { x, y, "text-anchor": anchor, fill: label.colour, "font-weight": label.strong ? 600 : 400 });
    write(value, label.value);
    const left = room - valueRoom(label.value);
    write(set(name, { dx: label.value ? BETWEEN : 0 }), fitted(label.name, left, { bold: label.strong }));
  };
}

const swatchRoom = ({ fill }) => (fill ? SWATCH + BESIDE : 0);
const valueRoom = (text) => (text ? DIGIT * text.length + BETWEEN : 0);

/** The width of a column for labels, of at most a share of the chart. */
export function columnWidth(labels, most) {
  const wanted = labels.map((label) => swatchRoom(label) + width(label.name, { bold: true }) + valueRoom(label.value));
  return Math.ceil(Math.min(Math.max(0, ...wanted), most)) + LEAD + 2;
}

/** The point whose values stand in the column, above it. */
export function columnHead(parent) {
  const node = element("text", { "font-size": SMALL, "font-weight": 600 }, layer(parent));
  return ({ text, x, y, strong }) => write(set(node, { x, y, fill: strong ? INK : MUTED }), text);
}
