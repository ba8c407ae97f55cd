/** Elements of the page, made from names and text alone: what a model says is never read as HTML. */

/**
 * An element with attributes, event handlers (`onclick`) and children; texts become text nodes.
 * @param {string} tag
 * @param {object} attributes `class`, `text`, `on...` and attributes by name; null, undefined and false leave one out
 * @param {...(Node|string|null|Array)} children
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  set(node, attributes);
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** The same in SVG. */
export function drawn(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  set(node, attributes);
  node.append(...children.flat(Infinity));
  return node;
}

/** Sets attributes of an element, only those that change. */
export function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "text") write(node, value);
    else if (value === null || value === undefined || value === false) node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? "" : value);
  }
}

/** Sets the text of an element, where it changes. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
