/**
 * The loaded part of a room's history. Pure, as part of `reducer.js`.
 *
 * It is everything from `oldest` on, except for gaps: between a page that was opened far back and the
 * newest messages, and where messages were dropped because there are too many. Gaps are filled when the
 * reader comes near.
 *
 *     1 … ── oldest ══════════ gap ══════════════▶ new messages
 *     more    loaded           not loaded          loaded
 *
 * @module
 */

import { asMessage, count, find, list, indexFor } from "./room.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./room.js").Message} Message */
/** @typedef {import("./room.js").Range} Range */

/** Messages in memory for the open room; others are dropped and can be loaded again. */
export const MESSAGES_MAX = 10_000;
/** Messages in memory for another room. */
export const INACTIVE_MESSAGES_MAX = 1_000;
/** The newest messages, which are never dropped in favour of older ones. */
const NEWEST_MIN = 200;

/**
 * Inserts messages in order; existing ones are replaced.
 *
 * @param {Room} room
 * @param {Message[]} more
 * @returns {Room}
 */
export function withMessages(room, more) {
  const messages = [...room.messages];
  for (const message of more) {
    const at = indexFor(messages, message.mid);
    const before = messages[at]?.mid === message.mid ? messages[at] : undefined;
    const local = message.local ?? before?.local;
    messages.splice(at, before ? 1 : 0, local === undefined ? message : { ...message, local });
  }
  return { ...room, messages };
}

/**
 * Inserts a page of history.
 *
 * @param {Room} room
 * @param {any} payload
 * @param {string} you
 * @param {any} [asked]  the request; none for the latest page
 * @returns {Room}
 */
export function withHistory(room, payload, you, asked) {
  const raws = list(payload.messages);
  const gone = new Set(raws.filter((raw) => raw.deleted).map((raw) => raw.mid));
  const existing = raws.filter((raw) => !raw.deleted).map((raw) => asMessage(raw, you));
  const remaining = gone.size ? room.messages.filter(({ mid }) => !gone.has(mid)) : room.messages;
  const filled = withMessages({ ...room, messages: remaining }, existing);
  const span = spanOf(payload, asked ?? {});
  const pins = Array.isArray(payload.pins) ? payload.pins.filter((/** @type {unknown} */ it) => typeof it === "number") : room.pins;
  const covered = span ? coverage(room, span, count(payload.top, 0)) : {};
  return withLost({ ...filled, ...covered, pins }, list(payload.lost));
}

/** Adds ranges that the server no longer has. @param {Room} room @param {any[]} raws @returns {Room} */
export function withLost(room, raws) {
  const ranges = raws.map(({ from, to }) => ({ from: count(from, 0), to: count(to, 0) }));
  const sound = ranges.filter(({ from, to }) => from > 0 && from <= to);
  return sound.length ? { ...room, lost: sound.reduce(withRange, room.lost) } : room;
}

/**
 * Drops excess messages: the oldest, or, if the reader is reading those, the ones between them and the
 * newest.
 *
 * @param {Room} room
 * @param {number} most
 * @param {boolean} [isReadingHistory]
 * @returns {Room}
 */
export function trimmed(room, most, isReadingHistory = false) {
  const { messages } = room;
  const surplus = messages.length - most;
  if (surplus <= 0) return room;
  if (!isReadingHistory) {
    const oldest = messages[surplus].mid;
    const gaps = room.gaps.filter(({ to }) => to > oldest);
    return { ...room, messages: messages.slice(surplus), oldest, more: true, gaps };
  }
  const end = messages.length - NEWEST_MIN;
  const start = end - surplus;
  const gap = { from: messages[start - 1].mid + 1, to: messages[end].mid - 1 };
  const rest = [...messages.slice(0, start), ...messages.slice(end)];
  return { ...room, messages: rest, gaps: withRange(room.gaps, gap) };
}

/** Returns the gap that contains this number. @param {Room} room @param {number} seq */
export function gapAt({ gaps }, seq) {
  return gaps.find(({ from, to }) => from <= seq && seq <= to);
}

/** Whether this message is loaded, or would be if it existed. @param {Room} room @param {number} mid */
export function isLoaded(room, mid) {
  return find(room.messages, mid) !== undefined || (room.oldest > 0 && mid >= room.oldest && !gapAt(room, mid));
}

/** Adds a range; adjacent ranges are merged. @param {Range[]} ranges @param {Range} range */
export function withRange(ranges, { from, to }) {
  /** @param {Range} it */
  const touches = (it) => it.from <= to + 1 && from <= it.to + 1;
  const touching = ranges.filter(touches);
  const whole = {
    from: Math.min(from, ...touching.map((it) => it.from)),
    to: Math.max(to, ...touching.map((it) => it.to)),
  };
  return [...ranges.filter((it) => !touches(it)), whole].sort((a, b) => a.from - b.from);
}

/**
 * Returns the range that a page covers: it has no other messages than those of the page. Null for an
 * empty page that claims that there are more.
 *
 * @param {any} payload
 * @param {{ before?: number, after?: number, around?: number }} asked
 * @returns {Range | null}
 */
function spanOf({ first, last, top, more }, { before, after, around }) {
  const low = count(first, 0);
  const high = count(last, 0);
  const isAll = more !== true;
  if (low === 0 && !isAll) return null;
  if (before !== undefined) return { from: isAll ? 1 : low, to: before - 1 };
  if (after !== undefined) return { from: after + 1, to: isAll ? count(top, high) : high };
  if (around !== undefined) return isAll ? { from: 1, to: count(top, high) } : { from: Math.min(low, around), to: Math.max(high, around) };
  return { from: isAll ? 1 : low, to: count(top, high) };
}

/**
 * Returns the loaded part of a room after a range was added.
 *
 * @param {Room} room
 * @param {Range} span
 * @param {number} top
 */
function coverage({ oldest, more, gaps }, { from, to }, top) {
  const known = oldest || top + 1;
  let rest = gaps;
  if (from < known && to + 1 < known) rest = withRange(rest, { from: to + 1, to: known - 1 });
  rest = rest.flatMap((gap) => [
    ...(gap.from < from ? [{ from: gap.from, to: Math.min(gap.to, from - 1) }] : []),
    ...(gap.to > to ? [{ from: Math.max(gap.from, to + 1), to: gap.to }] : []),
  ]);
  const reachesBack = oldest === 0 || from < oldest;
  return { gaps: rest, oldest: reachesBack ? from : oldest, more: reachesBack ? from > 1 : more };
}
