/** A cursor over points in time, moved by keys and the pointer, that says what is under it. */

const LEAP = 5; // points that a page key moves

/**
 * Lets keys and the pointer move the cursor and the focus. Who listens is told when they leave, and may clear the cursor
 * (it may be a year that a whole page looks at); where nobody does, it is gone.
 * @param {Object} frame
 * @param {{cursor: ?number, focus: number}} now
 * @param {{count: number, members: number, onCursor: ?Function, nearest: (x: number, y: number) => [number, number],
 *   tell: (cursor: number, focus: number) => string}} options `nearest` gives a point and a member, -1 for none
 */
export function followCursor(frame, now, { count, members, onCursor, nearest, tell }) {
  Object.assign(frame, { keys: {}, pointer: {} });
  if (!count || !members) return;
  const { cursor } = now;
  const focus = now.focus < members ? now.focus : -1;
  const go = (point, member, aloud = true) => {
    if (aloud && point !== null) frame.say(tell(point, Math.max(0, member)));
    if (point === cursor && member === focus) return;
    frame.change({ cursor: point, focus: member });
    if (point !== cursor) onCursor?.(point);
  };
  const at = cursor ?? count - 1;
  const member = Math.max(0, focus);
  const to = (point) => () => go(Math.min(count - 1, Math.max(0, point)), member);
  const walk = (step) => to(cursor === null ? at : cursor + step);
  const turn = (step) => () => go(at, focus < 0 ? 0 : (focus + step + members) % members);
  const leave = () => {
    if (cursor === null && focus < 0) return;
    frame.change({ cursor: onCursor ? cursor : null, focus: -1 });
    onCursor?.(null);
  };
  frame.keys = {
    ArrowLeft: walk(-1),
    ArrowRight: walk(1),
    PageUp: walk(-LEAP),
    PageDown: walk(LEAP),
    Home: to(0),
    End: to(count - 1),
    ArrowUp: turn(-1),
    ArrowDown: turn(1),
    Escape: leave,
  };
  frame.pointer = { move: (x, y) => go(...nearest(x, y), false), click: (x, y) => go(...nearest(x, y)), leave };
}

/** The index of the place that is nearest to x, among ascending places. */
export function nearestIndex(places, x) {
  let best = 0;
  for (let i = 1; i < places.length; i++) if (Math.abs(places[i] - x) < Math.abs(places[best] - x)) best = i;
  return best;
}
