/** Elements that are kept from drawing to drawing: an attribute is set only when it changes. */

const SVG = "http://www.w3.org/2000/svg";
const SET = Symbol("attributes as they were set");

/** A new SVG element, the last child of its parent. */
export function element(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  set(made, attributes);
  parent?.appendChild(made);
  return made;
}

/** A group of elements that screen readers pass over: they have the table. */
export const layer = (parent, attributes = {}) => element("g", { "aria-hidden": "true", ...attributes }, parent);

/** A new HTML element, the last child of its parent. */
export function html(name, attributes, parent) {
  const made = document.createElement(name);
  set(made, attributes);
  parent?.appendChild(made);
  return made;
}

/** Sets the attributes that differ from what was set before; null removes one. */
export function set(node, attributes) {
  const before = (node[SET] ??= {});
  for (const name in attributes) {
    const value = attributes[name];
    if (before[name] === value) continue;
    before[name] = value;
    if (value === null || value === undefined) node.removeAttribute(name);
    else node.setAttribute(name, value);
  }
  return node;
}

/** Sets the text of an element, as text, if it differs from what was set before. */
export function write(node, text) {
  const before = (node[SET] ??= {});
  if (before.textContent === text) return node;
  before.textContent = text;
  node.textContent = text;
  return node;
}

/** Sets properties of an element's style. */
export function style(node, properties) {
  Object.assign(node.style, properties);
  return node;
}

/** Shows or hides an element. */
export const toggle = (node, shown) => set(node, { display: shown ? null : "none" });

/**
 * Elements of one kind below a parent, made when they are first needed, hidden when they are not.
 * @returns {(count: number) => Element[]} gives at least so many; only these are shown
 */
export function pool(parent, name, attributes = {}) {
  const items = [];
  let shown = 0;
  return (count) => {
    while (items.length < count) items.push(element(name, attributes, parent));
    for (let i = count; i < shown; i++) set(items[i], { display: "none" });
    for (let i = shown; i < count; i++) set(items[i], { display: null });
    shown = count;
    return items;
  };
}

/** A coordinate with one decimal, which is finer than a screen. */
export const round = (value) => Math.round(value * 10) / 10;

let patterns = 0;
const MARK = Math.random().toString(36).slice(2, 8);

/** A fill of thin diagonal lines; its address for `fill`. */
export function hatching(svg, ink, ground, size = 5) {
  const id = `hatching-${MARK}-${++patterns}`;
  const box = { id, width: size, height: size, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
  const made = element("pattern", box, element("defs", {}, svg));
  element("rect", { width: size, height: size, fill: ground }, made);
  element("line", { x1: 0, y1: 0, x2: 0, y2: size, stroke: ink, "stroke-width": 1.5 }, made);
  return `url(#${id})`;
}
