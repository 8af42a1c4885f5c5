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
/** How far the server puts new memberships apart. */
const ORDER_STEP = 1_048_576;

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

/**
 * Returns the orders that change when a room is put before another: its own, between those of its
 * neighbours, and where nothing is between them, those that have to make room.
 *
 * @param {Room[]} rooms
 * @param {string} name
 * @param {string} [before]  without it, the room comes last
 * @returns {{ room: string, order: number }[]}
 */
export function ordersWith(rooms, name, before) {
  const others = inOrder(rooms).filter((it) => it.order > 0 && it.name !== name);
  const found = others.findIndex((it) => it.name === before);
  const at = found < 0 ? others.length : found;
  const lower = others[at - 1]?.order ?? 0;
  const upper = others[at]?.order ?? lower + 2 * ORDER_STEP;
  let last = Math.max(lower + 1, Math.floor((lower + upper) / 2));
  const changes = [{ room: name, order: last }];
  for (const { name: room, order } of others.slice(at)) {
    if (order > last) break;
    last += 1;
    changes.push({ room, order: last });
  }
  return changes;
}

/** Returns the places in the list: by the order of the account, then as they were joined. @param {Room[]} rooms */
export function inOrder(rooms) {
  return [...rooms].sort((a, b) => (a.order || Infinity) - (b.order || Infinity) || 0);
}
