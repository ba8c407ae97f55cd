/** The hidden table behind each chart: the same numbers, for screen readers, written when there is time. */

import { html, style, write } from "./svg.js";

/** Out of sight, but read aloud. */
export const HIDDEN = {
  position: "absolute",
  width: "1px",
  height: "1px",
  overflow: "hidden",
  clipPath: "inset(50%)",
  whiteSpace: "nowrap",
  contain: "strict",
};
const QUIET = 250; // milliseconds without a change after which a table is written: never while a slider is dragged

const idly = globalThis.requestIdleCallback ?? ((work) => setTimeout(work, 1));

/**
 * A table below a figure; `show` takes a function that gives its content, called once nothing changes any more.
 * @returns {{show: (content: () => {caption: string, head: string[], rows: string[][]}) => void, flush: () => void}}
 */
export function hiddenTable(figure) {
  const write = tableWriter(figure);
  let waiting = null;
  let changed = 0;
  let planned = false;
  const flush = () => {
    if (waiting) write(waiting());
    waiting = null;
  };
  const look = () => {
    const left = changed + QUIET - performance.now();
    if (left > 0) return setTimeout(look, left);
    planned = false;
    return idly(flush);
  };
  const show = (content) => {
    waiting = content;
    changed = performance.now();
    if (!planned) setTimeout(look, QUIET);
    planned = true;
  };
  return { show, flush };
}

function tableWriter(figure) {
  const table = html("table", {}, style(html("div", { class: "prosperity-table" }, figure), HIDDEN));
  const caption = html("caption", {}, table);
  const [head, body] = [html("thead", {}, table), html("tbody", {}, table)];
  return (content) => {
    write(caption, content.caption);
    fill(head, [content.head], () => ["th", "col"]);
    fill(body, content.rows, (column) => (column ? ["td", null] : ["th", "row"]));
  };
}

/** Writes rows of texts into a part of a table, in the cells that are there. */
function fill(part, rows, kind) {
  while (part.rows.length > rows.length) part.deleteRow(-1);
  rows.forEach((texts, at) => {
    const row = part.rows[at] ?? part.insertRow();
    while (row.cells.length > texts.length) row.deleteCell(-1);
    texts.forEach((text, column) => {
      const [name, scope] = kind(column);
      write(row.cells[column] ?? html(name, { scope }, row), text);
    });
  });
}
