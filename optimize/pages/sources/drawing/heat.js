/** A heat map: a cell for each row and column, the darker the more. */

import { asCells, chart } from "./chart.js";
import { BLACK, GROUND, MUTED } from "./colours.js";
import { cellColours, cellFoot, FOOT, pickFrame } from "./legend.js";
import { gridMoves, pickable } from "./picking.js";
import { element, layer, pool, round, set, write } from "./svg.js";
import { fitted, SMALL, widest } from "./text.js";
import { captioned } from "./timeplot.js";
import { isolated } from "./words.js";

const NAMES = { size: 11.5 };
const LONGEST = 170; // pixels of a name above a column
const [LOWEST, HIGHEST] = [15, 26]; // pixels of a cell
const HEADING = 20; // above a group of rows
const NARROW = 560; // below this width names stand upright
const SLANT = 48; // degrees of names above columns that do not fit
const LEADING = 12; // pixels from one name above a column to the next
const DASH = 6; // pixels of the sign in a cell below zero

/**
 * @param {import("./chart.js").Specification & {rows: {name: string, group?: string}[], columns: {name: string}[],
 *   values: ArrayLike<number>, diverging?: boolean, picked?: ?{row: number, column: number},
 *   onPick?: (picked: ?{row: number, column: number}) => void, reversed?: boolean}} specification values row by row;
 *   `diverging`: colours on both sides of zero, and a dash in each cell below it; `reversed`: colours the other way round
 * @returns {import("./chart.js").Chart}
 */
export const heat = chart("heat", (frame) => {
  const colours = cellColours(frame.svg);
  const names = drawNames(frame.svg);
  const cells = drawCells(frame.svg);
  const [mark, foot] = [pickFrame(frame.svg), cellFoot(frame.svg)];
  return (specification) => {
    const { values, columns, width, hovered = null } = specification;
    const coloured = colours(specification, values);
    const place = placeOf(specification);
    const picked = indexOf(specification);
    const tell = teller(specification, coloured);
    frame.size(width, place.bottom + FOOT);
    names(specification, place);
    cells(specification, place, coloured);
    mark(picked === null ? null : place.box(Math.floor(picked / columns.length), picked % columns.length));
    foot(coloured, { y: place.bottom, width }, (hovered ?? picked) === null ? "" : tell(hovered ?? picked));
    listen(frame, specification, { coloured, place, picked, hovered, tell });
    frame.table.show(() => tableOf(specification, coloured));
  };
});

/** Which cell is picked, counted row by row; null for none and for one that is not there. Keys give a number. */
function indexOf({ picked = null, rows, columns }) {
  const index = picked === null || typeof picked === "number" ? picked : picked.row * columns.length + picked.column;
  return index !== null && index >= 0 && index < rows.length * columns.length ? index : null;
}

function teller({ rows, columns, values }, { told }) {
  return (index) => {
    const [row, column] = [rows[Math.floor(index / columns.length)], columns[index % columns.length]];
    return `${isolated(row.name)}, ${isolated(column.name)}: ${told.whole(values[index])}`;
  };
}

/** Where names and cells stand. */
function placeOf({ rows, columns, width, height }) {
  const names = namesOf(rows, columns, width);
  const step = (width - names.left - names.overhang) / columns.length;
  const starts = rows.map(({ group }, i) => group !== undefined && group !== rows[i - 1]?.group);
  const headings = starts.filter(Boolean).length * HEADING;
  const wanted = ((height ?? 0) - names.top - headings - FOOT) / rows.length;
  const tall = Math.max(LOWEST, Math.min(HIGHEST, wanted));
  let bottom = names.top;
  const tops = rows.map((_, i) => (bottom += tall + (starts[i] ? HEADING : 0)) - tall);
  const gap = step > 8 ? 1 : 0;
  const size = { width: round(step - gap), height: round(tall - gap) };
  const box = (row, column) => ({ x: round(names.left + column * step), y: round(tops[row]), ...size });
  const find = (px, py) => {
    const column = Math.floor((px - names.left) / step);
    const row = tops.findIndex((top) => py >= top && py < top + tall);
    return row >= 0 && column >= 0 && column < columns.length ? row * columns.length + column : null;
  };
  return { ...names, starts, box, find, bottom: Math.ceil(bottom) };
}

/** How names stand: those of columns flat if they fit, else slanted, on narrow charts upright. */
function namesOf(rows, columns, width) {
  const left =
    Math.ceil(
      Math.min(
        widest(
          rows.map(({ name }) => name),
          NAMES,
        ),
        width * 0.3,
      ),
    ) + 8;
  const longest = Math.min(
    widest(
      columns.map(({ name }) => name),
      NAMES,
    ),
    LONGEST,
  );
  const angle = (width - left) / columns.length >= longest + 4 ? 0 : width < NARROW ? 90 : SLANT;
  const [rise, run] = [Math.sin((angle * Math.PI) / 180), Math.cos((angle * Math.PI) / 180)];
  const overhang = angle ? Math.ceil(longest * run) : 0;
  const apart = ((width - left - overhang) / columns.length) * (angle ? rise : 1);
  const every = angle ? Math.max(1, Math.ceil(LEADING / apart)) : 1;
  return { left, longest, angle, every, top: Math.ceil(longest * rise) + 20, overhang };
}

/** Whether a column is named: all where lines of text have room, else each so many, counted from the last one. */
const isNamed = (i, { length }, every) => (length - 1 - i) % every === 0;

function drawNames(parent) {
  const group = layer(parent, { class: "names", "font-size": NAMES.size });
  const rowNames = pool(group, "text", { "text-anchor": "end", dy: ".34em" });
  const columnNames = pool(group, "text");
  const headings = pool(layer(parent, { "font-weight": 600, "font-size": SMALL, fill: MUTED }), "text", { x: 0 });
  return ({ rows, columns }, { box, left, longest, angle, every, top, starts }) => {
    const [beside, above] = [rowNames(rows.length), columnNames(columns.length)];
    rows.forEach(({ name }, i) => {
      const { y, height } = box(i, 0);
      write(set(beside[i], { x: left - 6, y: round(y + height / 2) }), fitted(isolated(name), left - 6, NAMES));
    });
    columns.forEach(({ name }, i) => {
      const { x, width } = box(0, i);
      const looks = columnLooks(round(x + width / 2), top - 6, angle);
      write(set(above[i], looks), isNamed(i, columns, every) ? fitted(isolated(name), longest, NAMES) : "");
    });
    const groups = rows.flatMap(({ group: text }, i) => (starts[i] ? [{ text, y: box(i, 0).y - 5 }] : []));
    const texts = headings(groups.length);
    groups.forEach(({ text, y }, i) => write(set(texts[i], { y }), isolated(text)));
  };
}

function columnLooks(x, y, angle) {
  const turned = {
    transform: `rotate(${-angle} ${x} ${y})`,
    "text-anchor": "start",
    dy: angle === 90 ? ".34em" : null,
  };
  return { x, y, ...(angle ? turned : { transform: null, "text-anchor": "middle", dy: null }) };
}

/** Cells, and a dash in those below zero, which are told from those above in grey too. */
function drawCells(parent) {
  const rects = pool(layer(parent, { class: "cells" }), "rect");
  const group = layer(parent, { class: "dashes", "stroke-width": 1.2 });
  const dashes = {
    [BLACK]: element("path", { stroke: BLACK }, group),
    [GROUND]: element("path", { stroke: GROUND }, group),
  };
  return ({ rows, columns, values }, { box }, { fill, ink, diverging }) => {
    const drawn = rects(rows.length * columns.length);
    const signs = { [BLACK]: "", [GROUND]: "" };
    for (let i = 0; i < rows.length * columns.length; i++) {
      const place = box(Math.floor(i / columns.length), i % columns.length);
      set(drawn[i], { ...place, fill: fill(values[i]) });
      if (diverging && values[i] < 0) signs[ink(values[i])] += dash(place);
    }
    for (const colour in signs) set(dashes[colour], { d: signs[colour] });
  };
}

const dash = ({ x, y, width, height }) => `M${round(x + (width - DASH) / 2)},${round(y + height / 2)}h${DASH}`;

function listen(frame, specification, { coloured, place, picked, hovered, tell }) {
  const { rows, columns, onPick } = specification;
  const cell = (index) => ({ row: Math.floor(index / columns.length), column: index % columns.length });
  const told = (index) => onPick?.(index === null ? null : cell(index));
  const moves = gridMoves(rows.length, columns.length);
  asCells(frame, { ...specification, unit: coloured.told.unit }, coloured.say("keys_cells"));
  pickable(frame, { picked, hovered, moves, find: place.find, tell, onPick: told });
}

function tableOf({ title, rows, columns, values }, { told, say }) {
  const head = [say("name"), ...columns.map(({ name }) => isolated(name))];
  const text = (row, column) => told.text(values[row * columns.length + column]);
  const body = rows.map(({ name }, row) => [isolated(name), ...columns.map((_, column) => text(row, column))]);
  return { caption: captioned(title, told.unit), head, rows: body };
}
