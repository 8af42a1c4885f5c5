/**
 * Applies the `welcome` event: the user and their rooms. Pure, as part of `reducer.js`.
 *
 * @module
 */

import { upsertRoom, firstRoom, removeRoom, openRoom, markSeen } from "./rooms.js";
import { entriesOf, isDirect } from "../client/event.js";
import { withMemberships } from "./memberships.js";
import { withReadTo } from "./unread.js";
import { count, timestamp, text } from "./room.js";

/** @typedef {import("../client/event.js").ChatEvent} ChatEvent */
/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./state.js").State} State */

/**
 * @param {State} state
 * @param {ChatEvent} event
 * @param {number} now
 * @returns {State}
 */
export function applyWelcome(state, { ts, payload = {} }, now) {
  const { you, limits, rooms, direct, current, account, role, epoch } = payload;
  const clockOffset = ts === undefined ? 0 : timestamp(ts) - now;
  let next = {
    ...state,
    you: text(you) || state.you,
    account: account === true,
    role: text(role),
    limits: limits ?? {},
    epoch: text(epoch),
    clockOffset,
  };
  if (state.you !== "" && state.account !== next.account) next = withoutConversations(next);
  const joined = new Map(entriesOf(rooms));
  for (const [name, room] of next.rooms) {
    const isGone = !isDirect(name) && !joined.has(name);
    if (isGone && room.pending.length === 0) next = removeRoom(next, name);
  }
  // Of an account's other rooms the history comes when it is asked for.
  const isUnloaded = (/** @type {string} */ name) => payload.memberships !== undefined && name !== current && !isDirect(name);
  for (const [name, raw] of [...joined, ...entriesOf(direct)]) {
    next = upsertRoom(next, name, (it) => ({ ...withWelcome(it, raw ?? {}, next.you), isUnloaded: isUnloaded(name) && it.oldest === 0 }));
  }
  next = withMemberships(next, payload);
  if (next.rooms.has(next.active)) return markSeen(next);
  return openRoom(next, next.rooms.has(current) ? current : firstRoom(next));
}

/** Removes the conversations of another user, whose names may be the same. @param {State} state */
function withoutConversations(state) {
  let next = state;
  for (const [name, { pending }] of state.rooms) {
    if (!isDirect(name)) continue;
    const rooms = new Map(next.rooms);
    rooms.delete(name);
    next = { ...next, rooms };
    if (pending.length > 0 || state.active === name) next = upsertRoom(next, name, (it) => ({ ...it, pending }));
  }
  return next;
}

/**
 * Updates a room from its entry in the welcome.
 *
 * @param {Room} room
 * @param {any} raw
 * @param {string} you
 * @returns {Room}
 */
function withWelcome(room, raw, you) {
  const next = { ...room, ...roomFields(room, raw), count: count(raw.users, room.count) };
  const read = count(raw.read, 0);
  // Missed events follow and are counted; only for a new room the count is the server's.
  if (room.messages.length > 0) return withReadTo(next, read, you);
  const unread = count(raw.unread, 0);
  const mentions = isDirect(room.name) ? unread : room.mentions;
  return { ...next, read, unread, mentions, firstUnread: unread > 0 ? read + 1 : 0 };
}

/** Returns the fields of a room that `welcome` and `joined` set. @param {Room} room @param {any} raw */
export function roomFields(room, { topic, role, private: isPrivate, locked, slow, with: partner }) {
  return {
    topic: text(topic),
    role: text(role),
    isPrivate: isPrivate === true,
    isLocked: locked === true,
    slow: count(slow, 0),
    partner: text(partner) || room.partner,
  };
}
