/**
 * The reducer of the page: `reduce(state, event, now)` returns the next state.
 *
 * Pure: no DOM, no clock, no storage. Events come from the library (`chinwag.js`) or from the page,
 * whose types begin with `ui_`. Unchanged values keep their identity, so that views can compare them by
 * `===`. Room names are untrusted: rooms are in a `Map`, where `__proto__` is a name like any other.
 *
 * @module
 */

import { upsertRoom, updateRoom, removeRoom, openRoom, markSeen } from "./rooms.js";
import { isDirect } from "../client/event.js";
import { applyModeration, applyPin, addNotice, addServerNotice, withoutPins } from "./notices.js";
import { INACTIVE_MESSAGES_MAX, MESSAGES_MAX, trimmed, withHistory, withLost, withMessages } from "./history.js";
import { withInvitation, withMembership, withReadMarker } from "./memberships.js";
import { isAddressed, recounted, withUnread, withUnreadFrom, withoutUnread, withoutUnreadMarker } from "./unread.js";
import {
  asMessage,
  count,
  emptyRoom,
  find,
  list,
  text,
  withAbsent,
  withChangedMessage,
  withPeople,
  withPresence,
  withReaction,
} from "./room.js";
import { roomFields, applyWelcome } from "./welcome.js";

/** @typedef {import("../client/event.js").ChatEvent} ChatEvent */
/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./room.js").Message} Message */
/** @typedef {import("./room.js").Pending} Pending */
/** @typedef {import("./state.js").State} State */

const TYPING_MS = 6_000;

/**
 * Returns the state after an event.
 *
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
      return applyWelcome(state, event, now);
    case "joined":
      return upsertRoom(withInvitation(state, room, { answer: "accepted" }), room, (it) =>
        // Joined on another connection, it comes without its past.
        withPeople({ ...it, ...roomFields(it, payload), isUnloaded: event.re === undefined && it.oldest === 0 }, payload.users, payload.count),
      );
    case "left":
      return removeRoom(state, room);
    case "history":
      return updateRoom(state, room, (it) => addHistory(state, it, event));
    case "message":
    case "message_edited":
    case "message_deleted":
    case "reaction":
    case "message_pinned":
    case "topic":
    case "moderated":
      return applyNumbered(removePending(state, room, event.local), room, event);
    case "presence":
      return updateRoom(withOwnName(state, payload), room, (it) => withPresence(it, type, payload));
    case "user_joined":
    case "user_left":
      return updateRoom(state, room, (it) => withPresence(it, type, payload));
    case "user_list":
      return updateRoom(state, room, (it) => withPeople(it, payload.users, payload.count));
    case "search_results":
      return setResults(state, event);
    case "typing":
      return setTyping(state, room, payload, now);
    case "read":
      return withReadMarker(state, room, payload);
    case "member_list":
      return updateRoom(state, room, (it) => withAbsent(it, payload.members, event.asked?.from !== undefined));
    case "membership":
      return updateRoom(state, room, (it) => withMembership(it, payload));
    case "invitation":
      return withInvitation(state, room, payload);
    case "lost":
      return updateRoom(state, room, (it) => withLost(it, [payload]));
    case "reset":
      return updateRoom(state, room, (it) => ({ ...emptyRoom(room), ...survivingReset(it) }));
    case "queued":
    case "failed":
      return addPending(state, room, payload.entry);
    case "slow":
      return updateRoom(state, room, (it) => ({
        ...it,
        pending: it.pending.map((entry) => (entry.id === payload.entry.id ? { ...entry, isSlow: true } : entry)),
      }));
    case "settled":
    case "discarded":
      return removePending(state, room, payload.entry?.id);
    case "notice":
      return addServerNotice(state, room, payload);
    case "error":
      // The caller of a request shows its error.
      return event.re === undefined ? addServerNotice(state, room, payload) : state;
    default:
      return reducePageEvent(state, event, now);
  }
}

/** Renames the reader if another connection has changed the name. @param {State} state @param {any} payload  of `presence` */
function withOwnName(state, { was, user }) {
  return was !== undefined && was === state.you && text(user) ? { ...state, you: text(user) } : state;
}

/**
 * Updates the reader in all rooms: the server sends such changes only to others.
 *
 * @param {State} state
 * @param {{ user: string, was?: string, status?: string, text?: string, hue?: number }} changes
 */
function updateReader(state, changes) {
  let next = { ...state, you: changes.user };
  for (const [name, { people }] of state.rooms) {
    if (!people.some((person) => person.name === state.you)) continue;
    next = upsertRoom(next, name, (it) => withPresence(it, "presence", changes));
  }
  return next;
}

/**
 * Applies an event of the page.
 *
 * @param {State} state
 * @param {ChatEvent} event
 * @param {number} now
 * @returns {State}
 */
function reducePageEvent(state, { type, room = state.active, payload = {} }, now) {
  switch (type) {
    case "ui_opened":
      return updateRoom(openRoom(state, room), room, (it) => (it.partner ? it : { ...it, partner: text(payload.partner) }));
    case "ui_attention":
      return markSeen({ ...state, attentive: payload.attentive === true });
    case "ui_said":
      return addNotice(state, room, { text: text(payload.text) });
    case "ui_searched":
      return { ...state, search: { query: text(payload.query), isBusy: true, found: [], more: false, failure: "" } };
    case "ui_search_failed":
      return state.search ? { ...state, search: { ...state.search, isBusy: false, failure: text(payload.message) } } : state;
    case "ui_search_closed":
      return { ...state, search: null };
    case "ui_renamed":
      return updateReader(state, { user: text(payload.you), was: state.you });
    case "ui_status":
      return updateReader(state, { user: state.you, status: text(payload.status), text: text(payload.text), hue: payload.hue });
    case "ui_edit":
      return { ...state, edit: { room, mid: payload.mid, text: payload.text } };
    case "ui_edit_ended":
      return { ...state, edit: null };
    case "ui_deleting":
      return updateRoom(state, room, (it) => {
        const others = it.deleting.filter((mid) => mid !== payload.mid);
        return { ...it, deleting: payload.on ? [...others, payload.mid] : others };
      });
    case "ui_marked_unread":
      return updateRoom(state, room, (it) => withUnreadFrom(it, payload.mid, state.you));
    case "ui_whole":
      return updateRoom(state, room, (it) => ({ ...it, more: false }));
    case "ui_ticked":
      return expire(state, now);
    default:
      return state;
  }
}

/**
 * Applies a numbered event of a room.
 *
 * @param {State} state
 * @param {string} name
 * @param {ChatEvent} event
 * @returns {State}
 */
function applyNumbered(state, name, event) {
  const { type, payload = {} } = event;
  switch (type) {
    case "message":
      return addMessage(state, name, event);
    case "message_edited":
      return updateRoom(state, name, (room) =>
        withChangedMessage(room, payload.mid, (it) => ({
          ...it,
          content: text(payload.content),
          edited: true,
        })),
      );
    case "message_deleted":
      return deleteMessage(state, name, payload.mid);
    case "reaction":
      return updateRoom(state, name, (room) =>
        withChangedMessage(room, payload.mid, (it) => ({
          ...it,
          reactions: withReaction(it.reactions, payload, state.you),
        })),
      );
    case "message_pinned":
      return applyPin(state, name, event);
    case "moderated":
      return applyModeration(state, name, event);
    default:
      return updateRoom(state, name, (room) => ({ ...room, topic: text(payload.topic) }));
  }
}

/** @param {State} state @param {string} name @param {number} mid @returns {State} */
function deleteMessage(state, name, mid) {
  const next = updateRoom(state, name, (room) => {
    const gone = find(room.messages, mid);
    const rest = {
      ...room,
      messages: room.messages.filter((it) => it !== gone),
      deleting: room.deleting.filter((it) => it !== mid),
      pins: withoutPins(room.pins, gone ? [gone] : []),
    };
    return gone ? withoutUnread(withReplies(rest, gone, -1), [gone], state.you) : rest;
  });
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
function addMessage(state, name, { seq, ts, local, payload = {} }) {
  const message = asMessage({ ts, ...payload, mid: payload.mid ?? seq }, state.you, local);
  const isOwn = message.sender === state.you;
  const isActive = state.active === name;
  const isSeen = isOwn || (state.attentive && isActive && !state.rooms.get(name)?.isHeld);
  return upsertRoom(state, name, (room) => {
    const { [message.sender]: _, ...typing } = room.typing;
    const counted = isSeen ? room : withUnread(room, message, isAddressed(room, message.content, state.you));
    const partner = room.partner || isOwn || !isDirect(name) ? room.partner : message.sender;
    const isNew = !find(room.messages, message.mid);
    const next = withReplies(withMessages({ ...counted, typing, partner }, [message]), message, isNew ? 1 : 0);
    return trimmed(next, isActive ? MESSAGES_MAX : INACTIVE_MESSAGES_MAX, isActive && !state.attentive);
  });
}

/** Changes the number of replies at the message that another one answers. @param {Room} room @param {Message} reply @param {number} by */
function withReplies(room, { replyTo }, by) {
  if (replyTo === undefined || by === 0) return room;
  return withChangedMessage(room, replyTo, (it) => ({ ...it, replies: Math.max((it.replies ?? 0) + by, 0) }));
}

/** Adds a page of history. @param {State} state @param {Room} room @param {ChatEvent} event @returns {Room} */
function addHistory(state, room, { payload = {}, asked }) {
  const next = { ...withHistory(room, payload, state.you, asked), isUnloaded: false };
  const isReadingHistory = (asked?.before ?? asked?.after ?? asked?.around) !== undefined;
  const whole = trimmed(next, MESSAGES_MAX, isReadingHistory);
  return state.account ? recounted(whole, state.you) : whole;
}

/** Sets the results of the current search. @param {State} state @param {ChatEvent} event */
function setResults(state, { payload = {}, asked }) {
  const { search } = state;
  if (!search || search.query !== asked?.query) return state;
  const hits = list(payload.messages).map((raw) => ({ ...asMessage(raw, state.you), room: text(raw.room) }));
  return { ...state, search: { ...search, isBusy: false, failure: "", found: hits, more: payload.more === true } };
}

/** Returns the fields of a room that survive a reset of its history. @param {Room} room */
function survivingReset({ topic, count: users, people, pending, typing, role, isPrivate, isLocked, slow, mutes, partner, notify, order }) {
  return { topic, count: users, people, pending, typing, role, isPrivate, isLocked, slow, mutes, partner, notify, order };
}

/** @param {State} state @param {string} name @param {any} payload @param {number} now */
function setTyping(state, name, { user, on, ttl_ms }, now) {
  if (typeof user !== "string" || user === state.you) return state;
  return updateRoom(state, name, (room) => {
    const { [user]: _, ...others } = room.typing;
    const until = now + Math.min(count(ttl_ms, TYPING_MS), 60_000);
    return { ...room, typing: on ? { ...others, [user]: until } : others };
  });
}

/** @param {State} state @param {string} name @param {Pending} entry */
function addPending(state, name, { id, type, payload, at, error }) {
  return upsertRoom(state, name, (room) => {
    const others = room.pending.filter((it) => it.id !== id);
    const pending = { id, type, payload, at, ...(error ? { error } : {}) };
    return withoutUnreadMarker({ ...room, pending: [...others, pending] });
  });
}

/** @param {State} state @param {string} name @param {string | undefined} id */
function removePending(state, name, id) {
  if (id === undefined) return state;
  return updateRoom(state, name, (room) => {
    const pending = room.pending.filter((it) => it.id !== id);
    return pending.length === room.pending.length ? room : { ...room, pending };
  });
}

/** Removes expired messages and typing notices. @param {State} state @param {number} now @returns {State} */
function expire(state, now) {
  /** @param {Message} message */
  const isAlive = ({ expires }) => expires === undefined || expires > now + state.clockOffset;
  /** @param {[string, number]} typist */
  const isTyping = ([, until]) => until > now;
  let next = state;
  for (const name of state.rooms.keys()) {
    next = updateRoom(next, name, (room) => {
      const typists = Object.entries(room.typing);
      if (room.messages.every(isAlive) && typists.every(isTyping)) return room;
      const messages = room.messages.filter(isAlive);
      const gone = room.messages.filter((it) => !isAlive(it));
      const rest = { ...room, messages, pins: withoutPins(room.pins, gone), typing: Object.fromEntries(typists.filter(isTyping)) };
      return withoutUnread(rest, gone, state.you);
    });
  }
  return next;
}
