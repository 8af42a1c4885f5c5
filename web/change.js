/**
 * Changing one room of the state. Pure, as `state.js`, whose part it is.
 *
 * @module
 */

import { emptyRoom } from "./room.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./state.js").State} State */

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
