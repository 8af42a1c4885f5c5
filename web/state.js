/**
 * What the page knows, as a value: `reduce(state, event, now)` gives the next one.
 *
 * Pure: no DOM, no clock, no storage. An event is one of the library's (`chinwag.js`) or one of
 * the page's own, whose types begin with `ui_`. What did not change keeps its identity, so that
 * the view can see by `===` what to touch. Room names come from strangers: rooms are kept in a
 * `Map`, where `__proto__` is a name like any other.
 *
 * @module
 */

import {
  asMessage,
  asRange,
  count,
  emptyRoom,
  find,
  list,
  text,
  withChangedMessage,
  withHistory,
  withMessages,
  withPeople,
  withPresence,
  withReaction,
} from "./room.js";

/** @typedef {import("./client/event.js").ChatEvent} ChatEvent */
/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./room.js").Message} Message */
/** @typedef {import("./room.js").Pending} Pending */

/**
 * @typedef {object} State
 * @property {import("./chinwag.js").Phase} phase
 * @property {{ code?: number, reason?: string, retry_in_ms?: number }} why  of the phase
 * @property {string} you
 * @property {ReadonlyMap<string, Room>} rooms  in the order of joining
 * @property {string} active
 * @property {boolean} attentive    the end of the active room is before somebody's eyes
 * @property {number} ahead         how far the server's clock is ahead of ours, in ms
 * @property {{ room: string, users: number, topic: string }[] | null} found  answer to `list_rooms`
 * @property {Record<string, number>} limits
 * @property {number} notices       how many there were: numbers them
 */

const NOTICES_MAX = 50;
const TYPING_MS = 6_000;

/** @param {string} [active] @returns {State} */
export function initial(active = "") {
  return {
    phase: "idle",
    why: {},
    you: "",
    rooms: new Map(),
    active,
    attentive: true,
    ahead: 0,
    found: null,
    limits: {},
    notices: 0,
  };
}

/**
 * @param {State} state
 * @param {ChatEvent} event
 * @param {number} now  local clock, Unix milliseconds
 * @returns {State}
 */
export function reduce(state, event, now) {
  const { type, room = state.active, payload = {} } = event;
  switch (type) {
    case "phase":
      return { ...state, phase: payload.phase, why: payload };
    case "welcome":
      return welcomed(state, event, now);
    case "joined":
      return change(state, room, (it) =>
        withPeople({ ...it, topic: text(payload.topic) }, payload.users, payload.count),
      );
    case "left":
      return left(state, room);
    case "history":
      return known(state, room, (it) => withHistory(it, payload, state.you));
    case "message":
    case "message_edited":
    case "message_deleted":
    case "reaction":
    case "topic":
      return recorded(settled(state, room, event.local), room, event);
    case "user_joined":
    case "user_left":
    case "presence":
      return known(state, room, (it) => withPresence(it, type, payload));
    case "user_list":
      return known(state, room, (it) => withPeople(it, payload.users, payload.count));
    case "room_list":
      return { ...state, found: list(payload.rooms).map(asFound) };
    case "typing":
      return typing(state, room, payload, now);
    case "lost":
      return known(state, room, (it) => ({ ...it, lost: [...it.lost, asRange(payload)] }));
    case "reset":
      return known(state, room, (it) => ({ ...emptyRoom(room), ...standing(it) }));
    case "queued":
    case "failed":
      return queued(state, room, payload.entry);
    case "settled":
    case "discarded":
      return settled(state, room, payload.entry?.id);
    case "notice":
      return noticed(state, room, text(payload.message));
    case "error":
      // What was asked with an `id` is told by who asked.
      return event.re === undefined ? noticed(state, room, text(payload.message)) : state;
    default:
      return own(state, event, now);
  }
}

/** Others are told of a new name by the server. @param {State} state @param {string} you */
function renamed(state, you) {
  let next = { ...state, you };
  for (const [name, { people }] of state.rooms) {
    if (!people.some((person) => person.name === state.you)) continue;
    next = change(next, name, (it) => withPresence(it, "presence", { user: you, was: state.you }));
  }
  return next;
}

/** How many messages wait to be read, everywhere. @param {State} state */
export function unreadIn(state) {
  let sum = 0;
  for (const { unread } of state.rooms.values()) sum += unread;
  return sum;
}

/** Whether the text calls this name. @param {string} content @param {string} you */
export function mentions(content, you) {
  if (!you) return false;
  const folded = content.toLowerCase();
  const name = `@${you.toLowerCase()}`;
  for (let at = folded.indexOf(name); at >= 0; at = folded.indexOf(name, at + 1)) {
    const before = folded.slice(0, at);
    const after = folded.slice(at + name.length);
    if (!/[\p{L}\p{N}_]$/u.test(before) && !/^-?[\p{L}\p{N}_]/u.test(after)) return true;
  }
  return false;
}

/**
 * The page's own events.
 *
 * @param {State} state
 * @param {ChatEvent} event
 * @param {number} now
 * @returns {State}
 */
function own(state, { type, room = state.active, payload = {} }, now) {
  switch (type) {
    case "ui_opened":
      return opened(state, room);
    case "ui_attention":
      return seen({ ...state, attentive: payload.attentive === true });
    case "ui_said":
      return noticed(state, room, text(payload.text));
    case "ui_found_closed":
      return { ...state, found: null };
    case "ui_renamed":
      return renamed(state, text(payload.you));
    case "ui_whole":
      return known(state, room, (it) => ({ ...it, more: false }));
    case "ui_ticked":
      return ticked(state, now);
    default:
      return state;
  }
}

/**
 * @param {State} state
 * @param {ChatEvent} event
 * @param {number} now
 * @returns {State}
 */
function welcomed(state, { ts, payload = {} }, now) {
  const { you, limits, rooms = {}, current } = payload;
  const ahead = ts === undefined ? 0 : ts - now;
  let next = { ...state, you: text(you) || state.you, limits: limits ?? {}, ahead };
  for (const [name, room] of state.rooms) {
    const isGone = !name.startsWith("@") && !Object.hasOwn(rooms, name);
    if (isGone && room.pending.length === 0) next = left(next, name);
  }
  for (const [name, { topic, users }] of Object.entries(rooms)) {
    next = change(next, name, (it) => ({ ...it, topic: text(topic), count: count(users, it.count) }));
  }
  if (next.rooms.has(next.active)) return next;
  return opened(next, next.rooms.has(current) ? current : firstOf(next));
}

/** @param {State} state @param {string} name @returns {State} */
function left(state, name) {
  const rooms = new Map(state.rooms);
  rooms.delete(name);
  const next = { ...state, rooms };
  return state.active === name ? opened(next, firstOf(next)) : next;
}

/** @param {State} state */
function firstOf({ rooms }) {
  return rooms.keys().next().value ?? "";
}

/** @param {State} state @param {string} name @returns {State} */
function opened(state, name) {
  if (!name) return { ...state, active: "" };
  // Where the unread began is of no use once the reader has gone elsewhere.
  const moved = state.active === name ? state : known(state, state.active, withoutMark);
  const next = change(moved, name, (it) => it);
  return seen({ ...next, active: name, attentive: true });
}

/** @param {Room} room @returns {Room} */
function withoutMark(room) {
  return room.firstUnread === 0 ? room : { ...room, firstUnread: 0 };
}

/** What is before an attentive reader is read. @param {State} state @returns {State} */
function seen(state) {
  if (!state.attentive) return state;
  return known(state, state.active, (it) =>
    it.unread === 0 ? it : { ...it, unread: 0, mentions: 0 },
  );
}

/**
 * A numbered event of a room.
 *
 * @param {State} state
 * @param {string} name
 * @param {ChatEvent} event
 * @returns {State}
 */
function recorded(state, name, event) {
  const { type, payload = {} } = event;
  switch (type) {
    case "message":
      return arrived(state, name, event);
    case "message_edited":
      return known(state, name, (room) =>
        withChangedMessage(room, payload.mid, (it) => ({
          ...it,
          content: text(payload.content),
          edited: true,
        })),
      );
    case "message_deleted":
      return known(state, name, (room) => ({
        ...room,
        messages: room.messages.filter(({ mid }) => mid !== payload.mid),
      }));
    case "reaction":
      return known(state, name, (room) =>
        withChangedMessage(room, payload.mid, (it) => ({
          ...it,
          reactions: withReaction(it.reactions, payload, state.you),
        })),
      );
    default:
      return known(state, name, (room) => ({ ...room, topic: text(payload.topic) }));
  }
}

/**
 * @param {State} state
 * @param {string} name
 * @param {ChatEvent} event
 * @returns {State}
 */
function arrived(state, name, { seq, ts, local, payload = {} }) {
  const message = asMessage({ ts, ...payload, mid: payload.mid ?? seq }, state.you, local);
  const isOwn = message.sender === state.you;
  const isSeen = isOwn || (state.attentive && state.active === name);
  const calls = name.startsWith("@") || mentions(message.content, state.you);
  return change(state, name, (room) => {
    const isUnread = !isSeen && !find(room.messages, message.mid);
    const { [message.sender]: _, ...typing } = room.typing;
    return {
      ...withMessages(room, [message]),
      typing,
      unread: room.unread + (isUnread ? 1 : 0),
      mentions: room.mentions + (isUnread && calls ? 1 : 0),
      firstUnread: room.firstUnread || (isUnread ? message.mid : 0),
    };
  });
}

/** What a reset of the record leaves of a room. @param {Room} room */
function standing({ topic, count: users, people, pending, typing: writers }) {
  return { topic, count: users, people, pending, typing: writers };
}

/** @param {State} state @param {string} name @param {any} payload @param {number} now */
function typing(state, name, { user, on, ttl_ms }, now) {
  if (typeof user !== "string" || user === state.you) return state;
  return known(state, name, (room) => {
    const { [user]: _, ...others } = room.typing;
    const until = now + Math.min(count(ttl_ms, TYPING_MS), 60_000);
    return { ...room, typing: on ? { ...others, [user]: until } : others };
  });
}

/** @param {State} state @param {string} name @param {Pending} entry */
function queued(state, name, { id, type, payload, at, error }) {
  return change(state, name, (room) => {
    const others = room.pending.filter((it) => it.id !== id);
    const pending = { id, type, payload, at, ...(error ? { error } : {}) };
    return withoutMark({ ...room, pending: [...others, pending] });
  });
}

/** @param {State} state @param {string} name @param {string | undefined} id */
function settled(state, name, id) {
  if (id === undefined) return state;
  return known(state, name, (room) => {
    const pending = room.pending.filter((it) => it.id !== id);
    return pending.length === room.pending.length ? room : { ...room, pending };
  });
}

/** @param {State} state @param {string} name @param {string} said */
function noticed(state, name, said) {
  if (!said || !state.rooms.has(name)) return state;
  const id = state.notices + 1;
  return known({ ...state, notices: id }, name, (room) => {
    const notice = { id, text: said, after: room.messages.at(-1)?.mid ?? 0 };
    return { ...room, notices: [...room.notices, notice].slice(-NOTICES_MAX) };
  });
}

/** Lets go what has expired. @param {State} state @param {number} now @returns {State} */
function ticked(state, now) {
  /** @param {Message} message */
  const lives = ({ expires }) => expires === undefined || expires > now + state.ahead;
  /** @param {[string, number]} writer */
  const writes = ([, until]) => until > now;
  let next = state;
  for (const name of state.rooms.keys()) {
    next = known(next, name, (room) => {
      const writers = Object.entries(room.typing);
      if (room.messages.every(lives) && writers.every(writes)) return room;
      const messages = room.messages.filter(lives);
      return { ...room, messages, typing: Object.fromEntries(writers.filter(writes)) };
    });
  }
  return next;
}

/**
 * Changes a room that exists.
 *
 * @param {State} state
 * @param {string} name
 * @param {(room: Room) => Room} how
 * @returns {State}
 */
function known(state, name, how) {
  return state.rooms.has(name) ? change(state, name, how) : state;
}

/**
 * Changes a room, which is made if need be.
 *
 * @param {State} state
 * @param {string} name
 * @param {(room: Room) => Room} how
 * @returns {State}
 */
function change(state, name, how) {
  const before = state.rooms.get(name);
  const after = how(before ?? emptyRoom(name));
  return after === before ? state : { ...state, rooms: new Map(state.rooms).set(name, after) };
}

/** @param {any} raw */
function asFound(raw) {
  return { room: text(raw.room), users: count(raw.users, 0), topic: text(raw.topic) };
}
