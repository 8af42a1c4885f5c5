/**
 * Changes to the rooms of the state. Pure, as part of `reducer.js`.
 *
 * @module
 */

import { INACTIVE_MESSAGES_MAX, trimmed } from "./history.js";
import { withoutUnreadMarker } from "./unread.js";
import { emptyRoom } from "./room.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./state.js").State} State */

/**
 * Changes a room, if it exists.
 *
 * @param {State} state
 * @param {string} name
 * @param {(room: Room) => Room} how
 * @returns {State}
 */
export function updateRoom(state, name, how) {
  return state.rooms.has(name) ? upsertRoom(state, name, how) : state;
}

/**
 * Changes a room, which is created if necessary.
 *
 * @param {State} state
 * @param {string} name
 * @param {(room: Room) => Room} how
 * @returns {State}
 */
export function upsertRoom(state, name, how) {
  const before = state.rooms.get(name);
  const after = how(before ?? emptyRoom(name));
  return after === before ? state : { ...state, rooms: new Map(state.rooms).set(name, after) };
}

/** @param {State} state @param {string} name @returns {State} */
export function removeRoom(state, name) {
  const rooms = new Map(state.rooms);
  rooms.delete(name);
  const next = { ...state, rooms };
  return state.active === name ? openRoom(next, firstRoom(next)) : next;
}

/** @param {State} state */
export function firstRoom({ rooms }) {
  return rooms.keys().next().value ?? "";
}

/** @param {State} state @param {string} name @returns {State} */
export function openRoom(state, name) {
  if (!name) return { ...state, active: "" };
  const moved = state.active === name ? state : updateRoom(state, state.active, deactivated);
  const next = upsertRoom(moved, name, (it) => (it.isHeld && state.active !== name ? { ...it, isHeld: false } : it));
  return markSeen({ ...next, active: name, attentive: true });
}

/** Removes what only the open room needs: the unread marker and older messages. @param {Room} room */
function deactivated(room) {
  return trimmed(withoutUnreadMarker(room), INACTIVE_MESSAGES_MAX);
}

/** Marks the open room as read if the reader is attentive. @param {State} state @returns {State} */
export function markSeen(state) {
  if (!state.attentive) return state;
  return updateRoom(state, state.active, (it) =>
    it.unread === 0 || it.isHeld ? it : { ...it, unread: 0, mentions: 0 },
  );
}
