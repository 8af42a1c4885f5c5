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

import { change, known, left, opened, seen } from "./rooms.js";
import { isDirect } from "../client/event.js";
import { moderated, noticed, notified } from "./notices.js";
import { ASIDE_MAX, MESSAGES_MAX, trimmed, withHistory, withLost, withMessages } from "./history.js";
import { calls, withMark, withReadTo, withUnread, withoutMark } from "./unread.js";
import {
  asMessage,
  count,
  emptyRoom,
  list,
  text,
  withChangedMessage,
  withPeople,
  withPresence,
  withReaction,
} from "./room.js";
import { standingOf, welcomed } from "./welcome.js";

/** @typedef {import("../client/event.js").ChatEvent} ChatEvent */
/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./room.js").Message} Message */
/** @typedef {import("./room.js").Pending} Pending */

/**
 * @typedef {object} State
 * @property {import("../chinwag.js").Phase} phase
 * @property {{ code?: number, reason?: string, retry_in_ms?: number }} why  of the phase
 * @property {string} you
 * @property {boolean} account      or a guest
 * @property {string} role          on the whole server: `admin` or nothing
 * @property {ReadonlyMap<string, Room>} rooms  in the order of joining
 * @property {string} active
 * @property {boolean} attentive    the end of the active room is before somebody's eyes
 * @property {number} ahead         how far the server's clock is ahead of ours, in ms
 * @property {{ room: string, users: number, topic: string }[] | null} found  answer to `list_rooms`
 * @property {Search | null} search
 * @property {Record<string, number>} limits
 * @property {number} notices       how many there were: numbers them
 */

/**
 * What is searched for and what was found, the newest first.
 *
 * @typedef {object} Search
 * @property {string} query
 * @property {boolean} isBusy
 * @property {(Message & { room: string })[]} found
 * @property {boolean} more
 * @property {string} failure
 */

const TYPING_MS = 6_000;

/** @param {string} [active] @returns {State} */
export function initial(active = "") {
  return {
    phase: "idle",
    why: {},
    you: "",
    account: false,
    role: "",
    rooms: new Map(),
    active,
    attentive: true,
    ahead: 0,
    found: null,
    search: null,
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
        withPeople({ ...it, ...standingOf(it, payload) }, payload.users, payload.count),
      );
    case "left":
      return left(state, room);
    case "history":
      return known(state, room, (it) => learned(state, it, event));
    case "message":
    case "message_edited":
    case "message_deleted":
    case "reaction":
    case "topic":
    case "moderated":
      return recorded(settled(state, room, event.local), room, event);
    case "user_joined":
    case "user_left":
    case "presence":
      return known(state, room, (it) => withPresence(it, type, payload));
    case "user_list":
      return known(state, room, (it) => withPeople(it, payload.users, payload.count));
    case "room_list":
      return { ...state, found: list(payload.rooms).map(asFound) };
    case "search_results":
      return found(state, event);
    case "typing":
      return typing(state, room, payload, now);
    case "read":
      return known(state, room, (it) => withReadTo(it, count(payload.seq, 0), state.you));
    case "lost":
      return known(state, room, (it) => withLost(it, [payload]));
    case "reset":
      return known(state, room, (it) => ({ ...emptyRoom(room), ...whatStays(it) }));
    case "queued":
    case "failed":
      return queued(state, room, payload.entry);
    case "settled":
    case "discarded":
      return settled(state, room, payload.entry?.id);
    case "notice":
      return notified(state, room, payload);
    case "error":
      // What was asked with an `id` is told by who asked.
      return event.re === undefined ? notified(state, room, payload) : state;
    default:
      return own(state, event, now);
  }
}

/**
 * What has changed about the reader; others are told by the server.
 *
 * @param {State} state
 * @param {{ user: string, was?: string, status?: string, text?: string }} news
 */
function withReader(state, news) {
  let next = { ...state, you: news.user };
  for (const [name, { people }] of state.rooms) {
    if (!people.some((person) => person.name === state.you)) continue;
    next = change(next, name, (it) => withPresence(it, "presence", news));
  }
  return next;
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
      return known(opened(state, room), room, (it) => (it.partner ? it : { ...it, partner: text(payload.partner) }));
    case "ui_attention":
      return seen({ ...state, attentive: payload.attentive === true });
    case "ui_said":
      return noticed(state, room, { text: text(payload.text) });
    case "ui_searched":
      return { ...state, search: { query: text(payload.query), isBusy: true, found: [], more: false, failure: "" } };
    case "ui_search_failed":
      return state.search ? { ...state, search: { ...state.search, isBusy: false, failure: text(payload.message) } } : state;
    case "ui_search_closed":
      return { ...state, search: null };
    case "ui_found_closed":
      return { ...state, found: null };
    case "ui_renamed":
      return withReader(state, { user: text(payload.you), was: state.you });
    case "ui_status":
      return withReader(state, { user: state.you, status: text(payload.status), text: text(payload.text) });
    case "ui_whole":
      return known(state, room, (it) => ({ ...it, more: false }));
    case "ui_ticked":
      return ticked(state, now);
    default:
      return state;
  }
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
      return deleted(state, name, payload.mid);
    case "reaction":
      return known(state, name, (room) =>
        withChangedMessage(room, payload.mid, (it) => ({
          ...it,
          reactions: withReaction(it.reactions, payload, state.you),
        })),
      );
    case "moderated":
      return moderated(state, name, event);
    default:
      return known(state, name, (room) => ({ ...room, topic: text(payload.topic) }));
  }
}

/** @param {State} state @param {string} name @param {number} mid @returns {State} */
function deleted(state, name, mid) {
  const next = known(state, name, (room) => ({
    ...room,
    messages: room.messages.filter((it) => it.mid !== mid),
  }));
  const { search } = next;
  const found = search?.found.filter((it) => it.mid !== mid || it.room !== name);
  return !search || found?.length === search.found.length ? next : { ...next, search: { ...search, found: found ?? [] } };
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
  const isActive = state.active === name;
  const isSeen = isOwn || (state.attentive && isActive);
  return change(state, name, (room) => {
    const { [message.sender]: _, ...typing } = room.typing;
    const counted = isSeen ? room : withUnread(room, message, calls(name, message.content, state.you));
    const partner = room.partner || isOwn || !isDirect(name) ? room.partner : message.sender;
    const next = withMessages({ ...counted, typing, partner }, [message]);
    return trimmed(next, isActive ? MESSAGES_MAX : ASIDE_MAX, isActive && !state.attentive);
  });
}

/** A page of the past. @param {State} state @param {Room} room @param {ChatEvent} event @returns {Room} */
function learned(state, room, { payload = {}, asked }) {
  const next = withHistory(room, payload, state.you, asked);
  const isReadingBack = (asked?.before ?? asked?.after ?? asked?.around) !== undefined;
  const whole = trimmed(next, MESSAGES_MAX, isReadingBack);
  return state.account ? withMark(whole, state.you) : whole;
}

/** What was searched for, if it is still wanted. @param {State} state @param {ChatEvent} event */
function found(state, { payload = {}, asked }) {
  const { search } = state;
  if (!search || search.query !== asked?.query) return state;
  const hits = list(payload.messages).map((raw) => ({ ...asMessage(raw, state.you), room: text(raw.room) }));
  return { ...state, search: { ...search, isBusy: false, failure: "", found: hits, more: payload.more === true } };
}

/** What a reset of the record leaves of a room. @param {Room} room */
function whatStays({ topic, count: users, people, pending, typing: writers, role, isPrivate, partner }) {
  return { topic, count: users, people, pending, typing: writers, role, isPrivate, partner };
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

/** @param {any} raw */
function asFound(raw) {
  return { room: text(raw.room), users: count(raw.users, 0), topic: text(raw.topic) };
}
