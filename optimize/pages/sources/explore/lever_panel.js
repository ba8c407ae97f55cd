/** The panel of levers: groups of rows, each with a slider for its whole path; one row is open, with its bars. */

import { bars } from "./bars.js";
import { groupsOf, selectionOf } from "./choices.js";
import { element, set, write } from "./elements.js";
import { numberField } from "./fields.js";
import { bounds, meter } from "./levers.js";
import { withLevers } from "./scenario.js";
import { roundUp, timeText } from "./text.js";

/**
 * @param {object} page what all panels know: session, words, what is looked at
 * @returns {{node: HTMLElement, update: () => void}}
 */
export function leverPanel(page) {
  const { session } = page;
  const { payload } = session;
  const limits = bounds(payload.levers);
  const found = groupsOf(payload);
  page.opened ??= found[0]?.rows[0] ?? null;
  const groups = found.map((group) => groupOf(page, group, limits));
  const node = element("section", { class: "levers", "aria-labelledby": "prosperity-levers" },
    element("h2", { id: "prosperity-levers", text: page.say("levers") }),
    element("p", { class: "hint", text: page.say("leversHint") }),
    groups.map((group) => group.node),
  );
  return { node, update: () => groups.forEach((group) => group.update()) };
}

function groupOf(page, { label, rows }, limits) {
  const made = rows.map((row) => rowOf(page, row, limits));
  if (label === null) {
    return { node: element("div", { class: "group" }, made.map((row) => row.node)), update: () => made.forEach((row) => row.update()) };
  }
  const all = { lever: rows[0].lever, label, elements: rows.flatMap((row) => row.elements), regions: rows[0].regions };
  const whole = rows.length > 1 ? rowOf(page, all, limits, true) : null;
  const node = element("div", { class: "group", role: "group", "aria-label": label[page.language] },
    whole ? whole.node : element("h3", { text: label[page.language] }),
    made.map((row) => row.node),
  );
  return { node, update: () => [...(whole ? [whole] : []), ...made].forEach((row) => row.update()) };
}

/** A row: its name, which opens it, the slider of its whole path, and, while it is open, its bars and a year's slider. */
function rowOf(page, row, limits, isGroup = false) {
  const { session } = page;
  const { payload, space } = session;
  const lever = payload.levers[row.lever];
  const name = row.label[page.language];
  const unit = lever.unit[page.language];
  const meters = new Map();
  let ghost = {};
  const field = numberField(page, actions(() => null));
  const editor = element("div", { class: "editor", hidden: true });
  const opener = element("button", { type: "button", class: "opener", "aria-expanded": "false", onclick: () => page.open(row) }, name);
  const line = element("div", { class: "line" }, isGroup ? element("h3", {}, opener) : opener, field.node);
  const node = element("div", { class: isGroup ? "row whole" : "row" }, line, editor);
  let chart = null;
  let yearly = null;
  let title = null;

  const selection = (period) => selectionOf(payload, row, page.region, period);

  function actions(period) {
    const changed = (value) => withLevers(space, session.settledScenario, selection(period()), value);
    return {
      onTry: (value) => session.tryOut(changed(value)),
      onDone: (value) => session.settle(value === null ? undefined : changed(value)),
    };
  }

  function build() {
    const { starts } = lever;
    chart = bars(page, starts.length, {
      onTry(values) {
        let scenario = session.settledScenario;
        for (const [period, value] of values) scenario = withLevers(space, scenario, selection(period), value);
        session.tryOut(scenario);
      },
      onDone: () => session.settle(),
      onPick(period) {
        page.period = period;
        update();
      },
    });
    yearly = numberField(page, actions(() => page.period));
    title = element("p", { class: "year" });
    editor.append(chart.node, title, yearly.node);
  }

  /** What a slider shows: the measure of a selection, between the sums of its bounds, to where it makes sense. */
  function stateOf(period, x, label) {
    const known = meterOf(period);
    const value = known.of(x);
    if (!known.ends || known.ends.end < value) known.ends = endsOf(known.of, value);
    return { label, value, unit, ...known.ends };
  }

  /** What measures a period (null for all) where people look. */
  function meterOf(period) {
    const key = `${period} ${page.region}`;
    if (!meters.has(key)) meters.set(key, { of: meter(payload.levers, selection(period)), ends: null });
    return meters.get(key);
  }

  function endsOf(of, value) {
    const [low, high] = [of(limits.lower), of(limits.upper)];
    const most = Math.max(value, ...Object.values(payload.presets).map(of));
    const wide = roundUp(2.5 * most);
    const isNear = Number.isFinite(high) && (high < 4 * wide || most <= 0);
    return { low, high, end: Math.max(isNear ? high : wide, low) };
  }

  function update() {
    const isOpen = page.opened === row;
    const x = session.policy;
    const where = page.regionName;
    field.update(stateOf(null, x, [name, where, page.say("allYears")].filter(Boolean).join(", ")));
    set(opener, { "aria-expanded": String(isOpen) });
    set(editor, { hidden: !isOpen });
    if (!isOpen) return;
    if (chart === null) build();
    page.period = Math.min(page.period, lever.starts.length - 1);
    const base = payload.presets[session.scenario.base];
    const each = (policy) => Array.from(lever.starts, (_, period) => meterOf(period).of(policy));
    if (ghost.base !== base || ghost.region !== page.region) ghost = { base, region: page.region, values: each(base) };
    const year = stateOf(page.period, x, [name, where, timeText(lever.starts[page.period])].filter(Boolean).join(", "));
    const label = [name, where].filter(Boolean).join(", ");
    chart.update({ ...year, label, scale: year.end, values: each(x), ghost: ghost.values, times: lever.starts, picked: page.period });
    write(title, `${timeText(lever.starts[page.period])}${where ? `, ${where}` : ""}`);
    yearly.update(year);
  }

  return { node, update };
}
