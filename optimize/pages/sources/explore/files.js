/** What people take away: outcomes and policies as CSV, scenarios and plans as text. */

import { timeText } from "./text.js";

// What a spreadsheet takes for a formula, also in the full width of East Asian letters; see `files/rows.py`.
const FORMULA = /^\s*'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/;

/** A cell that a spreadsheet takes for nothing but a text or a number. */
export function cell(value) {
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  const kept = value.replace(/[\t\n\r]/g, " ").replace(/\p{Cc}/gu, "");
  const harmless = FORMULA.test(kept) && !isNumber(kept) ? `'${kept}` : kept;
  return /[",]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

const isNumber = (text) => text.trim() !== "" && Number.isFinite(Number(text));

/** Rows as CSV. */
export const csv = (rows) => `${rows.map((row) => row.map(cell).join(",")).join("\n")}\n`;

/** The names of a lever's elements, as `name[element]`, in the order of its rows. */
export function labels(payload, lever) {
  const names = lever.dimensions.map((dimension) => payload.dimensions[dimension].elements.map((one) => one.name));
  return Array.from(lever.elements, (flat) => {
    const parts = [];
    for (let d = lever.shape.length - 1; d >= 0; d--) {
      parts.unshift(names[d][flat % lever.shape[d]]);
      flat = Math.floor(flat / lever.shape[d]);
    }
    return parts.length ? `${lever.variable}[${parts.join(", ")}]` : lever.variable;
  });
}

/** A policy as `prosperity simulate --policy` reads it: a row for each time at which a value may change. */
export function policyCsv(payload, x) {
  const times = [...new Set(payload.levers.flatMap((lever) => Array.from(lever.starts)))].sort((a, b) => a - b);
  const names = payload.levers.flatMap((lever) => labels(payload, lever));
  const rows = times.map((time) => [Number(timeText(time)), ...payload.levers.flatMap((lever) => held(lever, x, time))]);
  return csv([["time", ...names], ...rows]);
}

function held({ rows, starts, first }, x, time) {
  let period = 0;
  while (period + 1 < starts.length && starts[period + 1] <= time) period += 1;
  return Array.from(rows, (_, element) => x[first + element * starts.length + period]);
}

/**
 * Outcomes as CSV: a row for each time, outcome and element, a column for each scenario.
 * @param {Array<{title: string, outputs: Float64Array}>} scenarios
 */
export function outcomesCsv(payload, view, scenarios, language) {
  const head = ["time", "outcome", "element", "unit", ...scenarios.map((one) => one.title)];
  const rows = payload.outcomes.flatMap((outcome) =>
    elementsOf(payload, outcome).flatMap((element, e) =>
      Array.from(view.saved, (place, t) => [
        Number(timeText(view.times[t])),
        outcome[language],
        element,
        outcome.unit[language],
        ...scenarios.map(({ outputs }) => outputs[place * view.width + outcome.row + e] * outcome.factor),
      ]),
    ),
  );
  return csv([head, ...rows]);
}

function elementsOf(payload, outcome) {
  return outcome.by ? payload.dimensions[outcome.by].elements.map((one) => one.name) : [""];
}

/** The plan as TOML, with the constants that it sets and those that a scenario changes. */
export function planText(payload, scenario) {
  const changed = Object.entries(scenario.constants).map(([place, value]) => [payload.constants[place].name, value]);
  const constants = Object.entries({ ...payload.plan.constants, ...Object.fromEntries(changed) });
  if (!constants.length) return payload.plan.text;
  const lines = constants.map(([name, value]) => `${JSON.stringify(name).replaceAll("\x7f", "\\u007f")} = ${value}`);
  return `${payload.plan.text.trimEnd()}\n\n[constants]\n${lines.join("\n")}\n`;
}

/** Hands a text to the browser as a file to be saved. */
export function download(name, text, type) {
  const address = URL.createObjectURL(new Blob([type === "text/csv" ? `﻿${text}` : text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
