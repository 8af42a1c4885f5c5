/**
 * What of a room has been read, and what waits to be. Pure, as `reducer.js`, whose part it is.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { find } from "./room.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./room.js").Message} Message */

/** How many messages wait to be read, everywhere. @param {import("./state.js").State} state */
export function unreadIn(state) {
  let sum = 0;
  for (const { unread } of state.rooms.values()) sum += unread;
  return sum;
}

/** Whether the text calls this name. @param {string} content @param {string} you */
export function mentions(content, you) {
  if (!you) return false;
  const folded = content.toLowerCase();
  const name = `@${you.toLowerCase()}`;
  for (let at = folded.indexOf(name); at >= 0; at = folded.indexOf(name, at + 1)) {
    const before = folded.slice(0, at);
    const after = folded.slice(at + name.length);
    if (!/[\p{L}\p{N}_]$/u.test(before) && !/^-?[\p{L}\p{N}_]/u.test(after)) return true;
  }
  return false;
}

/** Whether this is meant for the reader in person. @param {string} room @param {string} content @param {string} you */
export function isAddressed(room, content, you) {
  return isDirect(room) || mentions(content, you);
}

/** A message that nobody has seen yet. @param {Room} room @param {Message} message @param {boolean} isMentioned @returns {Room} */
export function withUnread(room, { mid }, isMentioned) {
  if (find(room.messages, mid)) return room;
  return {
    ...room,
    unread: room.unread + 1,
    mentions: room.mentions + (isMentioned ? 1 : 0),
    firstUnread: room.unread === 0 ? mid : room.firstUnread,
  };
}

/**
 * An account has read up to here, on this page or elsewhere.
 *
 * @param {Room} room
 * @param {number} seq
 * @param {string} you
 * @returns {Room}
 */
export function withReadTo(room, seq, you) {
  if (seq <= room.read) return room;
  if (room.unread === 0) return { ...room, read: seq };
  const { unread, mentions: called } = unreadAfter(room, seq, you);
  return { ...room, read: seq, unread, mentions: called, firstUnread: unread > 0 ? Math.max(room.firstUnread, seq + 1) : 0 };
}

/**
 * Finds who is called in what the server only counted, and where all of it is here, what of it
 * others have said.
 *
 * @param {Room} room
 * @param {string} you
 * @returns {Room}
 */
export function recounted(room, you) {
  if (room.unread === 0) return room;
  const { unread, mentions: called } = unreadAfter(room, room.read, you);
  const isWhole = room.oldest <= room.read + 1 && room.holes.length === 0;
  if (!isWhole) return { ...room, mentions: Math.max(room.mentions, called) };
  return { ...room, unread, mentions: called, firstUnread: unread > 0 ? room.firstUnread : 0 };
}

/** @param {Room} room @returns {Room} */
export function withoutUnreadMarker(room) {
  return room.firstUnread === 0 ? room : { ...room, firstUnread: 0 };
}

/** What others have said after this. @param {Room} room @param {number} seq @param {string} you */
function unreadAfter({ name, messages }, seq, you) {
  const theirs = messages.filter(({ mid, sender }) => mid > seq && sender !== you);
  return { unread: theirs.length, mentions: theirs.filter(({ content }) => isAddressed(name, content, you)).length };
}
