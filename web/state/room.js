/**
 * The state of a room, and its changes by events. Pure, as part of `reducer.js`.
 *
 * Fields from the server that have an unexpected type count as missing.
 *
 * @module
 */

/**
 * @typedef {object} Message
 * @property {number} mid
 * @property {string} sender
 * @property {string} content
 * @property {number} ts           server time
 * @property {boolean} [account]   its sender had an account
 * @property {string} [hook]       the hook that posted it; its sender names the hook, too
 * @property {number} [replyTo]
 * @property {number} [replies]    how many there are; 100 means as many or more
 * @property {number} [expires]    server time
 * @property {boolean} [edited]
 * @property {Reaction[]} reactions
 * @property {Attachment[]} [files]
 * @property {string} [local]      its id in the outbox: keeps its row on the page the same
 */

/**
 * A file of a message.
 *
 * @typedef {object} Attachment
 * @property {string} file    its id
 * @property {string} name
 * @property {string} type    a media type that browsers show safely, or `application/octet-stream`
 * @property {number} bytes
 * @property {number} width   in pixels; 0 for what is no picture
 * @property {number} height
 */

/** @typedef {{ emoji: string, count: number, mine: boolean, users: string[] }} Reaction */

/**
 * A submitted event without an answer, shown as if it had one, but paler.
 *
 * @typedef {object} Pending
 * @property {string} id
 * @property {string} type
 * @property {any} payload
 * @property {number} at
 * @property {{ code: string, message: string }} [error]
 * @property {boolean} [isSlow]  the server has not answered for some seconds
 */

/**
 * A line that is not a message.
 *
 * @typedef {object} Notice
 * @property {number} id
 * @property {number} after     the message that it follows
 * @property {string} text      from the server or the page; empty for a moderation action
 * @property {Moderation} [moderation]
 * @property {string} [invites] the public room of an invitation
 */

/**
 * A moderation action.
 *
 * @typedef {{ action: string, by: string, user: string, seconds: number, reason: string }} Moderation
 */

/** @typedef {{ name: string, status: string, text: string, role: string, account: boolean, hue: number }} Person  `hue`: of the picture, 1 to 12; 0 for none */

/** @typedef {{ from: number, to: number }} Range */

/**
 * @typedef {object} Room
 * @property {string} name
 * @property {string} topic
 * @property {number} count
 * @property {Person[]} people      sorted by name; empty in rooms too big for a list
 * @property {Person[]} absent      members who are not in the room, as far as they are known; sorted by name
 * @property {Message[]} messages   ascending by `mid`
 * @property {Pending[]} pending
 * @property {Notice[]} notices
 * @property {Range[]} lost         no longer available on the server
 * @property {Range[]} gaps         not loaded, between loaded messages; ascending
 * @property {number} oldest        history is known from this `seq` on; 0 if none is
 * @property {boolean} more         older history exists
 * @property {number} unread
 * @property {number} mentions
 * @property {number} firstUnread   the first message that was unread when the reader came; 0 for none
 * @property {boolean} isHeld       marked as unread by the reader: it stays so until it is opened again
 * @property {number} read          the read marker of an account; 0 for guests
 * @property {boolean} isUnloaded   its history is to be asked for
 * @property {"all" | "mentions" | "none" | ""} notify  of what the reader is notified; empty for no membership
 * @property {number} order         place in the list, the lowest first; 0 if unknown
 * @property {string} role          of the reader: `owner`, `moderator`, `member` or empty
 * @property {boolean} isPrivate    visible only to members
 * @property {boolean} isLocked     only moderators may write
 * @property {number} slow          seconds between two messages of one person; 0 for no slow mode
 * @property {Record<string, number>} mutes  until when people are muted, as far as that was told: 0 for not, server time
 * @property {string} partner       current name of the other person of a private conversation
 * @property {number[]} pins        pinned messages
 * @property {number[]} deleting    messages that the reader deletes, while it can be undone
 * @property {Record<string, number>} typing  expiry times by name, local clock
 */

/** Returns a room of which only the name is known. @param {string} name @returns {Room} */
export function emptyRoom(name) {
  return {
    name,
    topic: "",
    count: 0,
    people: [],
    absent: [],
    messages: [],
    pending: [],
    notices: [],
    lost: [],
    gaps: [],
    oldest: 0,
    more: false,
    unread: 0,
    mentions: 0,
    firstUnread: 0,
    isHeld: false,
    read: 0,
    isUnloaded: false,
    notify: "",
    order: 0,
    role: "",
    isPrivate: false,
    isLocked: false,
    slow: 0,
    mutes: {},
    partner: "",
    pins: [],
    deleting: [],
    typing: {},
  };
}

/**
 * Returns the message with this number, by binary search.
 *
 * @param {Message[]} messages
 * @param {number} mid
 */
export function find(messages, mid) {
  const at = indexFor(messages, mid);
  return messages[at]?.mid === mid ? messages[at] : undefined;
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
    return withAbsentAfter({ ...room, count: total, people: others, typing }, before, payload);
  }
  // A status without a text or a hue clears those of the one before.
  const changes = payload.status === undefined ? payload : { text: "", hue: 0, ...payload };
  // Left out of a guest's event, whoever had the name before.
  const person = asPerson({ ...before, ...changes, name, account: payload.account });
  return withAbsentAfter({ ...room, count: total, people: sorted([...others, person]) }, undefined, payload);
}

/** Adds members who are not in the room, or replaces them by a first page. @param {Room} room @param {unknown} members @param {boolean} isMore @returns {Room} */
export function withAbsent(room, members, isMore) {
  const here = new Set(room.people.map(({ name }) => name));
  const page = list(members).map((raw) => asPerson({ ...raw, status: ABSENT, account: true })).filter(({ name }) => name && !here.has(name));
  const known = new Set(page.map(({ name }) => name));
  return { ...room, absent: sorted([...(isMore ? room.absent.filter(({ name }) => !known.has(name)) : []), ...page]) };
}

/** Keeps the absent members after somebody has come or gone. @param {Room} room  after it @param {Person | undefined} before  who it was @param {any} payload @returns {Room} */
function withAbsentAfter(room, before, { user, was, why }) {
  const others = room.absent.filter(({ name }) => name !== user && name !== was);
  // Whoever left the room is no member any more; whose connection has ended still is one.
  const isAway = before?.account === true && (why === "closed" || why === "timeout");
  if (!isAway && others.length === room.absent.length) return room;
  return { ...room, absent: isAway ? sorted([...others, { ...before, status: ABSENT, text: "" }]) : others };
}

/** The status of somebody who is not there. */
const ABSENT = "absent";

/** Sets the role of a person; empty for none. @param {Room} room @param {string} name @param {string} role @returns {Room} */
export function withRole(room, name, role) {
  return { ...room, people: room.people.map((it) => (it.name === name ? { ...it, role } : it)) };
}

/** @param {Room} room @param {unknown} users @param {unknown} total @returns {Room} */
export function withPeople(room, users, total) {
  if (!Array.isArray(users)) return { ...room, count: count(total, room.count) };
  const people = sorted(users.map(asPerson));
  return { ...room, people, count: count(total, people.length) };
}

/** Returns the message of a payload. @param {any} raw @param {string} you @param {string} [local] @returns {Message} */
export function asMessage(raw, you, local) {
  const { mid, seq, ts, sender, account, hook, content, reply_to, expires, edited, reactions } = raw;
  const files = asAttachments(raw.files);
  /** @type {Message} */
  const message = {
    mid: count(mid, count(seq, 0)),
    sender: text(sender),
    content: text(content),
    ts: timestamp(ts),
    reactions: asReactions(reactions, you),
  };
  if (account === true) message.account = true;
  if (text(hook)) message.hook = hook;
  if (typeof reply_to === "number") message.replyTo = reply_to;
  if (count(raw.replies, 0) > 0) message.replies = raw.replies;
  if (typeof expires === "number") message.expires = timestamp(expires);
  if (edited) message.edited = true;
  if (files.length) message.files = files;
  if (local !== undefined) message.local = local;
  return message;
}

/** Returns what a message says in words: its text, or the names of its files. @param {{ content: string, files?: Attachment[] }} message */
export function wordsOf({ content, files = [] }) {
  return content || files.map(({ name }) => name).join(", ");
}

/** Returns an array without null, or an empty one for another value. @param {unknown} value @returns {any[]} */
export function list(value) {
  return Array.isArray(value) ? value.filter((it) => it !== null && it !== undefined) : [];
}

/** Returns a string, or an empty one for another value. @param {unknown} value */
export function text(value) {
  return typeof value === "string" ? value : "";
}

/** Returns a finite number, or `otherwise`. @param {unknown} value @param {number} otherwise */
export function count(value, otherwise) {
  return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
}

/** Returns a time within the range of a `Date`. @param {unknown} value */
export function timestamp(value) {
  return Math.min(Math.max(count(value, 0), 0), 8.64e15);
}

/** Returns the files of a message, as far as they are some. @param {unknown} files @returns {Attachment[]} */
export function asAttachments(files) {
  const known = list(files).filter(({ file }) => /^[0-9a-f]{32}$/.test(file));
  return known.map(({ file, name, type, bytes, width, height }) => ({
    file,
    name: text(name),
    type: text(type),
    bytes: count(bytes, 0),
    width: pixels(width),
    height: pixels(height),
  }));
}

/** Returns a side of a picture as the attributes of an image take it. @param {unknown} value */
function pixels(value) {
  return Math.trunc(Math.min(Math.max(count(value, 0), 0), PIXELS_MAX));
}

/** A side of the largest picture that is shown by its size. */
const PIXELS_MAX = 100_000;

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
  const { name, status, text: words, role, account, hue } = typeof raw === "string" ? { name: raw } : (raw ?? {});
  return {
    name: text(name),
    status: status === "online" ? "" : text(status),
    text: text(words),
    role: text(role),
    account: account === true,
    hue: hue >= 1 && hue <= HUES ? Math.floor(hue) : 0,
  };
}

/** The number of hues. */
const HUES = 12;

const collator = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

/** @param {Person[]} people */
function sorted(people) {
  return people.sort((a, b) => collator.compare(a.name, b.name));
}

/** Returns the index of a number, or where it would be inserted. @param {Message[]} messages @param {number} mid */
export function indexFor(messages, mid) {
  let low = 0;
  let high = messages.length;
  // Most messages are new and belong at the end.
  if (high > 0 && messages[high - 1].mid < mid) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (messages[middle].mid < mid) low = middle + 1;
    else high = middle;
  }
  return low;
}
