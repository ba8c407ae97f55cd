/** Bars over time that are dragged: by the pointer, also across many of them, and by keys, one after the other. */

import { drawn, element, set, write } from "./elements.js";
import { numberText, roundUp, timeText } from "./text.js";

const WIDTH = 360;
const HEIGHT = 150;
const LEFT = 46;
const BOTTOM = 18;
const TOP = 20;
const STEPS = { ArrowUp: 0.02, ArrowDown: -0.02, PageUp: 0.1, PageDown: -0.1 };

/**
 * @param {object} page words and language
 * @param {number} count the number of bars
 * @param {{onTry: (values: Map<number, number>) => void, onDone: () => void, onPick: (bar: number) => void}} actions
 * @returns {{node: Element, update: (state: {label: string, unit: string, values: ArrayLike<number>,
 *   ghost: ArrayLike<number>, times: ArrayLike<number>, low: number, high: number, picked: number}) => void}}
 */
export function bars(page, count, { onTry, onDone, onPick }) {
  let state = null;
  let end = null;
  let drag = null;
  const width = (WIDTH - LEFT) / count;
  const grid = drawn("g", { class: "grid", "aria-hidden": "true" });
  const unit = drawn("text", { x: 0, y: 10, "aria-hidden": "true" });
  const all = Array.from({ length: count }, (_, i) => bar(i));
  const svg = drawn("svg", { class: "bars", viewBox: `0 0 ${WIDTH} ${HEIGHT + BOTTOM}`, role: "group" }, grid, unit, all.map(({ node }) => node));
  const axis = [0, 0.5, 1].map((share) => mark(share));
  const years = drawn("g", { class: "years", "aria-hidden": "true" });
  svg.append(years);
  set(svg, { onpointerdown: down, onpointermove: move, onpointerup: up, onpointercancel: up });
  const node = element("div", { class: "bars-holder" }, svg);

  function bar(i) {
    const ghost = drawn("path", { class: "ghost" });
    const body = drawn("rect", { class: "bar", x: LEFT + i * width + 1, width: Math.max(1, width - 2) });
    const hit = drawn("rect", { class: "hit", x: LEFT + i * width, y: 0, width, height: HEIGHT });
    const group = drawn("g", { role: "slider", "aria-orientation": "vertical", onkeydown: (event) => key(event, i), onfocus: () => onPick(i) }, hit, body, ghost);
    return { node: group, body, ghost };
  }

  function mark(share) {
    const line = drawn("line", { x1: LEFT, x2: WIDTH });
    const text = drawn("text", { x: LEFT - 5 });
    grid.append(line, text);
    return { share, line, text };
  }

  const floor = () => Math.min(0, state.low);
  const y = (value) => TOP + (HEIGHT - TOP) * (1 - (value - floor()) / (end - floor()));
  const clip = (value) => Math.min(Math.max(value, state.low), state.high);

  function at(event) {
    const box = svg.getBoundingClientRect();
    const scale = WIDTH / box.width;
    const place = Math.floor(((event.clientX - box.left) * scale - LEFT) / width);
    const share = 1 - ((event.clientY - box.top) * scale - TOP) / (HEIGHT - TOP);
    return { place: Math.min(Math.max(place, 0), count - 1), value: clip(floor() + share * (end - floor())) };
  }

  function down(event) {
    if (event.button > 0) return;
    event.preventDefault();
    svg.setPointerCapture(event.pointerId);
    drag = { values: new Map(), last: at(event) };
    all[drag.last.place].node.focus({ preventScroll: true });
    draggedTo(drag.last);
  }

  function move(event) {
    if (drag !== null) draggedTo(at(event));
  }

  /** All bars between the last place and this one, along the line that the pointer drew. */
  function draggedTo(here) {
    const { values, last } = drag;
    const span = here.place - last.place;
    for (let k = 0; k <= Math.abs(span); k++) {
      const share = span === 0 ? 1 : k / Math.abs(span);
      values.set(last.place + Math.sign(span) * k, last.value + share * (here.value - last.value));
    }
    drag.last = here;
    onTry(values);
  }

  function up() {
    if (drag === null) return;
    drag = null;
    onDone();
  }

  function key(event, i) {
    const to = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: count - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      all[Math.min(Math.max(to, 0), count - 1)].node.focus();
      return;
    }
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    onTry(new Map([[i, clip(state.values[i] + step * (end - floor()))]]));
    onDone();
  }

  /** The axis stands still while somebody drags, unless a bar leaves it. */
  function fitted() {
    const most = Math.max(...state.values, ...state.ghost, 0);
    if (drag !== null && end !== null && most <= end) return;
    end = Number.isFinite(state.high) && most > 0.6 * state.high ? state.high : roundUp(most > 0 ? 1.3 * most : state.scale);
  }

  function update(next) {
    state = next;
    fitted();
    const { label, unit: name, values, ghost, times, picked } = next;
    set(svg, { "aria-label": label });
    write(unit, name);
    all.forEach((one, i) => {
      const [top, zero] = [y(Math.max(values[i], 0)), y(Math.min(values[i], 0))];
      set(one.body, { y: top.toFixed(1), height: Math.max(0.5, zero - top).toFixed(1) });
      set(one.ghost, { d: `M${LEFT + i * width + 1},${y(ghost[i]).toFixed(1)}h${Math.max(1, width - 2)}` });
      set(one.node, {
        class: i === picked ? "picked" : null,
        tabindex: i === picked ? 0 : -1,
        "aria-label": `${label}, ${timeText(times[i])}`,
        "aria-valuemin": state.low,
        "aria-valuemax": end,
        "aria-valuenow": values[i],
        "aria-valuetext": `${numberText(values[i], page.language)} ${name}`,
      });
    });
    for (const { share, line, text } of axis) {
      const value = floor() + share * (end - floor());
      set(line, { y1: y(value), y2: y(value) });
      set(text, { y: y(value) + 4 });
      write(text, numberText(value, page.language));
    }
    named(times);
  }

  function named(times) {
    if (years.childNodes.length) return;
    const every = Math.ceil(count / 6);
    for (let i = 0; i < count; i += every) {
      years.append(drawn("text", { x: LEFT + (i + 0.5) * width, y: HEIGHT + BOTTOM - 4, text: timeText(times[i]) }));
    }
  }

  return { node, update };
}
