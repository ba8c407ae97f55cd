/** A tile grid: a square for each place, about where it lies on the map. */

import { asCells, chart } from "./chart.js";
import { GROUND, INK, MUTED, RULE, inkOn, shade } from "./colours.js";
import { colourKey, colourRange, steadyColours } from "./legend.js";
import { extent, known, quantity } from "./numbers.js";
import { element, hatching, pool, round, set, write } from "./svg.js";
import { fitted, widest } from "./text.js";
import { isolated, speaker } from "./words.js";

const LARGEST = 58;
const LEGEND = 56;

/**
 * @param {import("./chart.js").Specification & {tiles: {code: string, name: string, column: number, row: number,
 *   value: ?number}[], diverging?: boolean, picked?: ?string, onPick?: (code: ?string) => void}} specification
 *   columns and rows count from 0; a value of null is "no data"; `picked` is a code
 * @returns {import("./chart.js").Chart}
 */
export const tiles = chart("tiles", (frame) => {
  const hatch = hatching(frame.svg, "#c4c4c4", "#f7f7f7");
  const squares = pool(element("g", {}, frame.svg), "rect");
  const codes = pool(element("g", { "text-anchor": "middle", "aria-hidden": "true" }, frame.svg), "text", { "font-weight": 600 });
  const numbers = pool(element("g", { "text-anchor": "middle", "font-size": 11, "aria-hidden": "true" }, frame.svg), "text");
  const mark = element("rect", { fill: "none", stroke: INK, "stroke-width": 3 }, frame.svg);
  const readout = element("text", { "font-weight": 600, "aria-hidden": "true" }, frame.svg);
  const key = colourKey(frame.svg);
  let domain = null;
  return (specification) => {
    const { tiles: all, width, diverging = false, picked = null, hovered = null } = specification;
    const say = speaker(specification);
    const values = all.map(({ value }) => value ?? NaN);
    const range = extent([values]);
    domain = steadyColours(domain, colourRange(range, diverging));
    const told = quantity(range[0] <= range[1] ? range : domain, specification, say("no_data"));
    const [left, top] = [Math.min(...all.map(({ column }) => column)), Math.min(...all.map(({ row }) => row))];
    const [across, down] = [Math.max(...all.map(({ column }) => column)) - left + 1, Math.max(...all.map(({ row }) => row)) - top + 1];
    const cell = Math.min(LARGEST, width / across);
    const height = Math.ceil(down * cell + LEGEND);
    const texts = values.map((value) => (known(value) ? told.text(value) : ""));
    const fits = widest(texts, { size: 11 }) <= cell - 5 && cell >= 30;
    frame.size(width, height);
    const [rects, names, counts] = [squares(all.length), codes(all.length), numbers(all.length)];
    const x = (tile) => round((tile.column - left) * cell);
    const y = (tile) => round((tile.row - top) * cell);
    all.forEach((tile, i) => {
      const fill = known(values[i]) ? shade((values[i] - domain[0]) / (domain[1] - domain[0]), diverging) : hatch;
      const ink = known(values[i]) ? inkOn(fill) : MUTED;
      const rim = known(values[i]) ? null : RULE;
      set(rects[i], { x: x(tile) + 1, y: y(tile) + 1, width: round(cell - 2), height: round(cell - 2), fill, stroke: rim, "stroke-width": 0.5 });
      const middle = round(x(tile) + cell / 2);
      const lift = fits && texts[i] ? -0.04 : 0.12;
      write(set(names[i], { x: middle, y: round(y(tile) + cell * (0.5 + lift)), fill: ink }), tile.code);
      write(set(counts[i], { x: middle, y: round(y(tile) + cell * 0.46 + 13), fill: ink }), fits ? texts[i] : "");
    });
    const at = all.find(({ code }) => code === picked);
    set(mark, { display: at ? null : "none", x: at ? x(at) + 1 : 0, y: at ? y(at) + 1 : 0, width: round(cell - 2), height: round(cell - 2) });
    const told_of = (tile) => `${isolated(tile.name)}: ${told.text(tile.value ?? NaN)} ${known(tile.value) ? told.unit : ""}`.trim();
    const shown = all.find(({ code }) => code === (hovered ?? picked));
    write(set(readout, { x: 0, y: height - 38 }), shown ? fitted(told_of(shown), width, { bold: true }) : "");
    key({ x: 0, y: height - 28, domain, diverging, told, missing: values.every(known) ? "" : say("no_data"), hatch });
    asCells(frame, { ...specification, unit: told.unit }, say("keys_cells"));
    tileKeys(frame, { all, picked: at, hovered, onPick: specification.onPick, tell: told_of, find: (px, py) => all.find((tile) => px >= x(tile) && px < x(tile) + cell && py >= y(tile) && py < y(tile) + cell) });
    frame.table.show(() => ({
      caption: told.unit ? `${specification.title} (${told.unit})` : `${specification.title}`,
      head: [say("name"), say("value")],
      rows: all.map((tile) => [isolated(tile.name), told.text(tile.value ?? NaN)]),
    }));
  };
});

/** Lets keys and the pointer pick a tile: a key goes to the nearest one in its direction. */
function tileKeys(frame, { all, picked, hovered, onPick, tell, find }) {
  const go = (tile) => {
    if (!tile) return;
    frame.change({ picked: tile.code, hovered: null });
    frame.say(tell(tile));
    onPick?.(tile.code);
  };
  const walk = (right, down) => () => go(picked ? next(all, picked, right, down) : all[0]);
  frame.keys = {
    ArrowUp: walk(0, -1),
    ArrowDown: walk(0, 1),
    ArrowLeft: walk(-1, 0),
    ArrowRight: walk(1, 0),
    Home: () => go(all[0]),
    End: () => go(all[all.length - 1]),
    Escape: () => {
      frame.change({ picked: null, hovered: null });
      onPick?.(null);
    },
  };
  frame.pointer = {
    move: (x, y) => {
      const code = find(x, y)?.code ?? null;
      if (code !== hovered) frame.change({ hovered: code });
    },
    leave: () => frame.change({ hovered: null }),
    click: (x, y) => go(find(x, y)),
  };
}

/** The nearest tile that lies in a direction: steps aside count thrice. */
function next(all, from, right, down) {
  const away = (tile) => {
    const [x, y] = [tile.column - from.column, tile.row - from.row];
    const ahead = x * right + y * down;
    return ahead > 0 ? ahead + 3 * Math.abs(right ? y : x) : Infinity;
  };
  return all.reduce((best, tile) => (away(tile) < away(best) ? tile : best), from);
}
