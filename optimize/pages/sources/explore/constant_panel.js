/** The panel of assumptions: constants with their ranges, those that matter most first. */

import { element, set } from "./elements.js";
import { numberField } from "./fields.js";
import { withConstant } from "./scenario.js";
import { numberText, withUnit } from "./text.js";

const FEW = 8; // that are shown before somebody asks for all

/** @param {object} page what all panels know */
export function constantPanel(page) {
  const { payload } = page.session;
  if (!payload.constants.length) return null;
  const rows = payload.constants.map((constant, place) => rowOf(page, constant, place));
  const rest = element("div", { hidden: rows.length > FEW }, rows.slice(FEW).map((row) => row.node));
  const more = element("button", {
    type: "button",
    class: "link",
    onclick() {
      rest.hidden = false;
      more.remove();
    },
    text: page.say("moreConstants", { count: rows.length - FEW }),
  });
  const node = element("section", { class: "constants", "aria-labelledby": "prosperity-constants" },
    element("h2", { id: "prosperity-constants", text: page.say("constants") }),
    element("p", { class: "hint", text: page.say("constantsHint") }),
    rows.slice(0, FEW).map((row) => row.node),
    rows.length > FEW ? [more, rest] : null,
  );
  return { node, update: () => rows.forEach((row) => row.update()) };
}

function rowOf(page, constant, place) {
  const { session } = page;
  const name = constant.label[page.language] + constant.element;
  const unit = constant.unit[page.language];
  const changed = (value) => withConstant(session.space, session.settledScenario, place, value);
  const field = numberField(page, {
    onTry: (value) => session.tryOut(changed(value)),
    onDone: (value) => session.settle(value === null ? undefined : changed(value)),
  });
  const number = (value) => numberText(value, page.language);
  const reset = element("button", { type: "button", class: "link", onclick: () => session.settle(changed(constant.value)) }, page.say("backTo", { value: number(constant.value) }));
  const high = withUnit(number(constant.high), unit);
  const range = page.say(`range_${constant.source}`, { low: number(constant.low), high });
  const node = element("div", { class: "row" },
    element("span", { class: "name", text: name }),
    field.node,
    element("p", { class: "about" }, `${range} `, reset),
  );
  function update() {
    const value = session.scenario.constants[place] ?? constant.value;
    field.update({ label: name, value, low: constant.low, high: constant.high, end: constant.high, unit });
    set(reset, { hidden: value === constant.value });
  }
  return { node, update };
}
