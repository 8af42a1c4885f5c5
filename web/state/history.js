/**
 * Which part of a room's record the page holds. Pure, as `reducer.js`, whose part it is.
 *
 * It is all from `oldest` on, except for the holes: where a page was opened far back, and where
 * messages were let go because there are too many. Holes are filled when a reader comes near.
 *
 *     1 … ── oldest ══════════ hole ══════════════▶ what comes
 *     more    loaded           not                 loaded
 *
 * @module
 */

import { asMessage, count, find, list, indexFor } from "./room.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./room.js").Message} Message */
/** @typedef {import("./room.js").Range} Range */

/** Messages held of a room that is open; beyond that some are let go and can be loaded again. */
export const MESSAGES_MAX = 10_000;
/** The same of a room that is not. */
export const INACTIVE_MESSAGES_MAX = 1_000;
/** The newest are not let go for the sake of older ones. */
const NEWEST_MIN = 200;

/**
 * Puts messages into their places; one that is there already is replaced.
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
 * @param {Room} room
 * @param {any} payload  a page of history
 * @param {string} you
 * @param {any} [asked]  what was asked for; nothing means the latest
 * @returns {Room}
 */
export function withHistory(room, payload, you, asked) {
  const told = list(payload.messages);
  const gone = new Set(told.filter((raw) => raw.deleted).map((raw) => raw.mid));
  const there = told.filter((raw) => !raw.deleted).map((raw) => asMessage(raw, you));
  const kept = gone.size ? room.messages.filter(({ mid }) => !gone.has(mid)) : room.messages;
  const filled = withMessages({ ...room, messages: kept }, there);
  const span = spanOf(payload, asked ?? {});
  const covered = span ? coverage(room, span, count(payload.top, 0)) : {};
  return withLost({ ...filled, ...covered }, list(payload.lost));
}

/** Some of it is no longer kept by the server. @param {Room} room @param {any[]} told @returns {Room} */
export function withLost(room, told) {
  const ranges = told.map(({ from, to }) => ({ from: count(from, 0), to: count(to, 0) }));
  const sound = ranges.filter(({ from, to }) => from > 0 && from <= to);
  return sound.length ? { ...room, lost: sound.reduce(withRange, room.lost) } : room;
}

/**
 * Lets go what is too much: the oldest, or if the reader is among those, what lies between them
 * and the newest.
 *
 * @param {Room} room
 * @param {number} most
 * @param {boolean} [isReadingBack]
 * @returns {Room}
 */
export function trimmed(room, most, isReadingBack = false) {
  const { messages } = room;
  const surplus = messages.length - most;
  if (surplus <= 0) return room;
  if (!isReadingBack) {
    const oldest = messages[surplus].mid;
    const holes = room.holes.filter(({ to }) => to > oldest);
    return { ...room, messages: messages.slice(surplus), oldest, more: true, holes };
  }
  const end = messages.length - NEWEST_MIN;
  const start = end - surplus;
  const hole = { from: messages[start - 1].mid + 1, to: messages[end].mid - 1 };
  const rest = [...messages.slice(0, start), ...messages.slice(end)];
  return { ...room, messages: rest, holes: withRange(room.holes, hole) };
}

/** The hole that this number is in, or next to. @param {Room} room @param {number} seq */
export function holeAt({ holes }, seq) {
  return holes.find(({ from, to }) => from <= seq && seq <= to);
}

/** Whether the page holds this message, or would if there were one. @param {Room} room @param {number} mid */
export function isLoaded(room, mid) {
  return find(room.messages, mid) !== undefined || (room.oldest > 0 && mid >= room.oldest && !holeAt(room, mid));
}

/** Adds a range; those that touch become one. @param {Range[]} ranges @param {Range} range */
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
 * The part of the record that a page speaks for: there is nothing in it but what is on the page.
 * A page without messages that says there are more speaks for nothing.
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
 * What is covered when this is, too.
 *
 * @param {Room} room
 * @param {Range} span
 * @param {number} top
 */
function coverage({ oldest, more, holes }, { from, to }, top) {
  const known = oldest || top + 1;
  let rest = holes;
  if (from < known && to + 1 < known) rest = withRange(rest, { from: to + 1, to: known - 1 });
  rest = rest.flatMap((hole) => [
    ...(hole.from < from ? [{ from: hole.from, to: Math.min(hole.to, from - 1) }] : []),
    ...(hole.to > to ? [{ from: Math.max(hole.from, to + 1), to: hole.to }] : []),
  ]);
  const reachesBack = oldest === 0 || from < oldest;
  return { holes: rest, oldest: reachesBack ? from : oldest, more: reachesBack ? from > 1 : more };
}
