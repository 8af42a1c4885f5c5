/**
 * Unread counts and mentions. Pure, as part of `reducer.js`.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { mentions } from "../text/markup.js";
import { foldName } from "../text/names.js";
import { find } from "./room.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./room.js").Message} Message */

/** Returns the number of unread messages in all rooms. @param {import("./state.js").State} state */
export function unreadIn(state) {
  let sum = 0;
  for (const { unread } of state.rooms.values()) sum += unread;
  return sum;
}

/** Returns the number of unread messages that are meant for the reader. @param {import("./state.js").State} state */
export function mentionsIn(state) {
  let sum = 0;
  for (const { mentions: number } of state.rooms.values()) sum += number;
  return sum;
}

/** @type {WeakMap<readonly unknown[], ReadonlySet<string>>} */
const namesByPeople = new WeakMap();

/** Returns the names of those in the room, folded, by which mentions are read. @param {{ people: readonly { name: string }[] }} room */
export function knownNames({ people }) {
  let names = namesByPeople.get(people);
  if (!names) namesByPeople.set(people, (names = new Set(people.map(({ name }) => foldName(name)))));
  return names;
}

/** Whether a message addresses the reader: directly or by a mention. @param {Room} room @param {string} content @param {string} you */
export function isAddressed(room, content, you) {
  return isDirect(room.name) || mentions(content, you, knownNames(room));
}

/** Counts an unread message. @param {Room} room @param {Message} message @param {boolean} isMentioned @returns {Room} */
export function withUnread(room, { mid }, isMentioned) {
  if (find(room.messages, mid)) return room;
  return {
    ...room,
    unread: room.unread + 1,
    mentions: room.mentions + (isMentioned ? 1 : 0),
    firstUnread: room.unread === 0 ? mid : room.firstUnread,
  };
}

/** Takes messages that are gone out of the unread ones. @param {Room} room  without them @param {Message[]} gone @param {string} you @returns {Room} */
export function withoutUnread(room, gone, you) {
  const { unread, firstUnread, mentions: mentionCount } = room;
  const counted = gone.filter(({ mid, sender }) => firstUnread > 0 && mid >= firstUnread && sender !== you);
  if (unread === 0 || counted.length === 0) return room;
  const left = Math.max(0, unread - counted.length);
  const addressed = counted.filter(({ content }) => isAddressed(room, content, you)).length;
  return { ...room, unread: left, mentions: Math.min(left, Math.max(0, mentionCount - addressed)), firstUnread: left > 0 ? firstUnread : 0 };
}

/**
 * Moves the read marker of an account.
 *
 * @param {Room} room
 * @param {number} seq
 * @param {string} you
 * @returns {Room}
 */
export function withReadTo(room, seq, you) {
  if (seq <= room.read) return room;
  if (room.unread === 0) return { ...room, read: seq };
  const { unread, mentions: mentionCount } = unreadAfter(room, seq, you);
  return { ...room, read: seq, unread, mentions: mentionCount, firstUnread: unread > 0 ? Math.max(room.firstUnread, seq + 1) : 0 };
}

/**
 * Counts mentions among the unread messages, and, if all of those are loaded, the ones of others: the
 * server only knows how many there are.
 *
 * @param {Room} room
 * @param {string} you
 * @returns {Room}
 */
export function recounted(room, you) {
  if (room.unread === 0) return room;
  const { unread, mentions: mentionCount } = unreadAfter(room, room.read, you);
  const isComplete = room.oldest <= room.read + 1 && room.gaps.length === 0;
  if (!isComplete) return { ...room, mentions: Math.max(room.mentions, mentionCount) };
  return { ...room, unread, mentions: mentionCount, firstUnread: unread > 0 ? room.firstUnread : 0 };
}

/** Marks a message and those after it as unread, until the room is opened again. @param {Room} room @param {number} mid @param {string} you @returns {Room} */
export function withUnreadFrom(room, mid, you) {
  const { unread, mentions: mentionCount } = unreadAfter(room, mid - 1, you);
  return { ...room, unread, mentions: mentionCount, firstUnread: unread > 0 ? mid : 0, isHeld: unread > 0, read: Math.min(room.read, mid - 1) };
}

/** @param {Room} room @returns {Room} */
export function withoutUnreadMarker(room) {
  return room.firstUnread === 0 ? room : { ...room, firstUnread: 0 };
}

/** Returns the counts of messages by others after a number. @param {Room} room @param {number} seq @param {string} you */
function unreadAfter(room, seq, you) {
  const theirs = room.messages.filter(({ mid, sender }) => mid > seq && sender !== you);
  return { unread: theirs.length, mentions: theirs.filter(({ content }) => isAddressed(room, content, you)).length };
}
