/** A tile grid: a square for each place, about where it lies on the map. */

import { asCells, chart } from "./chart.js";
import { RULE } from "./colours.js";
import { cellColours, cellFoot, FOOT, pickFrame } from "./legend.js";
import { extent, known, MINUS } from "./numbers.js";
import { pickable } from "./picking.js";
import { layer, pool, round, set, write } from "./svg.js";
import { fitted, SMALL, widest } from "./text.js";
import { captioned } from "./timeplot.js";
import { isolated } from "./words.js";

const LARGEST = 58; // pixels of a tile
const ASIDE = 3; // how much more a step aside counts than one ahead, when a key looks for the next tile

/**
 * @param {import("./chart.js").Specification & {tiles: {code: string, name: string, column: number, row: number,
 *   value: ?number}[], diverging?: boolean, picked?: ?number, onPick?: (tile: ?number) => void}} specification a value of
 *   null is "no data"; `picked` is an index of tiles, as codes need not differ
 * @returns {import("./chart.js").Chart}
 */
export const tiles = chart("tiles", (frame) => {
  const colours = cellColours(frame.svg);
  const squares = drawTiles(frame.svg);
  const [mark, foot] = [pickFrame(frame.svg), cellFoot(frame.svg)];
  return (specification) => {
    const { tiles: all, width, hovered = null } = specification;
    const values = all.map(({ value }) => value ?? NaN);
    const coloured = colours(specification, values);
    const place = placeOf(specification);
    const picked = all[specification.picked] ? specification.picked : null;
    const shown = all[hovered] ? hovered : picked;
    const tell = (at) => said(all[at], coloured.told);
    frame.size(width, place.bottom + FOOT);
    squares(all, place, coloured);
    mark(picked === null ? null : place.box(all[picked]));
    foot(coloured, { y: place.bottom, width }, shown === null ? "" : tell(shown));
    listen(frame, specification, { coloured, place, picked, hovered, tell });
    frame.table.show(() => tableOf(specification, coloured));
  };
});

function said({ name, value }, told) {
  return `${isolated(name)}: ${told.whole(value)}`;
}

const indexOrNull = (at) => (at < 0 ? null : at);

/** Where tiles stand: as large as the width allows. */
function placeOf({ tiles: all, width }) {
  const [left, right] = extent([all.map(({ column }) => column)]);
  const [top, bottom] = extent([all.map(({ row }) => row)]);
  const size = all.length ? Math.min(LARGEST, width / (right - left + 1)) : 0;
  const inner = round(size - 2);
  const box = ({ column, row }) => ({
    x: round((column - left) * size + 1),
    y: round((row - top) * size + 1),
    width: inner,
    height: inner,
  });
  const covers = (tile, px, py) => {
    const { x, y } = box(tile);
    return px >= x && px < x + inner && py >= y && py < y + inner;
  };
  const find = (px, py) => indexOrNull(all.findIndex((tile) => covers(tile, px, py)));
  return { size, box, find, bottom: all.length ? Math.ceil((bottom - top + 1) * size) : 0 };
}

/** Squares with a code, and a number below; where not all numbers fit, the sign of those below zero. */
function drawTiles(parent) {
  const rects = pool(layer(parent, { class: "tiles", "stroke-width": 0.5 }), "rect");
  const codes = pool(layer(parent, { class: "codes", "text-anchor": "middle", "font-weight": 600 }), "text");
  const numbers = pool(layer(parent, { class: "numbers", "text-anchor": "middle", "font-size": SMALL }), "text");
  return (all, { size, box }, { told, fill, ink }) => {
    const texts = numbersOf(all, size, told);
    const [squares, names, counts] = [rects, codes, numbers].map((make) => make(all.length));
    all.forEach((tile, i) => {
      const place = box(tile);
      const [x, y] = [round(place.x + place.width / 2), place.y + place.height / 2];
      const text = { x, fill: ink(tile.value) };
      const code = fitted(tile.code, size - 4, { bold: true });
      set(squares[i], { ...place, fill: fill(tile.value), stroke: known(tile.value) ? null : RULE });
      write(set(names[i], { ...text, y: round(y + (texts[i] ? -2 : 4)) }), code);
      write(set(counts[i], { ...text, y: round(y + 12) }), texts[i]);
    });
  };
}

function numbersOf(all, size, told) {
  const texts = all.map(({ value }) => (known(value) ? told.text(value) : ""));
  const fit = widest(texts, { size: SMALL }) <= size - 5;
  return fit ? texts : all.map(({ value }) => (value < 0 ? MINUS : ""));
}

function listen(frame, specification, { coloured, place, picked, hovered, tell }) {
  const { tiles: all, onPick } = specification;
  const first = all.length ? 0 : null;
  const walk = (right, down) => (from) => (from === null ? first : next(all, from, right, down));
  const arrows = { ArrowUp: walk(0, -1), ArrowDown: walk(0, 1), ArrowLeft: walk(-1, 0), ArrowRight: walk(1, 0) };
  const moves = { ...arrows, Home: () => first, End: () => indexOrNull(all.length - 1) };
  asCells(frame, { ...specification, unit: coloured.told.unit }, coloured.say("keys_cells"));
  pickable(frame, { picked, hovered, moves, find: place.find, tell, onPick: (at) => onPick?.(at) });
}

/** The nearest tile in a direction, or where it came from. */
function next(all, at, right, down) {
  const from = all[at];
  const away = (tile) => {
    const [x, y] = [tile.column - from.column, tile.row - from.row];
    const ahead = x * right + y * down;
    return ahead > 0 ? ahead + ASIDE * Math.abs(right ? y : x) : Infinity;
  };
  return all.reduce((best, tile, i) => (away(tile) < away(all[best]) ? i : best), at);
}

function tableOf({ title, tiles: all }, { told, say }) {
  const rows = all.map(({ name, value }) => [isolated(name), told.text(value)]);
  return { caption: captioned(title, told.unit), head: [say("name"), say("value")], rows };
}
