/** The budget meter, and a light for each limit of the plan: a shape, a word and how far it is. */

import { drawn, element, set, write } from "./elements.js";
import { numberText, timeText, withUnit } from "./text.js";

const SHAPES = { holds: "M2,8 6,12 14,3", reached: "M3,3h10v10h-10z", broken: "M3,3 13,13M13,3 3,13" };

/** What is spent of each budget. */
export function budgetPanel(page) {
  const { limits } = page.session.payload;
  const meters = limits.flatMap((limit, place) => (limit.isBudget ? [meterOf(page, limit, place)] : []));
  const node = element("div", { class: "budgets" }, meters.map((meter) => meter.node));
  return { node, update: () => meters.forEach((meter) => meter.update()) };
}

/** @param {object} page what all panels know */
export function limitPanel(page) {
  const { payload } = page.session;
  if (!payload.limits.length && !payload.ramps.length) return null;
  const lights = [
    ...payload.limits.map((limit, place) => lightOf(page, limit.label[page.language], () => limitTold(page, limit, page.session.mine.limits[place]))),
    ...payload.ramps.map((ramp, place) => lightOf(page, rampName(page, ramp), () => rampTold(page, ramp, page.session.mine.ramps[place]))),
  ];
  const node = element("section", { class: "limits", "aria-labelledby": "prosperity-limits" },
    element("h2", { id: "prosperity-limits", text: page.say("limits") }),
    element("ul", { class: "lights" }, lights.map((light) => light.node)),
  );
  return { node, update: () => lights.forEach((light) => light.update()) };
}

/** How many of all limits hold. */
export function heldOf({ limits, ramps }) {
  const all = [...limits, ...ramps];
  return { held: all.filter(({ state }) => state !== "broken").length, all: all.length };
}

const rampName = ({ say, session, language }, { lever }) => say("ramp", { name: session.payload.levers[lever].label[language] });

function lightOf(page, name, tell) {
  const shape = drawn("path", {});
  const word = element("b", {});
  const told = element("span", { class: "distance" });
  const node = element("li", {},
    drawn("svg", { class: "light", viewBox: "0 0 16 16", "aria-hidden": "true" }, shape),
    element("span", { class: "name", text: name }),
    word,
    told,
  );
  function update() {
    const { state, text } = tell();
    set(node, { class: state });
    set(shape, { d: SHAPES[state] });
    write(word, page.say(`state_${state}`));
    write(told, text);
  }
  return { node, update };
}

/** Where a limit is nearest, and how far it is there. */
function limitTold(page, limit, { state, row, slack }) {
  const count = limit.starts.length;
  const when = limit.starts[row % count];
  const where = placeOf(page, limit, Math.floor(row / count));
  const time = limit.window === "final" ? page.say("atEnd") : timeText(when);
  return { state, text: distance(page, state, slack, limit.unit[page.language], [time, where].filter(Boolean).join(", ")) };
}

function rampTold(page, ramp, { state, element: at, period, slack }) {
  const lever = page.session.payload.levers[ramp.lever];
  const names = lever.dimensions.map((dimension) => page.session.payload.dimensions[dimension].elements);
  let flat = lever.elements[at];
  const parts = [];
  for (let d = lever.shape.length - 1; d >= 0; d--) {
    parts.unshift(names[d][flat % lever.shape[d]][page.language]);
    flat = Math.floor(flat / lever.shape[d]);
  }
  const place = [timeText(lever.starts[period]), ...parts].join(", ");
  return { state, text: distance(page, state, slack, lever.unit[page.language], place) };
}

function distance(page, state, slack, unit, place) {
  if (!Number.isFinite(slack)) return page.say("noNumber");
  if (state === "reached") return page.say("noneLeft", { place });
  const key = state === "broken" ? "missedBy" : "roomLeft";
  return page.say(key, { amount: withUnit(numberText(Math.abs(slack), page.language, 2), unit), place });
}

function placeOf(page, limit, cell) {
  const axes = Object.entries(limit.axes);
  const parts = [];
  for (const [dimension, names] of axes.reverse()) {
    const found = page.session.payload.dimensions[dimension]?.elements.find((one) => one.name === names[cell % names.length]);
    parts.unshift(found ? found[page.language] : names[cell % names.length]);
    cell = Math.floor(cell / names.length);
  }
  return parts.join(", ");
}

/** What is spent of a budget in the year that is looked at, or over all its years. */
function meterOf(page, limit, place) {
  const fill = element("div", { class: "fill" });
  const text = element("p", { class: "hint" });
  const name = limit.label[page.language];
  const bar = element("div", { class: "meter", role: "meter", "aria-label": name, "aria-valuemin": 0, "aria-valuemax": 100 }, fill);
  const node = element("div", { class: "budget" }, element("p", { class: "name", text: name }), bar, text);
  function update() {
    const { spent, budget } = page.session.mine.limits[place];
    const row = rowAt(limit, page.time);
    const share = budget[row] > 0 ? spent[row] / budget[row] : spent[row] > 0 ? Infinity : 0;
    const number = (value) => numberText(value, page.language);
    const told = page.say("spentOf", {
      spent: number(spent[row]),
      budget: number(budget[row]),
      unit: limit.unit[page.language],
      share: Number.isFinite(share) ? numberText(100 * share, page.language) : "∞",
      time: limit.window === "total" ? `${timeText(limit.starts[row])}–${timeText(limit.ends[row])}` : timeText(limit.starts[row]),
    });
    write(text, told);
    fill.style.width = `${Math.min(100, 100 * share)}%`;
    set(bar, { class: share > 1 + 1e-6 ? "meter over" : "meter", "aria-valuenow": Math.min(1000, Math.round(100 * share)), "aria-valuetext": told });
  }
  return { node, update };
}

/** The row of a budget that holds at a time; of many cells the first. */
function rowAt({ starts }, time) {
  let row = 0;
  while (row + 1 < starts.length && starts[row + 1] <= time) row += 1;
  return row;
}
