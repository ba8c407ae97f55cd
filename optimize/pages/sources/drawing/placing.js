/** Labels that do not overlap. */

const NEAR = 0.4; // of the height of a label: two that are nearer would push each other too far away

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
 * Which labels are shown where all do not fit: as many as there is room for, none far from where it belongs.
 * @param {number[]} places where each would stand
 * @param {number[]} ranks 0 is shown in any case while there is room, then 1, then the others where they are free
 */
export function chosen(places, ranks, gap, room) {
  const order = places.map((_, i) => i).sort((one, other) => ranks[one] - ranks[other] || one - other);
  if (places.length * gap <= room) return order;
  const shown = [];
  for (const index of order) {
    const free = ranks[index] < 2 || shown.every((other) => Math.abs(places[other] - places[index]) >= NEAR * gap);
    if (free && (shown.length + 1) * gap <= room) shown.push(index);
  }
  return shown;
}
