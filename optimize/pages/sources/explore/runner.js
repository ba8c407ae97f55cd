/**
 * Runs of the model, the latest wins: short ones on the page, before the next frame; long ones in a worker.
 *
 * A worker costs a frame, so runs go there only while they take longer than `MOST` milliseconds.
 */

import { computer } from "./computer.js";

const MOST = 6;
const TRIES = 3; // the fastest of so many runs counts
const WARM = 12; // runs after which a browser has compiled the model as well as it will
const HOPELESS = 60; // milliseconds of a run that no compiler makes short enough

/** The text of a worker that computes runs of a model. */
function workerText(text) {
  return `"use strict";const makeModel=(${text});const computer=(${computer.toString()});let run=null;
onmessage=({data})=>{if(data.setup){run=computer(makeModel(data.data),data.setup);return}
const began=performance.now(),outputs=run(data.inputs);
postMessage({id:data.id,outputs,took:performance.now()-began},[outputs.buffer])};`;
}

/**
 * @param {{text: string, data: object}} source the model
 * @param {object} setup see `computer`
 * @param {(data: object) => object} makeModel the text as a function, where the page has it already
 */
export function runnerOf(source, setup, makeModel) {
  const run = computer(makeModel(source.data), setup);
  const spent = [];
  let worker = null;
  let waiting = null;
  let busy = null;
  let number = 0;

  function now(inputs) {
    const began = performance.now();
    const outputs = run(inputs);
    spent.push(performance.now() - began);
    return outputs;
  }

  const isLong = () => spent.length >= TRIES && Math.min(...spent.slice(-TRIES)) > MOST;

  function started() {
    if (worker !== null || typeof Worker === "undefined") return worker;
    try {
      const address = URL.createObjectURL(new Blob([workerText(source.text)], { type: "text/javascript" }));
      worker = new Worker(address);
      URL.revokeObjectURL(address);
      worker.onmessage = ({ data }) => arrived(data);
      worker.onerror = () => failed();
      worker.postMessage({ setup, data: source.data });
    } catch {
      worker = null; // a browser that forbids workers computes on the page
    }
    return worker;
  }

  function arrived({ id, outputs, took }) {
    spent.push(took);
    if (busy?.id !== id) return; // a newer run was computed on the page meanwhile
    const done = busy;
    busy = null;
    if (waiting !== null) send(waiting);
    done.then(outputs);
  }

  function failed() {
    worker = null;
    spent.length = 0;
    const left = waiting ?? busy;
    busy = waiting = null;
    if (left) left.then(now(left.inputs));
  }

  function send(request) {
    waiting = null;
    number += 1;
    busy = { ...request, id: number };
    worker.postMessage({ id: number, inputs: request.inputs });
  }

  return {
    /** The outputs of a run, at once, however long it takes. */
    now,
    /** Runs while nobody waits, until the browser has compiled the model: the first runs are ten times slower. */
    warm(inputs, runs = WARM) {
      if (runs === 0 || spent[spent.length - 1] > HOPELESS) return;
      now(inputs);
      setTimeout(() => this.warm(inputs, runs - 1));
    },
    /** Computes a run and hands its outputs to `then`: at once where that is short, else later, unless a newer one asks. */
    ask(inputs, then) {
      if (!isLong() || started() === null) {
        busy = waiting = null; // what the worker still computes is old by now
        return then(now(inputs));
      }
      const request = { inputs, then };
      if (busy === null) send(request);
      else waiting = request;
      return undefined;
    },
    /** Milliseconds of the last runs on the page. */
    get spent() {
      return spent.slice(-TRIES);
    },
    /** Whether the next run goes to the worker. */
    get isApart() {
      return isLong();
    },
    stop() {
      worker?.terminate();
      worker = null;
    },
  };
}
