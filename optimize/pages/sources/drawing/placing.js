/** Labels that do not overlap. */

/**
 * Places as near as can be to those wanted, each at least `gap` below the one before, between `low` and `high`.
 *
 * The least sum of squared moves: blocks of labels that touch are merged, and stand where the mean of their wishes is
 * (pool adjacent violators; Ayer et al. 1955). Where all do not fit, they are packed evenly.
 * @param {number[]} wanted ascending
 */
export function spread(wanted, gap, low, high) {
  const step = Math.min(gap, wanted.length > 1 ? (high - low) / (wanted.length - 1) : gap);
  const blocks = [];
  wanted.forEach((place, i) => {
    let block = { sum: place - i * step, count: 1 };
    while (blocks.length && mean(blocks[blocks.length - 1]) >= mean(block)) block = merged(blocks.pop(), block);
    blocks.push(block);
  });
  const last = high - (wanted.length - 1) * step;
  const free = blocks.flatMap((block) => Array(block.count).fill(mean(block)));
  return free.map((place, i) => Math.min(Math.max(place, low), last) + i * step);
}

const mean = ({ sum, count }) => sum / count;
const merged = (one, other) => ({ sum: one.sum + other.sum, count: one.count + other.count });

/**
 * Which labels are shown where all do not fit: the first ones of `order` come first, then those that are free.
 * @param {number[]} places where each would stand
 * @param {number[]} order indices, those that must be shown first
 * @param {number} must how many of these must be shown
 */
export function chosen(places, order, must, gap, room) {
  if (places.length * gap <= room) return order;
  const shown = [];
  order.forEach((index, rank) => {
    const free = shown.every((other) => Math.abs(places[other] - places[index]) >= gap);
    if ((rank < must || free) && (shown.length + 1) * gap <= room) shown.push(index);
  });
  return shown;
}
