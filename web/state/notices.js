/**
 * Lines in a room that are no messages. Pure, as `reducer.js`, whose part it is.
 *
 * @module
 */

import { updateRoom } from "./rooms.js";
import { count, text, withRole } from "./room.js";

/** @typedef {import("../client/event.js").ChatEvent} ChatEvent */
/** @typedef {import("./state.js").State} State */

/** Kept of each room. */
const NOTICES_MAX = 50;

/** @param {State} state @param {string} name @param {ChatEvent} event @returns {State} */
export function applyModeration(state, name, { seq, payload = {} }) {
  const { action, by, user, seconds, reason } = payload;
  const deed = { action: text(action), by: text(by), user: text(user), seconds: count(seconds, 0), reason: text(reason) };
  const next = addNotice(state, name, seq === undefined ? { deed } : { deed, after: seq });
  switch (deed.action) {
    case "make_private":
    case "make_public":
      return updateRoom(next, name, (room) => ({ ...room, isPrivate: deed.action === "make_private" }));
    case "promote":
    case "demote": {
      const role = deed.action === "promote" ? "moderator" : "";
      const ofReader = deed.user === state.you ? { role } : {};
      return updateRoom(next, name, (room) => ({ ...withRole(room, deed.user, role), ...ofReader }));
    }
    default:
      return next;
  }
}

/** A word of the server. @param {State} state @param {string} name @param {any} payload @returns {State} */
export function addServerNotice(state, name, { code, message }) {
  const said = { text: text(message) };
  if (!said.text) return state;
  // An invitation is about a room one is not in: it is read where the reader is.
  if (state.rooms.has(name)) return addNotice(state, name, said);
  return addNotice(state, state.active, code === "invited" ? { ...said, invites: name } : said);
}

/** @param {State} state @param {string} name @param {Partial<import("./room.js").Notice>} about @returns {State} */
export function addNotice(state, name, about) {
  if (!state.rooms.has(name)) return state;
  const id = state.notices + 1;
  return updateRoom({ ...state, notices: id }, name, (room) => {
    const notice = { id, text: "", after: room.messages.at(-1)?.mid ?? 0, ...about };
    return { ...room, notices: [...room.notices, notice].slice(-NOTICES_MAX) };
  });
}
