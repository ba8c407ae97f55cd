/**
 * What computes runs, on the page or in a worker, so it leans on nothing else: its text is sent there.
 *
 * `setup` has `column` (which column holds at each time point), `first` (the point at which decisions begin) and `at`
 * (the points whose outputs are kept, ascending, all points of the horizon among them). While constants stay the same a
 * run begins with the stocks of `first`, and keeps what came before.
 */
export function computer(model, setup) {
  const { column, first, at } = setup;
  const before = at.filter((point) => point < first);
  const after = at.filter((point) => point >= first);
  const width = model.outputs;
  let known = null;

  const isKnown = (constants) => known !== null && constants.every((value, i) => value === known.constants[i]);

  function prepare(levers, constants) {
    const history = before.length
      ? model.run({ levers, column, constants, at: Int32Array.from(before), from: null })
      : new Float64Array(0);
    const from = first > 0 ? model.stocksAt({ levers, column, constants, step: first }) : null;
    known = { constants: Float64Array.from(constants), history, from };
  }

  /** The outputs at all kept points, one point after the other. */
  return function run({ levers, constants }) {
    if (!isKnown(constants)) prepare(levers, constants);
    const found = new Float64Array(at.length * width);
    found.set(known.history);
    found.set(model.run({ levers, column, constants, at: after, from: known.from }), known.history.length);
    return found;
  };
}
