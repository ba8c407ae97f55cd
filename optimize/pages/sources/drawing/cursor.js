/** A cursor over points in time, moved by keys and the pointer, that says what is under it. */

/**
 * Lets keys and the pointer move a cursor and a focus.
 * @param {Object} frame
 * @param {{count: number, members: number, cursor: ?number, focus: number, onCursor: ?Function,
 *   nearest: (x: number, y: number) => [number, number], tell: (cursor: number, focus: number) => string}} options
 */
export function cursorKeys(frame, options) {
  const { count, members, cursor, focus, onCursor, nearest, tell } = options;
  const go = (point, member, aloud) => {
    if (point === cursor && member === focus) return;
    frame.change({ cursor: point, focus: member });
    if (aloud && point !== null) frame.say(tell(point, member));
    if (point !== cursor) onCursor?.(point);
  };
  const at = cursor ?? count - 1;
  const walk = (step) => go(cursor === null ? at : within(at + step, count), Math.max(0, focus), true);
  const turn = (step) => go(at, focus < 0 ? 0 : (focus + step + members) % members, true);
  frame.keys = {
    ArrowLeft: () => walk(-1),
    ArrowRight: () => walk(1),
    ArrowUp: () => turn(-1),
    ArrowDown: () => turn(1),
    PageUp: () => walk(-5),
    PageDown: () => walk(5),
    Home: () => go(0, Math.max(0, focus), true),
    End: () => go(count - 1, Math.max(0, focus), true),
    Escape: () => go(null, -1, false),
  };
  frame.pointer = {
    move: (x, y) => go(...nearest(x, y), false),
    leave: () => go(null, -1, false),
    click: (x, y) => frame.say(tell(...nearest(x, y))),
  };
}

const within = (at, count) => Math.min(count - 1, Math.max(0, at));

/** The index of the place that is nearest to x, among ascending places. */
export function nearestIndex(places, x) {
  let best = 0;
  for (let i = 1; i < places.length; i++) if (Math.abs(places[i] - x) < Math.abs(places[best] - x)) best = i;
  return best;
}
