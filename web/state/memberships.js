/**
 * What an account belongs to: its memberships, and the invitations that wait for an answer. Pure, as part
 * of `reducer.js`.
 *
 * @module
 */

import { markSeen, updateRoom } from "./rooms.js";
import { count, list, text } from "./room.js";
import { withReadTo, withUnreadCount } from "./unread.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./state.js").State} State */

const LEVELS = ["all", "mentions", "none"];

/** Applies the memberships and invitations of `welcome`. @param {State} state @param {any} payload @returns {State} */
export function withMemberships(state, { memberships, invitations }) {
  let next = { ...state, invitations: list(invitations).map(asInvitation).filter(({ room }) => room) };
  for (const raw of list(memberships)) next = updateRoom(next, text(raw.room), (room) => withMembership(room, raw));
  return next;
}

/** @param {Room} room @param {any} payload  of `membership` @returns {Room} */
export function withMembership(room, { notify, order }) {
  return { ...room, notify: LEVELS.includes(notify) ? notify : room.notify, order: count(order, room.order) };
}

/** Adds an invitation, or removes one that has ended. @param {State} state @param {string} room @param {any} payload @returns {State} */
export function withInvitation(state, room, payload) {
  const others = state.invitations.filter((it) => it.room !== room);
  return { ...state, invitations: payload.answer ? others : [...others, asInvitation({ ...payload, room })] };
}

/** Applies a read marker that the server reports. @param {State} state @param {string} name @param {any} payload @returns {State} */
export function withReadMarker(state, name, { seq, unread }) {
  const read = count(seq, 0);
  if (typeof unread !== "number") return updateRoom(state, name, (room) => withReadTo(room, read, state.you));
  return markSeen(updateRoom(state, name, (room) => withUnreadCount(room, read, unread, state.you)));
}

/** @param {any} raw */
function asInvitation({ room, by }) {
  return { room: text(room), by: text(by) };
}

/** Returns the places in the list: by the order of the account, then as they were joined. @param {Room[]} rooms */
export function inOrder(rooms) {
  return [...rooms].sort((a, b) => (a.order || Infinity) - (b.order || Infinity) || 0);
}
