/** The what-if page: everything that people see and do; what goes on behind it is in `session.js`. */

import { changesPanel, comparisonPanel } from "./comparison.js";
import { constantPanel } from "./constant_panel.js";
import { element, set, write } from "./elements.js";
import { leverPanel } from "./lever_panel.js";
import { budgetPanel, heldOf, limitPanel } from "./limit_panel.js";
import { mapPanel, outcomePanel } from "./outcome_panel.js";
import { based, isBase, read, Refused, withPolicy, written } from "./scenario.js";
import { scenarioPanel } from "./scenario_panel.js";
import { sessionOf } from "./session.js";
import { ofLink } from "./sharing.js";
import { shelfOf } from "./shelf.js";
import { numberText, speaker } from "./text.js";

/**
 * Puts a what-if into an element.
 * @param {HTMLElement} root
 * @param {object} payload as Python makes it, parsed from JSON
 * @param {{makeModel?: Function, language?: "en"|"zh", isPage?: boolean, onChange?: (scenario: object) => void}} options
 *   `makeModel` is the model's text as a function, where the page has it already; a page has the address to itself;
 *   `onChange` hears of every scenario that people settle on, as plain data with `policy` and `constants`
 * @returns {{session: object, scenario: () => object, setScenario: (data: object) => void, setPolicy: (policy:
 *   ArrayLike<number>, constants?: object) => void, stop: () => void}}
 */
export function explore(root, payload, options = {}) {
  const session = sessionOf(payload, options.makeModel);
  const page = makePage(root, session, options);
  page.build();
  session.listen((mine, reason) => {
    page.update(reason);
    if (reason === "settle") options.onChange?.(told(session, mine));
  });
  if (options.isPage) page.readAddress();
  return {
    session,
    scenario: () => told(session, session.mine),
    setScenario: (data) => session.settle(read(session.space, data).scenario),
    setPolicy(policy, constants = {}) {
      const scenario = withPolicy(session.space, based(session.payload.start), Float64Array.from(policy));
      const data = { ...written(session.space, scenario), constants };
      session.settle(read(session.space, data).scenario);
    },
    stop() {
      session.stop();
      page.stop();
    },
  };
}

/** A scenario for programs: what differs, and the whole policy. */
function told(session, { scenario, x, objective, limits, ramps }) {
  const { held, all } = heldOf({ limits, ramps });
  return { ...written(session.space, scenario), policy: Array.from(x), objective, limitsHeld: held, limits: all };
}

function makePage(root, session, options) {
  const { payload, view } = session;
  const stored = payload.dimensions[payload.region] ?? null;
  const page = {
    root,
    session,
    shelf: shelfOf(`prosperity ${payload.hash}`),
    language: options.language ?? preferred(),
    compared: [],
    runs: 0, // of scenarios that were compared: one name may stand for several, one after the other
    cursor: view.times.length - 1,
    region: null,
    period: 0,
    opened: null,
    regionDimension: stored,
    get regionName() {
      return page.region === null ? "" : stored.elements[page.region][page.language];
    },
    get time() {
      return view.times[page.cursor];
    },
    get timeUnit() {
      return payload.time.label[page.language];
    },
    get goalName() {
      return payload.objective.label[page.language];
    },
    get goalUnit() {
      return payload.objective.unit[page.language];
    },
  };
  let parts = {};
  let observer = null;

  page.announce = (text) => write(parts.live, text);
  page.warn = (text) => {
    write(parts.banner, text);
    parts.banner.hidden = !text;
  };
  page.refuse = (error) => page.warn(page.say(error.key, error.values));
  page.address = (part) => options.isPage && globalThis.history.replaceState(null, "", part);
  page.open = (row) => {
    page.opened = page.opened === row ? null : row;
    parts.levers.update();
  };
  page.moveCursor = (at) => {
    if (at === null || at === page.cursor) return;
    page.cursor = at;
    parts.outcomes.look();
    parts.map?.look();
    parts.budgets.update();
    parts.comparison.update();
    summarize();
  };
  page.setRegion = (region) => {
    page.region = region;
    parts.region.value = region === null ? "" : String(region);
    page.look();
  };
  page.compare = (name, scenario) => {
    const others = page.compared.filter((one) => one.name !== name);
    page.compared = scenario === null ? others : [...others, { name, result: session.run(scenario), number: (page.runs += 1) }];
    page.look();
  };
  page.look = () => {
    parts.levers.update();
    parts.outcomes.look();
    parts.map?.look();
    parts.comparison.update();
  };

  /** What follows a run: while somebody drags, only what moves with it. */
  page.update = (reason) => {
    parts.levers.update();
    parts.constants?.update();
    parts.budgets.update();
    parts.limits?.update();
    parts.outcomes.update();
    parts.map?.update();
    summarize();
    if (reason === "try") return;
    parts.comparison.update();
    parts.changes.update();
    parts.scenarios.moved();
    set(parts.undo, { disabled: !session.canUndo });
    set(parts.redo, { disabled: !session.canRedo });
    page.announce(parts.summary.textContent);
  };

  page.readAddress = () => {
    const follow = () => {
      try {
        const found = ofLink(session.space, globalThis.location.hash);
        if (found !== null) session.settle(found.scenario);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        page.refuse(error);
      }
    };
    globalThis.addEventListener("hashchange", follow);
    follow();
  };

  function summarize() {
    write(parts.summary, [goalTold(page), assumptionsTold(page), limitsTold(page)].filter(Boolean).join(" "));
    const gauge = gaugeShare(session);
    if (parts.gauge && gauge !== null) parts.gauge.style.left = `${100 * Math.min(Math.max(gauge, 0), 1)}%`;
  }

  page.build = () => {
    page.say = speaker(payload.words, page.language);
    page.opened = null;
    parts = partsOf(page);
    root.replaceChildren(...parts.all);
    root.lang = page.language === "zh" ? "zh-CN" : "en";
    if (options.isPage) root.ownerDocument.documentElement.lang = root.lang;
    root.classList.add("prosperity-explore");
    parts.levers.update();
    parts.constants?.update();
    parts.budgets.update();
    parts.limits?.update();
    parts.outcomes.update();
    parts.map?.update();
    parts.comparison.update();
    parts.changes.update();
    parts.scenarios.update();
    set(parts.undo, { disabled: !session.canUndo });
    set(parts.redo, { disabled: !session.canRedo });
    summarize();
    observe();
  };

  function observe() {
    observer?.disconnect();
    let width = root.clientWidth;
    observer = new ResizeObserver(() => {
      if (root.clientWidth === width) return;
      width = root.clientWidth;
      parts.outcomes.resize();
      parts.map?.resize();
    });
    observer.observe(root);
  }

  page.speak = (language) => {
    page.language = language;
    page.build();
    parts.language.focus();
  };
  page.keys = (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    if (event.target.matches("input[type=text]")) return;
    event.preventDefault();
    (event.shiftKey ? session.redo : session.undo)();
  };
  root.addEventListener("keydown", page.keys);
  page.stop = () => {
    observer?.disconnect();
    root.removeEventListener("keydown", page.keys);
    root.replaceChildren();
  };
  return page;
}

const preferred = () => (globalThis.navigator?.language?.toLowerCase().startsWith("zh") ? "zh" : "en");

/** How far mine is from the baseline to the optimum, 0 to 1; null without an optimum. */
function gaugeShare({ presets, mine, isComparable, assumed }) {
  if (!presets.optimum || !isComparable || assumed !== "{}") return null; // an optimum is one of its own assumptions
  const whole = presets.optimum.objective - presets.baseline.objective;
  return whole === 0 ? null : (mine.objective - presets.baseline.objective) / whole;
}

function goalTold(page) {
  const { say, session, language } = page;
  const share = gaugeShare(session);
  const change = session.mine.objective - session.presets.baseline.objective;
  const { sign, factor } = session.payload.objective;
  const better = change * sign;
  const name = page.goalName;
  if (!Number.isFinite(change)) return say("goalNone", { name });
  const unit = page.goalUnit && ` ${page.goalUnit}`;
  if (!session.isComparable) return say("goalAlone", { name, value: numberText(session.mine.objective * factor, language), unit });
  if (Math.abs(change) <= 1e-12 * Math.abs(session.presets.baseline.objective)) return say("goalSame", { name });
  if (share !== null && Math.abs(share - 1) <= 1e-9) return say("goalOptimum", { name });
  if (share !== null) return say("goalShare", { name, share: numberText(100 * share, language) });
  const [value, base] = [session.mine, session.presets.baseline].map(({ objective }) => numberText(objective * factor, language));
  return say(better > 0 ? "goalBetter" : "goalWorse", { name, value, base, unit });
}

function assumptionsTold({ say, session }) {
  return session.assumed === "{}" ? "" : say("assumptionsShared");
}

function limitsTold({ say, session }) {
  const { held, all } = heldOf(session.mine);
  if (!all) return "";
  if (held === all) return say(all === 1 ? "oneHolds" : "allHold", { all });
  return say("someBroken", { broken: all - held, all });
}

function partsOf(page) {
  const { say, session } = page;
  const { payload } = session;
  const parts = {
    levers: leverPanel(page),
    constants: constantPanel(page),
    budgets: budgetPanel(page),
    limits: limitPanel(page),
    outcomes: outcomePanel(page),
    map: mapPanel(page),
    comparison: comparisonPanel(page),
    changes: changesPanel(page),
    scenarios: scenarioPanel(page),
    live: element("p", { class: "visually-hidden", role: "status", "aria-live": "polite" }),
    banner: element("p", { class: "banner", role: "alert", hidden: true }),
    summary: element("p", { class: "told" }),
    gauge: session.presets.optimum ? element("span", { class: "needle" }) : null,
    undo: button(say("undo"), () => session.undo()),
    redo: button(say("redo"), () => session.redo()),
    language: element("button", { type: "button", class: "language", lang: page.language === "en" ? "zh-CN" : "en", onclick: () => page.speak(page.language === "en" ? "zh" : "en"), text: page.language === "en" ? "中文" : "English" }),
  };
  parts.region = regionPicker(page);
  const where = payload.region ? element("label", { class: "where" }, say("where"), " ", parts.region) : null;
  const left = element("div", { class: "left" },
    element("div", { class: "top" }, where, parts.budgets.node),
    parts.levers.node,
    parts.limits?.node,
    parts.constants?.node,
    parts.scenarios.node,
  );
  const right = element("main", { class: "right", id: "prosperity-results", tabindex: -1 },
    element("div", { class: "summary" }, parts.summary, parts.gauge ? gauge(page, parts.gauge) : null),
    parts.outcomes.node,
    parts.map?.node,
    parts.comparison.node,
    parts.changes.node,
    leftOut(page),
  );
  const panel = element("nav", { class: "panel", "aria-label": say("controls") }, left);
  const columns = element("div", { class: "columns shows-results" }, panel, right);
  parts.all = [
    element("a", { class: "skip", href: "#prosperity-results", onclick: (event) => (event.preventDefault(), right.focus()), text: say("skip") }),
    header(page, parts),
    parts.banner,
    columns,
    sides(page, columns),
    parts.live,
  ];
  return parts;
}

/** On a phone there is room for one side at a time: what can be changed, or what comes of it. */
function sides({ say }, columns) {
  const buttons = ["panel", "results"].map((side) => element("button", { type: "button", text: say(`side_${side}`), onclick: () => turn(side) }));
  function turn(side) {
    columns.className = `columns shows-${side}`;
    buttons.forEach((one, i) => set(one, { "aria-pressed": String(side === ["panel", "results"][i]) }));
  }
  turn("results");
  return element("nav", { class: "switch", "aria-label": say("sides") }, buttons);
}

const button = (text, onclick) => element("button", { type: "button", text, onclick });

function header(page, parts) {
  const { say, session } = page;
  const presets = Object.keys(session.presets).map((name) => button(say(name), () => session.settle(based(name))));
  const reset = button(say("reset"), () => isBase(session.space, session.scenario) ? page.update("settle") : session.settle(based(session.scenario.base)));
  return element("header", {},
    element("div", { class: "title" }, element("h1", { text: session.payload.label[page.language] }), element("p", { class: "hint", text: say("purpose") })),
    element("div", { class: "tools", role: "toolbar", "aria-label": say("tools") },
      element("span", { class: "buttons", role: "group", "aria-label": say("startFrom") }, element("span", { class: "hint", text: say("startFrom") }), presets),
      element("span", { class: "buttons" }, parts.undo, parts.redo, reset),
      parts.language,
    ),
  );
}

function regionPicker(page) {
  const { regionDimension, say } = page;
  const all = element("option", { value: "", text: say("allTogether") });
  const each = (regionDimension?.elements ?? []).map((one, e) => element("option", { value: e, text: one[page.language] }));
  const select = element("select", { onchange: () => page.setRegion(select.value === "" ? null : Number(select.value)) }, all, each);
  select.value = page.region === null ? "" : String(page.region);
  return select;
}

function gauge({ say }, needle) {
  return element("div", { class: "gauge", "aria-hidden": "true" },
    element("span", { text: say("baseline") }),
    element("span", { class: "track" }, needle),
    element("span", { text: say("optimum") }),
  );
}

function leftOut({ say, session, language }) {
  const { leftOut: notes } = session.payload;
  if (!notes.length) return null;
  return element("section", { class: "left-out", "aria-labelledby": "prosperity-left-out" },
    element("h2", { id: "prosperity-left-out", text: say("leftOut") }),
    element("ul", {}, notes.map((note) => element("li", { text: note[language] }))),
  );
}

/**
 * Starts the page that holds its payload and has the address to itself.
 * @param {Function} makeModel the model's text as a function
 */
export function explorePage(makeModel) {
  const { document } = globalThis;
  const payload = JSON.parse(document.getElementById("payload").textContent);
  payload.model.text = makeModel.toString();
  return explore(document.getElementById("what-if"), payload, { makeModel, isPage: true });
}
