/**
 * Lines in a room that are not messages. Pure, as part of `reducer.js`.
 *
 * @module
 */

import { updateRoom } from "./rooms.js";
import { count, text, withRole } from "./room.js";

/** @typedef {import("../client/event.js").ChatEvent} ChatEvent */
/** @typedef {import("./state.js").State} State */

/** Notices per room; older ones are dropped. */
const NOTICES_MAX = 50;

/** @param {State} state @param {string} name @param {ChatEvent} event @returns {State} */
export function applyModeration(state, name, { seq, ts = 0, payload = {} }) {
  const { action, by, user, seconds, reason } = payload;
  const moderation = { action: text(action), by: text(by), user: text(user), seconds: count(seconds, 0), reason: text(reason) };
  const next = addNotice(state, name, seq === undefined ? { moderation } : { moderation, after: seq });
  switch (moderation.action) {
    case "make_private":
    case "make_public":
      return updateRoom(next, name, (room) => ({ ...room, isPrivate: moderation.action === "make_private" }));
    case "lock":
    case "unlock":
      return updateRoom(next, name, (room) => ({ ...room, isLocked: moderation.action === "lock" }));
    case "slow":
      return updateRoom(next, name, (room) => ({ ...room, slow: moderation.seconds }));
    case "mute":
    case "unmute": {
      const end = moderation.seconds > 0 ? ts + moderation.seconds * 1000 : Infinity;
      const until = moderation.action === "mute" ? end : 0;
      return updateRoom(next, name, (room) => ({ ...room, mutes: { ...room.mutes, [moderation.user]: until } }));
    }
    case "promote":
    case "demote": {
      const role = moderation.action === "promote" ? "moderator" : "";
      const ofReader = moderation.user === state.you ? { role } : {};
      return updateRoom(next, name, (room) => ({ ...withRole(room, moderation.user, role), ...ofReader }));
    }
    default:
      return next;
  }
}

/** Adds a notice of the server. @param {State} state @param {string} name @param {any} payload @returns {State} */
export function addServerNotice(state, name, { code, message }) {
  const notice = { text: text(message) };
  if (!notice.text) return state;
  // An invitation concerns a room that is not joined: it is shown in the open one.
  if (state.rooms.has(name)) return addNotice(state, name, notice);
  return addNotice(state, state.active, code === "invited" ? { ...notice, invites: name } : notice);
}

/** @param {State} state @param {string} name @param {Partial<import("./room.js").Notice>} fields @returns {State} */
export function addNotice(state, name, fields) {
  if (!state.rooms.has(name)) return state;
  const id = state.notices + 1;
  return updateRoom({ ...state, notices: id }, name, (room) => {
    const notice = { id, text: "", after: room.messages.at(-1)?.mid ?? 0, ...fields };
    return { ...room, notices: [...room.notices, notice].slice(-NOTICES_MAX) };
  });
}

/** Pins a message, or unpins it. @param {State} state @param {string} name @param {ChatEvent} event @returns {State} */
export function applyPin(state, name, { seq, payload = {} }) {
  const moderation = { action: payload.on ? "pin" : "unpin", by: text(payload.by), user: "", seconds: 0, reason: "" };
  const next = addNotice(state, name, seq === undefined ? { moderation } : { moderation, after: seq });
  return updateRoom(next, name, (room) => {
    const others = room.pins.filter((mid) => mid !== payload.mid);
    return { ...room, pins: payload.on ? [...others, count(payload.mid, 0)] : others };
  });
}

/** Returns the pins without those of messages that are gone. @param {number[]} pins @param {{ mid: number }[]} gone */
export function withoutPins(pins, gone) {
  const mids = new Set(gone.map(({ mid }) => mid));
  return pins.some((it) => mids.has(it)) ? pins.filter((it) => !mids.has(it)) : pins;
}
