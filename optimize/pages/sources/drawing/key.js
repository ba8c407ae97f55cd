/** Which line is which, in one row above small multiples. */

import { layer, pool, set, write } from "./svg.js";
import { fitted, width as widthOf } from "./text.js";

const SAMPLE = 26; // pixels of a line that is shown
const ROW = 18;

/**
 * @returns {(entries: {name: string, style: Object}[], width: number) => number} draws, and gives the height
 */
export function lineKey(parent) {
  const group = layer(parent);
  const [samples, texts] = [pool(group, "line"), pool(group, "text", { dy: ".32em" })];
  return (entries, width) => {
    const [lines, words] = [samples(entries.length), texts(entries.length)];
    const names = entries.map(({ name }) => fitted(name, width - SAMPLE - 5));
    const places = flow(
      names.map((name) => SAMPLE + 5 + widthOf(name)),
      width,
    );
    entries.forEach(({ style }, i) => {
      const { x, y } = places[i];
      const stroke = { stroke: style.colour, "stroke-width": style.width, "stroke-dasharray": style.dash };
      set(lines[i], { x1: x, x2: x + SAMPLE, y1: y, y2: y, ...stroke });
      write(set(words[i], { x: x + SAMPLE + 5, y, fill: style.colour }), names[i]);
    });
    return (places.at(-1)?.y ?? 0) + ROW / 2;
  };
}

/** Places of boxes in rows, as words flow on a page. */
function flow(widths, room) {
  let [x, y] = [0, ROW / 2];
  return widths.map((width) => {
    if (x > 0 && x + width > room) [x, y] = [0, y + ROW];
    const place = { x, y };
    x += width + 16;
    return place;
  });
}
