/** Fields for one number: a slider and a box to type it, which refuses what is out of range beside the box. */

import { element, set, write } from "./elements.js";
import { numberText, typed, typedText, withUnit } from "./text.js";

let count = 0;

/**
 * @param {object} page words and language
 * @param {{onTry: (value: number) => void, onDone: (value: ?number) => void}} actions `onDone` has the value that was
 *   typed, null after a drag
 * @returns {{node: HTMLElement, update: (state: {label: string, value: number, low: number, high: number, end: number,
 *   unit: string}) => void}} `end` is where the slider ends, where `high` is no bound
 */
export function numberField(page, { onTry, onDone }) {
  const id = `prosperity-${(count += 1)}`;
  let state = null;
  const wrong = element("p", { class: "wrong", id, role: "alert" });
  const slider = element("input", { type: "range", step: "any", oninput: dragged, onchange: () => onDone(null) });
  const box = element("input", { type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false" });
  set(box, { onchange: tried, onkeydown: (event) => event.key === "Escape" && restored(), onblur: () => !refusal() && fill() });
  const node = element("div", { class: "field" }, slider, box, wrong);

  function dragged() {
    refuse("");
    onTry(Number(slider.value));
  }

  function refusal() {
    return wrong.textContent;
  }

  function refuse(text) {
    write(wrong, text);
    set(box, { "aria-invalid": text ? "true" : null, "aria-describedby": text ? id : null });
  }

  function tried() {
    const value = typed(box.value);
    const { low, high, label, unit } = state;
    if (value >= low - near(low) && value <= high + near(high)) {
      refuse("");
      onDone(Math.min(Math.max(value, low), high));
      return;
    }
    const { say, language } = page;
    const number = (end) => numberText(end, language, 6);
    const range = Number.isFinite(high)
      ? say("rangeBetween", { low: number(low), high: withUnit(number(high), unit) })
      : say("rangeFrom", { low: withUnit(number(low), unit) });
    const found = Number.isNaN(value) ? say("notNumber", { text: box.value }) : say("outOfRange", { value: box.value });
    refuse(say("refused", { label, found, range }));
  }

  /** What people read of an end may be rounded. */
  const near = (end) => (Number.isFinite(end) ? 1e-5 * Math.abs(end) : 0);

  function restored() {
    refuse("");
    fill();
  }

  function fill() {
    box.value = typedText(Number(state.value.toPrecision(4)));
  }

  function update(next) {
    state = next;
    if (refusal() && page.root.ownerDocument.activeElement !== box) refuse("");
    const { label, value, low, end, unit } = next;
    const told = withUnit(numberText(value, page.language), unit);
    set(slider, { min: low, max: end, "aria-label": label, "aria-valuetext": told });
    set(box, { "aria-label": [label, unit].filter(Boolean).join(", ") });
    if (Number(slider.value) !== value) slider.value = String(value);
    if (page.root.ownerDocument.activeElement !== box && !refusal()) fill();
  }

  return { node, update };
}
