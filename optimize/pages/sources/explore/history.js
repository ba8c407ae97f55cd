/** What can be undone: scenarios one after the other, and where we stand among them. A frozen value. */

const MOST = 200; // steps, and as many as fit into
const NUMBERS = 25_000_000; // lever values of all of them together

/** A history that begins with a scenario; `size` is how many levers each step may hold. */
export function begun(scenario, size = 1) {
  const most = Math.max(5, Math.min(MOST, Math.floor(NUMBERS / size)));
  return Object.freeze({ steps: Object.freeze([scenario]), at: 0, most });
}

/** The scenario where we stand. */
export const current = ({ steps, at }) => steps[at];

/** The history with one more scenario; what was undone is gone. */
export function followed({ steps, at, most }, scenario) {
  const kept = [...steps.slice(0, at + 1), scenario].slice(-most);
  return Object.freeze({ steps: Object.freeze(kept), at: kept.length - 1, most });
}

/** One step back, and one forward, where there is one. */
export const undone = (history) => Object.freeze({ ...history, at: Math.max(0, history.at - 1) });
export const redone = (history) => Object.freeze({ ...history, at: Math.min(history.steps.length - 1, history.at + 1) });

export const canUndo = ({ at }) => at > 0;
export const canRedo = ({ steps, at }) => at < steps.length - 1;
