/**
 * Scales of charts: the position of a value, and the values of the grid lines. Pure.
 *
 * @module
 */

/**
 * @typedef {object} Scale
 * @property {number[]} ticks  ascending
 * @property {(value: number) => number} share  0 at the bottom, 1 at the top
 */

/** Returns a scale from 0 to the next round number above the largest value. @param {number} largest @returns {Scale} */
export function linear(largest) {
  const step = roundStep(Math.max(largest, 1) / 4);
  const top = Math.ceil(Math.max(largest, 1) / step) * step;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, at) => at * step);
  return { ticks, share: (value) => value / top };
}

/** Returns a logarithmic scale from and to powers of ten. @param {number[]} values @returns {Scale} */
export function decades(values) {
  const sound = values.filter((it) => it > 0);
  const low = Math.floor(Math.log10(Math.min(100, ...sound)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(1_000, ...sound))));
  const ticks = Array.from({ length: high - low + 1 }, (_, at) => 10 ** (low + at));
  return { ticks, share: (value) => (value > 0 ? Math.max(0, Math.log10(value) - low) / (high - low) : 0) };
}

/** Returns at most `most` round times within a span. @param {number} from @param {number} to @param {number} most */
export function timeTicks(from, to, most) {
  const minutes = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440];
  const fits = minutes.find((it) => (to - from) / (it * 60_000) <= most) ?? 1_440;
  const step = fits * 60_000;
  // Hours are full in the reader's time zone.
  const offset = new Date(from).getTimezoneOffset() * 60_000;
  const first = Math.ceil((from - offset) / step) * step + offset;
  const ticks = [];
  for (let at = first; at <= to; at += step) ticks.push(at);
  return ticks;
}

/** Returns the smallest integer of at least `least` that is 1, 2 or 5 times a power of ten. @param {number} least */
function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].find((it) => it * power >= least) ?? 10;
  return Math.max(1, step * power);
}
