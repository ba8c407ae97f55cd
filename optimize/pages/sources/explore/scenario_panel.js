/** Scenarios: kept by name, compared, shared by a link or a file; and what people take away. */

import { element, set, write } from "./elements.js";
import { download, outcomesCsv, planText, policyCsv } from "./files.js";
import { read, Refused, written } from "./scenario.js";
import { fileText, linkOf, ofText } from "./sharing.js";

/** @param {object} page what all panels know */
export function scenarioPanel(page) {
  const { say } = page;
  const list = element("ul", { class: "kept" });
  const name = element("input", { type: "text", maxlength: 80, "aria-label": say("scenarioName"), placeholder: say("scenarioName") });
  const keep = element("form", { class: "keep", onsubmit: kept }, name, element("button", { text: say("keep") }));
  const memory = element("p", { class: "hint", text: page.shelf.isKept ? "" : say("onlyWhileOpen") });
  const share = sharing(page);
  const node = element("section", { class: "scenarios", "aria-labelledby": "prosperity-scenarios" },
    element("h2", { id: "prosperity-scenarios", text: say("scenarios") }),
    keep,
    memory,
    list,
    share.node,
    takeaways(page),
  );

  function kept(event) {
    event.preventDefault();
    const text = name.value.trim() || say("scenarioNumber", { number: page.shelf.all().length + 1 });
    page.shelf.keep(text, written(page.session.space, page.session.scenario, text));
    if (page.compared.some((one) => one.name === text)) page.compare(text, page.session.scenario);
    name.value = "";
    page.announce(say("isKept", { name: text }));
    update();
  }

  function update() {
    list.replaceChildren(...page.shelf.all().map((one) => entryOf(page, one, update)));
  }

  return { node, update, moved: share.moved };
}

function entryOf(page, { name, data }, renew) {
  const { say, session } = page;
  const opened = () => {
    try {
      return read(session.space, data).scenario;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      page.refuse(error);
      return null;
    }
  };
  const box = element("input", {
    type: "checkbox",
    "aria-label": say("compareThis", { name }),
    onchange() {
      const scenario = box.checked ? opened() : null;
      page.compare(name, scenario);
    },
  });
  box.checked = page.compared.some((one) => one.name === name);
  const show = () => {
    const scenario = opened();
    if (scenario !== null) session.settle(scenario);
  };
  const drop = () => {
    page.shelf.drop(name);
    page.compare(name, null);
    renew();
  };
  return element("li", {},
    element("span", { class: "name", text: name }),
    element("label", {}, box, say("compare")),
    element("button", { type: "button", "aria-label": say("openThis", { name }), onclick: show, text: say("open") }),
    element("button", { type: "button", "aria-label": say("dropThis", { name }), onclick: drop, text: say("drop") }),
  );
}

/** A link that holds the scenario, a file that does, and a file read. */
function sharing(page) {
  const { say, session } = page;
  const link = element("input", { type: "text", readonly: true, hidden: true, class: "address", "aria-label": say("link"), onfocus: () => link.select() });
  const file = element("input", { type: "file", accept: ".json,application/json", class: "visually-hidden", tabindex: -1, "aria-hidden": "true", onchange: readFile });

  async function copied() {
    const part = linkOf(session.space, session.scenario);
    if (part === null) return page.warn(say("linkTooLong"));
    const address = globalThis.location.href.split("#")[0] + part;
    page.address(part);
    link.hidden = false;
    link.value = address;
    try {
      await globalThis.navigator.clipboard.writeText(address);
      page.announce(say("linkCopied"));
    } catch {
      link.select(); // a page opened from a file may not write to the clipboard
      page.announce(say("linkShown"));
    }
    return undefined;
  }

  async function readFile() {
    const [chosen] = file.files;
    file.value = "";
    if (!chosen) return;
    try {
      const { scenario, name } = ofText(session.space, await chosen.text());
      session.settle(scenario);
      page.announce(say("isOpen", { name: name || chosen.name }));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      page.refuse(error);
    }
  }

  const save = () => download("scenario.json", fileText(session.space, session.scenario, ""), "application/json");
  const button = (text, onclick) => element("button", { type: "button", text, onclick });
  const node = element("div", { class: "share" },
    element("h3", { text: say("share") }),
    element("p", { class: "buttons" }, button(say("copyLink"), copied), button(say("saveFile"), save), button(say("openFile"), () => file.click())),
    link,
    file,
  );
  return { node, moved: () => (link.hidden = true) };
}

/** Files for other programs, and how to optimize from here. */
function takeaways(page) {
  const { say, session } = page;
  const { payload, view } = session;
  const all = () => [
    ...Object.entries(session.presets).map(([name, { outputs }]) => ({ title: say(name), outputs })),
    { title: say("mine"), outputs: session.mine.outputs },
    ...page.compared.map(({ name, result }) => ({ title: name, outputs: result.outputs })),
  ];
  const policy = () => download("policy.csv", policyCsv(payload, session.mine.x), "text/csv");
  const button = (text, onclick) => element("button", { type: "button", text, onclick });
  const command = element("code", { text: payload.plan.command });
  const warning = element("p", { class: "hint" });
  const plan = payload.plan.text
    ? [
        element("h3", { text: say("optimizeFromHere") }),
        element("p", { class: "hint", text: say("optimizeHow") }),
        element("p", { class: "buttons" }, button(say("planFile"), () => download("plan.toml", planText(payload, session.scenario), "application/toml")), button(say("policyFile"), policy)),
        element("p", { class: "command" }, command),
        warning,
      ]
    : [];
  session.listen(() => write(warning, Object.keys(session.scenario.constants).length ? say("planWithConstants") : ""));
  return element("div", { class: "take" },
    element("h3", { text: say("takeaways") }),
    element("p", { class: "buttons" },
      button(say("outcomesFile"), () => download("outcomes.csv", outcomesCsv(payload, view, all(), page.language), "text/csv")),
      payload.plan.text ? null : button(say("policyFile"), policy),
    ),
    plan,
  );
}
