/**
 * Rooms of the state: changed, opened and left. Pure, as `reducer.js`, whose part it is.
 *
 * @module
 */

import { ASIDE_MAX, trimmed } from "./history.js";
import { withoutMark } from "./unread.js";
import { emptyRoom } from "./room.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./reducer.js").State} State */

/**
 * Changes a room that exists.
 *
 * @param {State} state
 * @param {string} name
 * @param {(room: Room) => Room} how
 * @returns {State}
 */
export function known(state, name, how) {
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
export function change(state, name, how) {
  const before = state.rooms.get(name);
  const after = how(before ?? emptyRoom(name));
  return after === before ? state : { ...state, rooms: new Map(state.rooms).set(name, after) };
}

/** @param {State} state @param {string} name @returns {State} */
export function left(state, name) {
  const rooms = new Map(state.rooms);
  rooms.delete(name);
  const next = { ...state, rooms };
  return state.active === name ? opened(next, firstOf(next)) : next;
}

/** @param {State} state */
export function firstOf({ rooms }) {
  return rooms.keys().next().value ?? "";
}

/** @param {State} state @param {string} name @returns {State} */
export function opened(state, name) {
  if (!name) return { ...state, active: "" };
  const moved = state.active === name ? state : known(state, state.active, laidAside);
  const next = change(moved, name, (it) => it);
  return seen({ ...next, active: name, attentive: true });
}

/** Where the unread began is of no use once the reader has gone elsewhere. @param {Room} room */
function laidAside(room) {
  return trimmed(withoutMark(room), ASIDE_MAX);
}

/** What is before an attentive reader is read. @param {State} state @returns {State} */
export function seen(state) {
  if (!state.attentive) return state;
  return known(state, state.active, (it) =>
    it.unread === 0 ? it : { ...it, unread: 0, mentions: 0 },
  );
}
