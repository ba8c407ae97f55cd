/** The what-if in a notebook: what people settle on goes to Python, and what Python sets is shown. */

import { explore } from "./explore.js";

/**
 * Draws a widget (the `render` of anywidget). The model's traits: `payload`; `told`, what people settled on; `asked`,
 * what Python wants to be shown, each with `policy` (bytes of float64) and `constants` (values by name).
 * @param {{model: {get: Function, set: Function, save_changes: Function, on: Function, off: Function}, el: HTMLElement}}
 *   view
 * @returns {() => void} what ends it
 */
export function renderWidget({ model, el }) {
  el.addEventListener("keydown", ownKeys);
  el.style.maxHeight = "85vh"; // a page of its own would fill the notebook
  el.style.overflow = "auto";
  const whatIf = explore(el, model.get("payload"), {
    language: model.get("language") || undefined,
    onChange(scenario) {
      model.set("told", { policy: bytesOf(scenario.policy), constants: scenario.constants });
      model.save_changes();
    },
  });
  const show = (said) => {
    if (said?.policy) whatIf.setPolicy(numbersOf(said.policy), said.constants);
  };
  const onAsked = () => show(model.get("asked"));
  const onTold = () => {
    const told = model.get("told");
    if (!sameBytes(told.policy, bytesOf(whatIf.scenario().policy))) show(told);
  };
  model.on("change:asked", onAsked);
  model.on("change:told", onTold);
  show(model.get("asked").policy ? model.get("asked") : model.get("told"));
  return () => {
    model.off("change:asked", onAsked);
    model.off("change:told", onTold);
    el.removeEventListener("keydown", ownKeys);
    whatIf.stop();
  };
}

/** Keys belong to the widget: a notebook takes the arrows that move its sliders for its own. */
const ownKeys = (event) => event.stopPropagation();

function bytesOf(numbers) {
  return new DataView(Float64Array.from(numbers).buffer);
}

function numbersOf(view) {
  const from = view.byteOffset;
  return new Float64Array(view.buffer.slice(from, from + view.byteLength));
}

function sameBytes(one, other) {
  if (!one || one.byteLength !== other.byteLength) return false;
  for (let i = 0; i < one.byteLength; i++) if (one.getUint8(i) !== other.getUint8(i)) return false;
  return true;
}
