/** Scenarios side by side, as numbers; and what of mine differs from its base. */

import { cardsOf, groupsOf, pathOf, selectionOf, unitOf } from "./choices.js";
import { element, write } from "./elements.js";
import { measure } from "./levers.js";
import { policyOf } from "./scenario.js";
import { changeText, numberText, pointText, timeText } from "./text.js";

const MOST = 60; // differences that are listed

/** A table: a row for the objective and each outcome, a column for each scenario, mine first, which a phone shows too. */
export function comparisonPanel(page) {
  const { session, language } = page;
  const cards = cardsOf(session.payload);
  const title = element("caption", {});
  const table = element("table", {});
  const node = element("section", { class: "comparison", "aria-labelledby": "prosperity-comparison" },
    element("h2", { id: "prosperity-comparison", text: page.say("comparison") }),
    element("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": page.say("comparison") }, table),
    page.session.payload.evenSaid ? element("p", { class: "hint", text: page.session.payload.evenSaid[language] }) : null,
  );

  function columns() {
    const named = Object.entries(session.presets).map(([name, result]) => ({ name: page.say(name), result }));
    const compared = page.compared.map(({ name, result }) => ({ name, result }));
    return [{ name: page.say("mine"), result: session.mine, isMine: true }, ...named, ...compared];
  }

  function update() {
    const all = columns();
    write(title, page.say("comparisonIn", { time: pointText(session.payload.time, session.view.times[page.cursor], language), place: page.regionName || page.say("allTogether") }));
    const head = element("tr", {}, element("td", {}), all.map(({ name, isMine }) => element("th", { scope: "col", class: isMine && "mine", text: name })));
    const goal = row(page.say("goal", { name: page.goalName }), page.goalUnit, all, ({ objective }) => objective * session.payload.objective.factor);
    const rows = cards.map((card) => row(card.outcome[language], unitOf(card, page.region)[language], all, ({ outputs }) => pathOf(card, page.region, outputs, session.view)[page.cursor]));
    table.replaceChildren(title, element("thead", {}, head), element("tbody", {}, goal, rows));
  }

  function row(name, unit, all, valueOf) {
    const base = valueOf(session.presets.baseline);
    return element("tr", {},
      element("th", { scope: "row" }, name, " ", element("span", { class: "unit", text: unit })),
      all.map(({ result, isMine }) => {
        const value = valueOf(result);
        const change = result === session.presets.baseline ? "" : changeText(value - base, language);
        return element("td", { class: isMine && "mine" }, numberText(value, language), change ? element("span", { class: "change", text: change }) : null);
      }),
    );
  }

  return { node, update };
}

/** The differences of mine from its base: every part of a lever and every constant that moved, from what to what. */
export function changesPanel(page) {
  const { session } = page;
  const list = element("ul", { class: "changes" });
  const node = element("section", { class: "differences", "aria-labelledby": "prosperity-changes" },
    element("h2", { id: "prosperity-changes", text: page.say("changes") }),
    list,
  );
  const rows = groupsOf(session.payload).flatMap((group) => group.rows);

  function update() {
    const { scenario } = session;
    const found = [...constants(page, scenario), ...levers(page, scenario, rows)];
    const base = page.say(scenario.base);
    const told = found.slice(0, MOST).map((text) => element("li", { text }));
    const more = found.length > MOST ? [element("li", { text: page.say("moreChanges", { count: found.length - MOST }) })] : [];
    list.replaceChildren(...(found.length ? [...told, ...more] : [element("li", { class: "none", text: page.say("noChanges", { base }) })]));
  }

  return { node, update };
}

function constants({ session, say, language }, scenario) {
  return Object.entries(scenario.constants).map(([place, value]) => {
    const { label, element: part, value: before, unit } = session.payload.constants[place];
    const number = (one) => numberText(one, language, 5);
    return say("changed", { name: label[language] + part, from: number(before), to: number(value), unit: unit[language] });
  });
}

/** The levers that moved: a line for each row, and how many of its regions and years. */
function levers(page, scenario, rows) {
  const { session, say, language } = page;
  const { payload, space } = session;
  if (scenario.factors === null) return [];
  const [x, base] = [policyOf(space, scenario), payload.presets[scenario.base]];
  return rows.flatMap((row) => {
    const lever = payload.levers[row.lever];
    const moved = movedOf(lever, row, x, base);
    if (!moved.count) return [];
    const whole = selectionOf(payload, row, null, null);
    const number = (policy) => numberText(measure(payload.levers, whole, policy), language);
    const [name, unit] = [row.label[language], lever.unit[language]];
    const text = say("changed", { name, from: number(base), to: number(x), unit });
    return [`${text} ${where(page, lever, row, moved)}`];
  });
}

function movedOf({ first, starts }, row, x, base) {
  const elements = new Set();
  const periods = new Set();
  let count = 0;
  for (const e of row.elements) {
    for (let period = 0; period < starts.length; period++) {
      const place = first + e * starts.length + period;
      if (x[place] === base[place]) continue;
      elements.add(e);
      periods.add(period);
      count += 1;
    }
  }
  return { elements, periods, count };
}

function where({ say, session, language }, { starts }, { elements: all, regions }, { elements, periods }) {
  const years = [...periods].sort((a, b) => a - b);
  const time = years.length === 1 ? timeText(starts[years[0]]) : `${timeText(starts[years[0]])}–${timeText(starts[years.at(-1)])}`;
  if (regions === null || elements.size === all.length) return say("changedIn", { time });
  const { elements: names } = session.payload.dimensions[session.payload.region];
  const told = [...elements].slice(0, 3).map((e) => names[regions[e]][language]).join(", ");
  return say("changedIn", { time: `${time}; ${told}${elements.size > 3 ? ` + ${elements.size - 3}` : ""}` });
}
