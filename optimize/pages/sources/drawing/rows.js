/** Rows that keys and the pointer pick. */

/** Lets the arrow keys and a click pick a row, given the tops of all. */
export function rowKeys(frame, { tops, row, picked, onPick, tell }) {
  const go = (at) => {
    if (at < 0 || at >= tops.length) return;
    frame.change({ picked: at });
    frame.say(tell(at));
    onPick?.(at);
  };
  const clear = () => {
    frame.change({ picked: null });
    onPick?.(null);
  };
  frame.keys = {
    ArrowUp: () => go(picked === null ? 0 : picked - 1),
    ArrowDown: () => go(picked === null ? 0 : picked + 1),
    Home: () => go(0),
    End: () => go(tops.length - 1),
    Escape: clear,
  };
  const find = (y) => tops.findIndex((top) => y >= top && y < top + row);
  frame.pointer = { click: (_, y) => go(find(y)) };
}
