/** What comes out: a chart for each headline outcome, baseline, optimum and mine; and all regions at once on a grid. */

import { lines, tiles } from "../drawing/drawing.js";
import { cardsOf, kindOf, pathOf, unitOf, valuesAt } from "./choices.js";
import { element, set, write } from "./elements.js";
import { pointText } from "./text.js";

const FEW = 12; // charts that are shown before somebody asks for all

/** @param {object} page what all panels know */
export function outcomePanel(page) {
  const cards = cardsOf(page.session.payload).map((card) => cardOf(page, card));
  const first = element("div", { class: "cards" }, cards.slice(0, FEW).map(({ node }) => node));
  const rest = element("details", { class: "more" },
    element("summary", { text: page.say("moreOutcomes", { count: cards.length - FEW }) }),
    element("div", { class: "cards" }, cards.slice(FEW).map(({ node }) => node)),
  );
  set(rest, { ontoggle: () => rest.open && update() });
  const node = element("section", { class: "outcomes", "aria-labelledby": "prosperity-outcomes" },
    element("h2", { id: "prosperity-outcomes", text: page.say("outcomes") }),
    first,
    cards.length > FEW ? rest : null,
  );

  const shown = () => (rest.open ? cards : cards.slice(0, FEW));
  const update = () => shown().forEach((card) => card.update());
  return { node, update, resize: () => shown().forEach((card) => card.resize()), look: () => shown().forEach((card) => card.look()) };
}

function cardOf(page, card) {
  const { session, language } = page;
  const { view } = session;
  const note = element("p", { class: "hint" });
  const node = element("div", { class: "card" });
  let chart = null;
  let still = { region: undefined, series: [] };

  const path = (outputs) => pathOf(card, page.region, outputs, view);

  /** The lines that stay as they are while somebody drags. */
  function others() {
    const key = `${page.region} ${session.assumed} ${page.compared.map(({ name, number }) => `${name} ${number}`)}`;
    if (still.key !== key) {
      const named = Object.entries(session.presets).filter(([name]) => name !== "even" || !session.presets.optimum);
      const series = named.map(([name, { outputs }]) => ({ name: page.say(name), role: name, values: path(outputs) }));
      const compared = page.compared.map(({ name, result }) => ({ name, role: "other", values: path(result.outputs) }));
      still = { key, series: [...series, ...compared] };
    }
    return still.series;
  }

  const series = () => [...others(), { name: page.say("mine"), role: "mine", values: path(session.mine.outputs) }];

  function about() {
    const kind = kindOf(card, page.region);
    const better = card.outcome.better ? page.say(`better_${card.outcome.better}`) : "";
    const region = page.regionDimension;
    const mean = kind === "mean" && card.regional.count > 1 ? page.say("meanOf", { dimension: region ? region.label[language] : "" }) : "";
    const whole = kind === "whole" && page.region !== null ? page.say("allTogether") : "";
    write(note, [better, mean, whole].filter(Boolean).join(" · "));
  }

  function all() {
    return {
      title: card.outcome[language],
      unit: unitOf(card, page.region)[language],
      x: view.times,
      pointNames: Array.from(view.times, (time) => pointText(session.payload.time, time, language)),
      xUnit: page.timeUnit,
      series: series(),
      cursor: page.cursor,
      language,
      onCursor: page.moveCursor,
    };
  }

  function update() {
    if (chart === null) {
      chart = lines({ ...all(), width: Math.max(220, node.clientWidth || 300), height: 170 });
      node.append(chart.node, note);
      about();
      return;
    }
    chart.update({ series: series() });
  }

  function look() {
    if (chart === null) return update();
    about();
    return chart.update(all());
  }

  const resize = () => chart?.update({ width: Math.max(220, node.clientWidth) });
  return { node, update, look, resize };
}

/** All regions at once: an outcome in the year that is looked at, as mine differs from the baseline. */
export function mapPanel(page) {
  const { session, language } = page;
  const { payload, view } = session;
  const regional = cardsOf(payload).filter(({ regional: one }) => one !== null && one.by === payload.region);
  const places = payload.region ? placesOf(payload.dimensions[payload.region]) : [];
  if (!regional.length || places.length < 2) return null;
  let chosen = 0;
  let differs = true;
  let chart = null;
  const which = element("select", { "aria-label": page.say("outcome"), onchange: () => ((chosen = Number(which.value)), look()) },
    regional.map(({ regional: one }, i) => element("option", { value: i, text: one[language] })));
  const how = element("select", { "aria-label": page.say("shown"), onchange: () => ((differs = how.value === "change"), look()) },
    element("option", { value: "change", text: page.say("changeToBaseline") }),
    element("option", { value: "value", text: page.say("valueItself") }),
  );
  const holder = element("div", { class: "tiles" });
  const node = element("section", { class: "map", "aria-labelledby": "prosperity-map" },
    element("h2", { id: "prosperity-map", text: page.say("allRegions", { dimension: payload.dimensions[payload.region].label[language] }) }),
    element("p", { class: "controls" }, which, how),
    holder,
  );

  function values() {
    const { regional: one } = regional[chosen];
    const mine = valuesAt(one, session.mine.outputs, view, page.cursor);
    if (!differs) return mine;
    const base = valuesAt(one, session.presets.baseline.outputs, view, page.cursor);
    return mine.map((value, e) => value - base[e]);
  }

  function told() {
    const found = values();
    return places.map((place) => ({ ...place, name: place[language], value: place.element === null ? null : found[place.element] }));
  }

  function all() {
    const { regional: one } = regional[chosen];
    return {
      title: `${one[language]}, ${pointText(payload.time, view.times[page.cursor], language)}: ${page.say(differs ? "changeToBaseline" : "valueItself")}`,
      unit: one.unit[language],
      diverging: differs,
      tiles: told(),
      picked: places.findIndex((place) => place.element !== null && place.element === page.region),
      language,
      onPick: (at) => places[at]?.element !== null && page.setRegion(places[at]?.element ?? null),
      width: Math.min(560, Math.max(260, holder.clientWidth || 360)),
    };
  }

  function look() {
    if (chart === null) {
      chart = tiles(all());
      holder.append(chart.node);
    } else chart.update(all());
  }

  const update = () => (chart === null ? look() : chart.update({ tiles: told() }));
  return { node, update, look, resize: look };
}

const COLUMNS = 8;
const MOST = 80;

/** Where the elements of a dimension stand: on their own grid, else one after the other in rows. */
function placesOf({ elements, tiles: grid }) {
  if (grid.length) {
    return grid.map((tile) => ({ ...tile, element: found(elements.findIndex(({ name }) => name === tile.name)) }));
  }
  if (elements.length > MOST) return [];
  return elements.map((one, e) => ({ ...one, code: one.en.slice(0, 3), element: e, column: (e % COLUMNS) + 1, row: Math.floor(e / COLUMNS) + 1 }));
}

const found = (place) => (place < 0 ? null : place);
