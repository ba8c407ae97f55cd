/** What people choose from in the panel of levers: rows, a part of a lever each, in groups; and the region looked at. */

/**
 * The rows of a payload: `{lever, label, elements}`, grouped by the groups of the dimension that tells them apart.
 *
 * A lever has a row for each element of its first dimension that is not the regions'; one without has a single row.
 * @returns {Array<{label: ?object, rows: Array<object>}>}
 */
export function groupsOf(payload) {
  return payload.levers.flatMap((lever, number) => {
    if (lever.isFixed) return [];
    const dimension = lever.dimensions.find((name) => name !== payload.region);
    if (dimension === undefined) return [{ label: null, rows: [rowOf(payload, lever, number, null, 0)] }];
    const { elements, groups } = payload.dimensions[dimension];
    const taken = new Set(groups.flatMap((group) => group.elements));
    const others = elements.map((_, place) => place).filter((place) => !taken.has(place));
    const parts = [...groups, ...(others.length ? [{ ...lever.label, elements: others }] : [])];
    return parts
      .map((group) => ({
        label: group,
        rows: group.elements
          .map((place) => rowOf(payload, lever, number, dimension, place))
          .filter((row) => row.elements.length),
      }))
      .filter(({ rows }) => rows.length);
  });
}

function rowOf(payload, lever, number, dimension, place) {
  const label = dimension === null ? lever.label : payload.dimensions[dimension].elements[place];
  const along = dimension === null ? null : placesAlong(lever, dimension);
  const elements = Array.from(lever.elements.keys()).filter((e) => along === null || along[e] === place);
  return { lever: number, label, elements, regions: placesAlong(lever, payload.region) };
}

/** For each element of a lever its place along a dimension; null where the lever has not got it. */
function placesAlong(lever, dimension) {
  const d = lever.dimensions.indexOf(dimension);
  if (d < 0) return null;
  const inner = lever.shape.slice(d + 1).reduce((product, length) => product * length, 1);
  return Int32Array.from(lever.elements, (flat) => Math.floor(flat / inner) % lever.shape[d]);
}

/** The selection of a row in a region (null for all) and a period (null for all). */
export function selectionOf(payload, row, region, period) {
  const count = payload.levers[row.lever].starts.length;
  const elements =
    region === null || row.regions === null ? row.elements : row.elements.filter((e) => row.regions[e] === region);
  return { lever: row.lever, elements, periods: period === null ? range(count) : [period] };
}

const range = (count) => Array.from({ length: count }, (_, i) => i);

/**
 * The outcomes as people look at them: the same outcome of all together and by region is one.
 * @returns {Array<{outcome: object, whole: ?object, regional: ?object}>}
 */
export function cardsOf(payload) {
  const cards = [];
  for (const outcome of payload.outcomes) {
    const side = outcome.by === "" ? "whole" : "regional";
    const other = cards.find((card) => card.outcome.en === outcome.en && card[side] === null);
    if (other) other[side] = outcome;
    else cards.push({ outcome, whole: null, regional: null, [side]: outcome });
  }
  return cards;
}

/** The path of a card's outcome at the shown times, in people's unit: of a region, or of all (the mean, where nothing says more). */
export function pathOf(card, region, outputs, view) {
  const { outcome, elements } = chosen(card, region);
  return Float64Array.from(view.saved, (place) => {
    let sum = 0;
    for (const e of elements) sum += outputs[place * view.width + outcome.row + e];
    return (sum / elements.length) * outcome.factor;
  });
}

function chosen({ whole, regional }, region) {
  if (regional !== null && region !== null && region < regional.count) return { outcome: regional, elements: [region] };
  if (whole !== null) return { outcome: whole, elements: [0] };
  return { outcome: regional, elements: range(regional.count) };
}

/** Whether what is shown of a card is a mean over its elements, one of them, or the whole. */
export function kindOf({ whole, regional }, region) {
  if (regional !== null && region !== null && region < regional.count) return "one";
  return whole !== null ? "whole" : "mean";
}

/** The unit of what is shown. */
export const unitOf = (card, region) => chosen(card, region).outcome.unit;

/** The values of a regional outcome at a shown time, by element. */
export function valuesAt(outcome, outputs, view, t) {
  const start = view.saved[t] * view.width + outcome.row;
  return Float64Array.from({ length: outcome.count }, (_, e) => outputs[start + e] * outcome.factor);
}
