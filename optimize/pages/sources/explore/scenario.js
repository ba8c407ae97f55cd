/**
 * A scenario: a policy and constants, as differences from a base; a frozen value.
 *
 * `{base, factors, constants}`: `base` names one of the payload's policies. A lever is its factor times its shape: the
 * size of the base's own value or, where that is zero, of an even split. So a change that multiplies many levers is one
 * number, which makes links short, and no change at all gives the base exactly. `factors` is null where nothing changed.
 * `constants` holds what differs from the model's own values, by place in the payload's list.
 */

import { withMeasure } from "./levers.js";

const FORMAT = "prosperity scenario";
const VERSION = 1;
const DIGITS = 12; // of a factor

/** What scenarios of a payload are made in: bounds, shapes, policies. */
export function spaceOf(payload, bounds) {
  const shapes = {};
  for (const [name, x] of Object.entries(payload.presets)) shapes[name] = shapeOf(payload, x, bounds);
  return { payload, ...bounds, shapes, policies: new WeakMap() };
}

function shapeOf(payload, base, { lower, upper }) {
  const even = payload.presets.even ?? base;
  return base.map((value, i) => Math.abs(value) || Math.abs(even[i]) || finite(upper[i] - lower[i]) || 1);
}

const finite = (value) => (Number.isFinite(value) ? value : 0);

/** A scenario without differences. */
export const based = (base) => Object.freeze({ base, factors: null, constants: Object.freeze({}) });

/** The factors of a base without differences: 1, 0 or -1. */
function still(space, base) {
  return space.payload.presets[base].map((value, i) => value / space.shapes[base][i]);
}

/** The policy of a scenario, computed once. */
export function policyOf(space, scenario) {
  const { base, factors } = scenario;
  if (factors === null) return space.payload.presets[base];
  if (!space.policies.has(scenario)) space.policies.set(scenario, multiplied(space, base, factors));
  return space.policies.get(scenario);
}

function multiplied({ shapes, lower, upper }, base, factors) {
  const shape = shapes[base];
  const found = new Float64Array(factors.length);
  for (let i = 0; i < found.length; i++) found[i] = Math.min(Math.max(factors[i] * shape[i], lower[i]), upper[i]);
  return found;
}

/** The values of all constants' rows. */
export function constantsOf(space, { constants }) {
  const found = Float64Array.from(space.payload.defaults);
  for (const [place, value] of Object.entries(constants)) found[space.payload.constants[place].row] = value;
  return found;
}

/** The scenario with another measure of a selection of levers. */
export function withLevers(space, scenario, selection, target) {
  const x = policyOf(space, scenario);
  const shape = space.shapes[scenario.base];
  return withPolicy(space, scenario, withMeasure(space.payload.levers, selection, x, target, { ...space, shape }), x);
}

/** The scenario with another policy; `before`, its own, tells which levers keep their factors. */
export function withPolicy(space, scenario, x, before = policyOf(space, scenario)) {
  const shape = space.shapes[scenario.base];
  const factors = Float64Array.from(scenario.factors ?? still(space, scenario.base));
  for (let i = 0; i < x.length; i++) if (x[i] !== before[i]) factors[i] = x[i] / shape[i];
  return Object.freeze({ ...scenario, factors });
}

/** The scenario with factors that differ by rounding alone made the same, so that they are one number in a link. */
export function settled(space, scenario) {
  if (scenario.factors === null) return scenario;
  const own = still(space, scenario.base);
  const factors = scenario.factors.map((factor, i) => (factor === own[i] ? factor : Number(factor.toPrecision(DIGITS))));
  return Object.freeze({ ...scenario, factors: factors.every((factor, i) => factor === own[i]) ? null : factors });
}

/** The scenario with another value of a constant; its own value is no difference. */
export function withConstant(space, scenario, place, value) {
  const { [place]: _, ...others } = scenario.constants;
  const isOwn = value === space.payload.constants[place].value;
  return Object.freeze({ ...scenario, constants: Object.freeze(isOwn ? others : { ...others, [place]: value }) });
}

/** Whether nothing differs from the base. */
export function isBase(space, scenario) {
  return !changes(space, scenario).length && !Object.keys(scenario.constants).length;
}

/** The levers that differ from the base: runs `[first, count, factor]` of the same factor. */
export function changes(space, { base, factors }) {
  if (factors === null) return [];
  const own = still(space, base);
  const found = [];
  for (let i = 0; i < factors.length; i++) {
    if (factors[i] === own[i]) continue;
    const last = found[found.length - 1];
    if (last && last[0] + last[1] === i && last[2] === factors[i]) last[1] += 1;
    else found.push([i, 1, factors[i]]);
  }
  return found;
}

/** A scenario as plain data: what differs, of which model and base. */
export function written(space, scenario, name = "") {
  const { payload } = space;
  const constants = Object.entries(scenario.constants).map(([place, value]) => [payload.constants[place].name, value]);
  return {
    format: FORMAT,
    version: VERSION,
    model: payload.title,
    hash: payload.hash,
    name,
    base: scenario.base,
    baseHash: payload.presetHashes[scenario.base],
    levers: changes(space, scenario),
    constants: Object.fromEntries(constants),
  };
}

/** What is wrong with a scenario that somebody sent; `key` names the sentence that says so. */
export class Refused extends Error {
  constructor(key, values = {}) {
    super(key);
    this.key = key;
    this.values = values;
  }
}

/** The scenario and its name in plain data from anywhere; throws Refused with the reason. */
export function read(space, data) {
  if (data === null || typeof data !== "object" || data.format !== FORMAT) throw new Refused("scenarioUnreadable");
  if (data.version !== VERSION) throw new Refused("scenarioVersion");
  const { payload } = space;
  if (data.hash !== payload.hash) throw new Refused("scenarioOther", { model: text(data.model), here: payload.title });
  if (!Object.hasOwn(payload.presets, data.base)) throw new Refused("scenarioBase");
  if (data.baseHash !== payload.presetHashes[data.base]) throw new Refused("scenarioBase");
  const scenario = { base: data.base, factors: factorsOf(space, data), constants: constantsIn(payload, data.constants) };
  return { name: text(data.name).slice(0, 80), scenario: Object.freeze(scenario) };
}

const text = (value) => (typeof value === "string" ? value : "");

function factorsOf(space, { base, levers }) {
  if (!Array.isArray(levers)) throw new Refused("scenarioUnreadable");
  if (!levers.length) return null;
  const factors = still(space, base);
  for (const run of levers) {
    const [first, count, factor] = Array.isArray(run) ? run : [];
    const fits = Number.isInteger(first) && Number.isInteger(count) && first >= 0 && count > 0;
    if (!fits || first + count > factors.length || !Number.isFinite(factor)) throw new Refused("scenarioUnreadable");
    factors.fill(factor, first, first + count);
  }
  return factors;
}

function constantsIn(payload, constants) {
  const found = {};
  if (constants === null || typeof constants !== "object") throw new Refused("scenarioUnreadable");
  for (const [name, value] of Object.entries(constants)) {
    const place = payload.constants.findIndex((one) => one.name === name);
    if (place < 0) throw new Refused("scenarioUnreadable");
    const { low, high } = payload.constants[place];
    if (!Number.isFinite(value) || value < low || value > high) throw new Refused("scenarioUnreadable");
    found[place] = value;
  }
  return Object.freeze(found);
}
