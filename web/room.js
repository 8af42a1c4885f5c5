/**
 * A room as the page knows it, and what events make of it. Pure, as `state.js`, whose part it is.
 *
 * Nothing here believes what a server sends to be of the right kind: fields of another type count
 * as absent.
 *
 * @module
 */

/**
 * @typedef {object} Message
 * @property {number} mid
 * @property {string} sender
 * @property {string} content
 * @property {number} ts           server time
 * @property {number} [replyTo]
 * @property {number} [expires]    server time
 * @property {boolean} [edited]
 * @property {Reaction[]} reactions
 * @property {string} [local]      id it had in the outbox: its row on the page stays the same
 */

/** @typedef {{ emoji: string, count: number, mine: boolean, users: string[] }} Reaction */

/**
 * Something said that the server has not answered: shown as if it had, but paler.
 *
 * @typedef {object} Pending
 * @property {string} id
 * @property {string} type
 * @property {any} payload
 * @property {number} at
 * @property {{ code: string, message: string }} [error]
 */

/** A line of the server that is no message. @typedef {{ id: number, text: string, after: number }} Notice */

/** @typedef {{ name: string, status: string, text: string }} Person */

/** @typedef {{ from: number, to: number }} Range */

/**
 * @typedef {object} Room
 * @property {string} name
 * @property {string} topic
 * @property {number} count
 * @property {Person[]} people      sorted by name; empty in rooms too big for a list
 * @property {Message[]} messages   ascending by `mid`
 * @property {Pending[]} pending
 * @property {Notice[]} notices
 * @property {Range[]} lost         no longer kept by the server
 * @property {number} oldest        the record is known from this `seq` on; 0 when nothing is
 * @property {boolean} more         there is more of the past to be had
 * @property {number} unread
 * @property {number} mentions
 * @property {number} firstUnread   `mid`, 0 for none
 * @property {Record<string, number>} typing  until when, by name
 */

/** Beyond this the oldest are dropped and can be loaded again. */
export const MESSAGES_MAX = 10_000;

/** @param {string} name @returns {Room} */
export function emptyRoom(name) {
  return {
    name,
    topic: "",
    count: 0,
    people: [],
    messages: [],
    pending: [],
    notices: [],
    lost: [],
    oldest: 0,
    more: false,
    unread: 0,
    mentions: 0,
    firstUnread: 0,
    typing: {},
  };
}

/**
 * The message with this number, by bisection.
 *
 * @param {Message[]} messages
 * @param {number} mid
 */
export function find(messages, mid) {
  const at = placeOf(messages, mid);
  return messages[at]?.mid === mid ? messages[at] : undefined;
}

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
    const at = placeOf(messages, message.mid);
    const before = messages[at]?.mid === message.mid ? messages[at] : undefined;
    const local = message.local ?? before?.local;
    messages.splice(at, before ? 1 : 0, local === undefined ? message : { ...message, local });
  }
  const surplus = messages.length - MESSAGES_MAX;
  if (surplus <= 0) return { ...room, messages };
  return { ...room, messages: messages.slice(surplus), oldest: messages[surplus].mid, more: true };
}

/** @param {Room} room @param {any} payload a page of history @param {string} you @returns {Room} */
export function withHistory(room, payload, you) {
  const first = count(payload.first, 0);
  const reachesBack = room.oldest === 0 || first < room.oldest;
  /** @param {Range} range */
  const isNews = ({ from, to }) => !room.lost.some((it) => it.from === from && it.to === to);
  const told = list(payload.messages);
  const gone = new Set(told.filter((raw) => raw.deleted).map((raw) => raw.mid));
  const there = told.filter((raw) => !raw.deleted).map((raw) => asMessage(raw, you));
  const kept = gone.size ? room.messages.filter(({ mid }) => !gone.has(mid)) : room.messages;
  return {
    ...withMessages({ ...room, messages: kept }, there),
    // Only a page that reaches further back than all before knows whether there is more behind it.
    oldest: reachesBack ? first : room.oldest,
    more: reachesBack ? payload.more === true : room.more,
    lost: [...room.lost, ...list(payload.lost).map(asRange).filter(isNews)],
  };
}

/**
 * @param {Room} room
 * @param {number} mid
 * @param {(message: Message) => Message} how
 * @returns {Room}
 */
export function withChangedMessage(room, mid, how) {
  const before = find(room.messages, mid);
  if (!before) return room;
  const after = how(before);
  return { ...room, messages: room.messages.map((it) => (it === before ? after : it)) };
}

/** @param {Reaction[]} reactions @param {any} payload @param {string} you @returns {Reaction[]} */
export function withReaction(reactions, { emoji, user, on, count: total }, you) {
  const known = reactions.find((it) => it.emoji === emoji);
  const before = known ?? { emoji: text(emoji), count: 0, mine: false, users: [] };
  const others = before.users.filter((name) => name !== user);
  const after = {
    ...before,
    users: on ? [...others, text(user)] : others,
    count: count(total, before.count + (on ? 1 : -1)),
    mine: user === you ? on === true : before.mine,
  };
  const next = known ? reactions.map((it) => (it === known ? after : it)) : [...reactions, after];
  return next.filter((it) => it.count > 0 && it.emoji !== "");
}

/** @param {Room} room @param {string} type @param {any} payload @returns {Room} */
export function withPresence(room, type, payload) {
  const name = text(payload.user);
  const total = count(payload.count, room.count);
  if (!name) return { ...room, count: total };
  const before = room.people.find((it) => it.name === name);
  const others = room.people.filter((it) => it.name !== name && it.name !== payload.was);
  if (type === "user_left") {
    const { [name]: _, ...typing } = room.typing;
    return { ...room, count: total, people: others, typing };
  }
  const person = asPerson({ ...before, ...payload, name });
  return { ...room, count: total, people: sorted([...others, person]) };
}

/** @param {Room} room @param {unknown} users @param {unknown} total @returns {Room} */
export function withPeople(room, users, total) {
  if (!Array.isArray(users)) return { ...room, count: count(total, room.count) };
  const people = sorted(users.map(asPerson));
  return { ...room, people, count: count(total, people.length) };
}

/** @param {any} raw @param {string} you @param {string} [local] @returns {Message} */
export function asMessage(raw, you, local) {
  const { mid, seq, ts, sender, content, reply_to, expires, edited, reactions } = raw;
  /** @type {Message} */
  const message = {
    mid: count(mid, count(seq, 0)),
    sender: text(sender),
    content: text(content),
    ts: count(ts, 0),
    reactions: asReactions(reactions, you),
  };
  if (typeof reply_to === "number") message.replyTo = reply_to;
  if (typeof expires === "number") message.expires = expires;
  if (edited) message.edited = true;
  if (local !== undefined) message.local = local;
  return message;
}

/** @param {any} raw @returns {Range} */
export function asRange(raw) {
  return { from: count(raw.from, 0), to: count(raw.to, 0) };
}

/** @param {unknown} value @returns {any[]} */
export function list(value) {
  return Array.isArray(value) ? value.filter((it) => it !== null && it !== undefined) : [];
}

/** @param {unknown} value */
export function text(value) {
  return typeof value === "string" ? value : "";
}

/** @param {unknown} value @param {number} otherwise */
export function count(value, otherwise) {
  return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
}

/** @param {any} raw @param {string} you @returns {Reaction[]} */
function asReactions(raw, you) {
  return list(raw).map(({ emoji, users, count: total }) => {
    const names = list(users).map(text);
    const mine = names.includes(you);
    return { emoji: text(emoji), users: names, count: count(total, names.length), mine };
  });
}

/** @param {any} raw @returns {Person} */
function asPerson(raw) {
  if (typeof raw === "string") return { name: raw, status: "", text: "" };
  const status = raw?.status === "online" ? "" : text(raw?.status);
  return { name: text(raw?.name), status, text: text(raw?.text) };
}

const collator = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

/** @param {Person[]} people */
function sorted(people) {
  return people.sort((a, b) => collator.compare(a.name, b.name));
}

/** Where this number stands or would stand. @param {Message[]} messages @param {number} mid */
function placeOf(messages, mid) {
  let low = 0;
  let high = messages.length;
  // Most are new and belong at the end.
  if (high > 0 && messages[high - 1].mid < mid) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (messages[middle].mid < mid) low = middle + 1;
    else high = middle;
  }
  return low;
}
