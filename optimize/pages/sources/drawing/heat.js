/** A heat map: a cell for each row and column, the darker the more. */

import { asCells, chart } from "./chart.js";
import { INK, MUTED, RULE, inkOn, shade } from "./colours.js";
import { colourKey, colourRange, steadyColours } from "./legend.js";
import { extent, known, quantity } from "./numbers.js";
import { element, hatching, pool, round, set, write } from "./svg.js";
import { fitted, widest, width as widthOf } from "./text.js";
import { isolated, speaker } from "./words.js";

const LOWEST = 15; // pixels of a cell
const HEADING = 20; // of the name of a group
const LEGEND = 52;
const SLANT = 0.75; // of names above columns that stand slanted: height per length

/**
 * @param {import("./chart.js").Specification & {rows: {name: string, group?: string}[], columns: {name: string}[],
 *   values: ArrayLike<number>, diverging?: boolean, picked?: ?{row: number, column: number},
 *   onPick?: (picked: {row: number, column: number}) => void}} specification values row by row
 * @returns {import("./chart.js").Chart}
 */
export const heat = chart("heat", (frame) => {
  const hatch = hatching(frame.svg, "#9a9a9a", "#f4f4f4");
  const names = element("g", { "aria-hidden": "true" }, frame.svg);
  const headings = pool(element("g", { "font-weight": 600, "aria-hidden": "true" }, frame.svg), "text", { "font-size": 11 });
  const rowNames = pool(names, "text", { "text-anchor": "end", dy: ".34em", "font-size": 11.5 });
  const columnNames = pool(names, "text", { "font-size": 11.5 });
  const cells = pool(element("g", {}, frame.svg), "rect");
  const minus = [INK, "#ffffff"].map((stroke) => element("path", { stroke, "stroke-width": 1.2, fill: "none" }, frame.svg));
  const mark = element("rect", { fill: "none", stroke: INK, "stroke-width": 2.5 }, frame.svg);
  const readout = element("text", { "font-weight": 600, "aria-hidden": "true" }, frame.svg);
  const key = colourKey(frame.svg);
  let domain = null;
  return (specification) => {
    const { rows, columns, values, diverging = false, picked = null, hovered = null } = specification;
    const say = speaker(specification);
    const range = extent([values]);
    domain = steadyColours(domain, colourRange(range, diverging));
    const told = quantity(range[0] <= range[1] ? range : domain, specification, say("no_data"));
    const place = layout(specification);
    const value = (row, column) => values[row * columns.length + column];
    frame.size(specification.width, place.height);
    drawNames({ rowNames, columnNames, headings }, specification, place);
    const drawn = cells(rows.length * columns.length);
    const signs = ["", ""];
    const missing = [];
    for (let row = 0; row < rows.length; row++)
      for (let column = 0; column < columns.length; column++) {
        const number = value(row, column);
        const share = (number - domain[0]) / (domain[1] - domain[0]);
        const fill = known(number) ? shade(share, diverging) : hatch;
        const [x, y] = [place.x(column), place.y(row)];
        set(drawn[row * columns.length + column], { x, y, width: place.wide, height: place.tall, fill });
        if (!known(number)) missing.push(row);
        else if (number < 0 && diverging) signs[inkOn(fill) === INK ? 0 : 1] += `M${round(x + place.wide / 2 - 3)},${round(y + place.tall / 2)}h6`;
      }
    signs.forEach((d, i) => set(minus[i], { d }));
    const shown = hovered ?? picked;
    const at = picked && rows[picked.row] && columns[picked.column] ? picked : null;
    set(mark, { display: at ? null : "none", x: place.x(at?.column ?? 0), y: place.y(at?.row ?? 0), width: place.wide, height: place.tall });
    const tell = ({ row, column }) => `${isolated(rows[row].name)}, ${isolated(columns[column].name)}: ${told.text(value(row, column))} ${told.unit}`.trim();
    write(set(readout, { x: 0, y: place.height - 38 }), shown ? fitted(tell(shown), specification.width, { bold: true }) : "");
    key({ x: 0, y: place.height - 28, domain, diverging, told, missing: missing.length ? say("no_data") : "", hatch });
    asCells(frame, { ...specification, unit: told.unit }, say("keys_cells"));
    cellKeys(frame, { rows: rows.length, columns: columns.length, picked: at, hovered, onPick: specification.onPick, tell, find: place.find });
    frame.table.show(() => ({
      caption: told.unit ? `${specification.title} (${told.unit})` : `${specification.title}`,
      head: ["", ...columns.map(({ name }) => isolated(name))],
      rows: rows.map(({ name }, row) => [isolated(name), ...columns.map((_, column) => told.text(value(row, column)))]),
    }));
  };
});

/** Where names and cells stand. */
function layout({ rows, columns, width, height: given }) {
  const left = Math.ceil(Math.min(widest(rows.map(({ name }) => name), { size: 11.5 }), width * 0.28)) + 8;
  const longest = Math.min(widest(columns.map(({ name }) => name), { size: 11.5 }), 170);
  const flat = (width - left) / columns.length >= longest + 8;
  const steep = !flat && width < 560;
  const overhang = flat || steep ? 0 : Math.ceil(longest * Math.sqrt(1 - SLANT * SLANT));
  const top = flat ? 20 : Math.ceil(longest * (steep ? 1 : SLANT)) + 14;
  const step = (width - left - overhang) / columns.length;
  const starts = rows.map(({ group }, i) => group !== undefined && group !== rows[i - 1]?.group);
  const headings = starts.filter(Boolean).length * HEADING;
  const wanted = ((given ?? 0) - top - headings - LEGEND) / rows.length;
  const tall = Math.max(LOWEST, Math.min(26, wanted));
  let y = top;
  const tops = rows.map((_, i) => {
    y += starts[i] ? HEADING : 0;
    y += tall;
    return y - tall;
  });
  const gap = step > 8 ? 1 : 0;
  const find = (px, py) => {
    const column = Math.floor((px - left) / step);
    const row = tops.findIndex((above) => py >= above && py < above + tall);
    return row >= 0 && column >= 0 && column < columns.length ? { row, column } : null;
  };
  return {
    left, top, flat, steep, step, starts, longest, find,
    x: (column) => round(left + column * step),
    y: (row) => round(tops[row]),
    wide: round(step - gap),
    tall: round(tall - gap),
    height: Math.ceil(y + LEGEND),
  };
}

function drawNames({ rowNames, columnNames, headings }, { rows, columns }, place) {
  const drawn = rowNames(rows.length);
  rows.forEach(({ name }, i) => {
    const at = { x: place.left - 6, y: round(place.y(i) + place.tall / 2) };
    write(set(drawn[i], at), fitted(isolated(name), place.left - 6, { size: 11.5 }));
  });
  const tops = columnNames(columns.length);
  columns.forEach(({ name }, i) => {
    const [x, y] = [round(place.x(i) + place.wide / 2), place.top - 6];
    const angle = place.flat ? null : place.steep ? -90 : (-Math.asin(SLANT) * 180) / Math.PI;
    const turned = angle === null ? null : `rotate(${round(angle)} ${x} ${y})`;
    const at = { x, y, transform: turned, "text-anchor": place.flat ? "middle" : "start", dy: place.steep ? ".32em" : null };
    write(set(tops[i], at), fitted(isolated(name), place.longest, { size: 11.5 }));
  });
  const groups = rows.map((row, i) => [row.group, i]).filter(([, i]) => place.starts[i]);
  const texts = headings(groups.length);
  groups.forEach(([group, i], at) => write(set(texts[at], { x: 0, y: place.y(i) - 5, fill: MUTED }), isolated(group)));
}

/** Lets keys and the pointer pick a cell. */
function cellKeys(frame, { rows, columns, picked, hovered, onPick, tell, find }) {
  const go = (cell) => {
    frame.change({ picked: cell, hovered: null });
    frame.say(tell(cell));
    onPick?.(cell);
  };
  const walk = (down, right) => () =>
    go(
      picked
        ? { row: Math.min(rows - 1, Math.max(0, picked.row + down)), column: Math.min(columns - 1, Math.max(0, picked.column + right)) }
        : { row: 0, column: 0 },
    );
  frame.keys = {
    ArrowUp: walk(-1, 0),
    ArrowDown: walk(1, 0),
    ArrowLeft: walk(0, -1),
    ArrowRight: walk(0, 1),
    Home: walk(-rows, -columns),
    End: walk(rows, columns),
    Escape: () => {
      frame.change({ picked: null, hovered: null });
      onPick?.(null);
    },
  };
  const same = (one, other) => one?.row === other?.row && one?.column === other?.column;
  frame.pointer = {
    move: (x, y) => {
      const cell = find(x, y);
      if (!same(cell, hovered)) frame.change({ hovered: cell });
    },
    leave: () => frame.change({ hovered: null }),
    click: (x, y) => {
      const cell = find(x, y);
      if (cell) go(cell);
    },
  };
}
