/** What all charts have: a figure with a caption, a picture, a hidden table, keys and a voice. */

import { FONT, SIZE } from "./text.js";
import { GROUND, INK } from "./colours.js";
import { element, html, set, style, write } from "./svg.js";
import { HIDDEN, hiddenTable } from "./table.js";

/**
 * What every specification has.
 * @typedef {Object} Specification
 * @property {string} title
 * @property {string} [unit]
 * @property {number} [width] pixels
 * @property {number} [height] pixels; charts whose rows need more take more
 * @property {"en"|"zh"} [language]
 * @property {Object<string, string>} [words] instead of those of `words.js`
 * @property {string[]} [pointNames] of charts over time: what the points of `x` are called where one of them is told
 */

/**
 * @typedef {Object} Chart
 * @property {HTMLElement} node a figure
 * @property {(changes: Object) => void} update draws again in place; what is not named stays as it was
 */

const DEFAULTS = { title: "", unit: "", width: 640, language: "en", words: {} };

/**
 * A function from a specification to a chart.
 * @param {string} kind its class is `prosperity-KIND`
 * @param {(frame: Object) => (specification: Object) => void} make gives what draws a specification into the frame
 * @returns {(specification: Specification) => Chart}
 */
export function chart(kind, make) {
  return (given) => {
    const frame = makeFrame(kind);
    const specification = { ...DEFAULTS };
    const draw = make(frame);
    const update = (changes) => {
      for (const name in changes) if (changes[name] !== undefined) specification[name] = changes[name];
      write(frame.title, specification.title);
      draw(specification);
    };
    frame.change = update;
    update(given);
    return { node: frame.node, update };
  };
}

function makeFrame(kind) {
  const node = style(html("figure", { class: `prosperity-figure prosperity-${kind}` }), {
    margin: "0",
    position: "relative",
    fontFamily: FONT,
    color: INK,
  });
  const caption = style(html("figcaption", {}, node), { fontWeight: "600", fontSize: "14px", lineHeight: "1.3" });
  const svg = element("svg", { "font-family": FONT, "font-size": SIZE, fill: INK }, node);
  style(svg, { display: "block", maxWidth: "100%", overflow: "visible" });
  const live = style(html("div", { role: "status", "aria-live": "polite" }, node), HIDDEN);
  const frame = { node, svg, title: caption, keys: {}, pointer: {}, table: hiddenTable(node) };
  frame.say = (text) => write(live, text);
  frame.size = (width, height) => set(svg, { width, height, viewBox: `0 0 ${width} ${height}` });
  listen(frame);
  return frame;
}

/** Hands keys and the pointer to what the chart has in `frame.keys` and `frame.pointer` at that time. */
function listen(frame) {
  const { svg, node } = frame;
  node.addEventListener("focusin", frame.table.flush);
  svg.addEventListener("keydown", (event) => {
    const act = frame.keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  const at = (event) => {
    const box = svg.getBoundingClientRect();
    const scale = (svg.viewBox.baseVal.width || box.width) / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  };
  svg.addEventListener("pointermove", (event) => frame.pointer.move?.(...at(event)));
  svg.addEventListener("pointerleave", () => frame.pointer.leave?.());
  svg.addEventListener("click", (event) => frame.pointer.click?.(...at(event)));
}

/** The picture as a picture, with the title and unit as its name. */
export function asPicture(frame, { title, unit }) {
  set(frame.svg, { role: "img", "aria-label": named(title, unit), tabindex: null });
}

/** The picture as something that keys move in: `application`, so that screen readers hand the keys on. */
export function asCells(frame, { title, unit }, hint) {
  const told = { role: "application", "aria-label": `${named(title, unit)}. ${hint}`, tabindex: 0 };
  set(frame.svg, told);
  style(frame.svg, { touchAction: "manipulation" });
}

/** The picture as a slider over the points of its horizontal axis. */
export function asSlider(frame, { title, unit }, hint, { at, count, text }) {
  set(frame.svg, {
    role: "slider",
    "aria-label": `${named(title, unit)}. ${hint}`,
    "aria-valuemin": 0,
    "aria-valuemax": Math.max(0, count - 1),
    "aria-valuenow": at,
    "aria-valuetext": text,
    tabindex: 0,
  });
  style(frame.svg, { touchAction: "pan-y" });
}

const named = (title, unit) => (unit ? `${title}, ${unit}` : `${title}`);

/** Attributes of text with a rim in the colour of the ground, which stays legible over lines. */
export const RIM = { "paint-order": "stroke", stroke: GROUND, "stroke-width": 3, "stroke-linejoin": "round" };
