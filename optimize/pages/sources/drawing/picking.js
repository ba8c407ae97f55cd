/** Cells, rows or flows that keys and the pointer pick, and that say what they hold. */

/**
 * Lets keys and the pointer pick one of many, each known by a number or a text.
 * @param {Object} frame
 * @param {{picked: ?(number|string), hovered: ?(number|string), moves: Object<string, (from: *) => *>,
 *   find: (x: number, y: number) => ?(number|string), tell: (one: *) => string, onPick: (one: *) => void}} options
 *   `moves`: for the name of a key, where it goes from what is picked (null at first); null stays
 */
export function pickable(frame, { picked, hovered, moves, find, tell, onPick }) {
  const go = (one) => {
    if (one === null || one === undefined) return;
    frame.change({ picked: one, hovered: null });
    frame.say(tell(one));
    onPick(one);
  };
  const clear = () => {
    frame.change({ picked: null, hovered: null });
    onPick(null);
  };
  const hover = (one) => one !== hovered && frame.change({ hovered: one });
  frame.keys = { Escape: clear };
  for (const key in moves) frame.keys[key] = () => go(moves[key](picked));
  frame.pointer = {
    move: (x, y) => hover(find(x, y) ?? null),
    leave: () => hover(null),
    click: (x, y) => go(find(x, y)),
  };
}

/** Moves through a list of so many, from its first one. */
export function listMoves(count) {
  const to = (at) => (count ? Math.min(count - 1, Math.max(0, at)) : null);
  const back = (from) => to(from === null ? 0 : from - 1);
  const on = (from) => to(from === null ? 0 : from + 1);
  return { ArrowUp: back, ArrowLeft: back, ArrowDown: on, ArrowRight: on, Home: () => to(0), End: () => to(count - 1) };
}

/** Moves through a table of cells, counted row by row, from its first one. */
export function gridMoves(rows, columns) {
  const walk = (down, right) => (from) => {
    if (!(rows * columns)) return null;
    if (from === null) return 0;
    const row = Math.min(rows - 1, Math.max(0, Math.floor(from / columns) + down));
    const column = Math.min(columns - 1, Math.max(0, (from % columns) + right));
    return row * columns + column;
  };
  const arrows = { ArrowUp: walk(-1, 0), ArrowDown: walk(1, 0), ArrowLeft: walk(0, -1), ArrowRight: walk(0, 1) };
  return { ...arrows, Home: walk(-rows, -columns), End: walk(rows, columns) };
}
