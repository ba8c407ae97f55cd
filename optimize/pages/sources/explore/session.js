/**
 * What goes on while people explore: their scenario, its run, what it is held against. No element of the page.
 *
 * A scenario that is being dragged is tried (`tryOut`), and becomes a step that can be undone when it is let go
 * (`settle`). Whoever listens is told after each run that has come back.
 */

import { opened } from "./arrays.js";
import { begun, canRedo, canUndo, current, followed, redone, undone } from "./history.js";
import { bounds, columns } from "./levers.js";
import { objectiveOf, outcomesOf, rampState, stateOf } from "./limits.js";
import { runnerOf } from "./runner.js";
import { based, constantsOf, policyOf, settled, spaceOf } from "./scenario.js";

const CALM = 50; // milliseconds that the first picture has to itself

/** Which time points of a run are kept, and which of these charts show. */
export function viewOf({ points, first, saved }, width) {
  const horizon = Array.from({ length: points.length - first }, (_, i) => first + i);
  const at = [...new Set([...saved, ...horizon])].sort((a, b) => a - b);
  const places = new Map(at.map((point, place) => [point, place]));
  return {
    width,
    at: Int32Array.from(at),
    saved: Int32Array.from(saved, (point) => places.get(point)),
    times: Float64Array.from(saved, (point) => points[point]),
    first: places.get(first),
  };
}

/**
 * @param {object} document the payload, as JSON
 * @param {(data: object) => object} [makeModel] the model's text as a function; without it the text is evaluated
 */
export function sessionOf(document, makeModel = evaluated(document.model.text)) {
  const payload = opened(document);
  const space = spaceOf(payload, bounds(payload.levers));
  const { data, text } = payload.model;
  const width = payload.outcomeRows;
  const view = viewOf(payload.time, width);
  const setup = { column: payload.columns.at, first: payload.time.first, at: view.at };
  const runner = runnerOf({ data, text }, setup, makeModel);
  const listeners = new Set();
  const presets = {};
  let assumed = JSON.stringify({});
  let history = begun(based(payload.start), space.lower.length);
  let own = { key: null, outcomes: null };
  let live = null;
  let mine = null;

  const inputsOf = (scenario) => ({
    levers: columns(payload, policyOf(space, scenario)),
    constants: constantsOf(space, scenario),
  });

  const sumsOf = (outputs) => outcomesOf(payload.quantities, outputs.subarray(view.first * width), width);

  /** The outcomes without the policy, with other constants; none where no limit asks for them. */
  function without(constants) {
    if (!payload.limits.some(({ baseline }) => baseline !== null)) return null;
    const key = JSON.stringify(constants);
    if (key !== own.key) own = { key, outcomes: sumsOf(runner.now(inputsOf({ ...based("baseline"), constants }))) };
    return own.outcomes;
  }

  /** A scenario with what its run brings. */
  function judged(scenario, outputs) {
    const x = policyOf(space, scenario);
    const y = sumsOf(outputs);
    const other = without(scenario.constants);
    return {
      scenario,
      outputs,
      x,
      objective: objectiveOf(payload.objective, x, y),
      limits: payload.limits.map((limit) => stateOf(limit, x, y, other)),
      ramps: payload.ramps.map((ramp) => rampState(ramp, payload.levers, x)),
    };
  }

  /** Presets under the assumptions of a scenario, so that what differs is the policy alone. */
  function assume({ constants }) {
    const key = JSON.stringify(constants);
    if (key === assumed) return;
    assumed = key;
    for (const name of Object.keys(presets)) {
      const preset = { ...based(name), constants };
      presets[name] = judged(preset, runner.now(inputsOf(preset)));
    }
  }

  function show(scenario, reason) {
    if (reason === "settle" || !runner.isApart) assume(scenario);
    runner.ask(inputsOf(scenario), (outputs) => {
      mine = judged(scenario, outputs);
      for (const listen of listeners) listen(mine, reason);
    });
  }

  for (const name of Object.keys(payload.presets)) presets[name] = judged(based(name), runner.now(inputsOf(based(name))));
  mine = presets[payload.start];
  setTimeout(() => runner.warm(inputsOf(current(history))), CALM);

  return {
    payload,
    space,
    view,
    presets,
    runner,
    get mine() {
      return mine;
    },
    get scenario() {
      return live ?? current(history);
    },
    /** The policy of that scenario. */
    get policy() {
      return policyOf(space, this.scenario);
    },
    /** Which assumptions the presets are run with; `isComparable` tells whether they are those of what is seen. */
    get assumed() {
      return assumed;
    },
    get isComparable() {
      return JSON.stringify(mine.scenario.constants) === assumed;
    },
    /** The scenario where the last drag began. */
    get settledScenario() {
      return current(history);
    },
    get canUndo() {
      return canUndo(history);
    },
    get canRedo() {
      return canRedo(history);
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tryOut(scenario) {
      live = scenario;
      show(scenario, "try");
    },
    settle(scenario = live) {
      live = null;
      if (scenario === null || scenario === current(history)) return;
      history = followed(history, settled(space, scenario));
      show(current(history), "settle");
    },
    undo() {
      live = null;
      history = undone(history);
      show(current(history), "settle");
    },
    redo() {
      live = null;
      history = redone(history);
      show(current(history), "settle");
    },
    /** The run of any scenario, at once. */
    run: (scenario) => judged(scenario, runner.now(inputsOf(scenario))),
    stop: () => runner.stop(),
  };
}

/** The function that a model's text is. */
const evaluated = (text) => (data) => new Function(`"use strict";return(${text});`)()(data);
