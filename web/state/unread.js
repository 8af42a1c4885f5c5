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

/** Returns the number of unread messages in all rooms but those that the reader has silenced. @param {import("./state.js").State} state */
export function unreadIn(state) {
  let sum = 0;
  for (const { unread, notify } of state.rooms.values()) if (notify !== "none") sum += unread;
  return sum;
}

/** Returns the number of unread messages that are meant for the reader. @param {import("./state.js").State} state */
export function mentionsIn(state) {
  let sum = 0;
  for (const { mentions: number, notify } of state.rooms.values()) if (notify !== "none") sum += number;
  return sum;
}

/** @typedef {readonly { name: string }[]} Names */

/** @type {WeakMap<Names, { absent: Names, names: ReadonlySet<string> }>} */
const namesByPeople = new WeakMap();

/** Returns the names of those in the room and of its members, folded, by which mentions are read. @param {{ people: Names, absent: Names }} room */
export function knownNames({ people, absent }) {
  const known = namesByPeople.get(people);
  if (known?.absent === absent) return known.names;
  const names = new Set([...people, ...absent].map(({ name }) => foldName(name)));
  namesByPeople.set(people, { absent, names });
  return names;
}

/** Whether a message addresses the reader: directly or by a mention. @param {Room} room @param {string} content @param {string} you */
export function isAddressed(room, content, you) {
  return isDirect(room.name) || mentions(content, you, knownNames(room));
}

/** Whether a message is one that the reader wants to be notified of. @param {Room} room @param {string} content @param {string} you */
export function isNotified(room, content, you) {
  return room.notify === "all" || (room.notify !== "none" && isAddressed(room, content, you));
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

/** Sets the read marker and the number of unread messages as the server knows them. @param {Room} room @param {number} read @param {number} unread @param {string} you @returns {Room} */
export function withUnreadCount(room, read, unread, you) {
  const { mentions: mentionCount } = unreadAfter(room, read, you);
  // A marker that moves back was moved by the reader, to come back to it.
  const isHeld = unread > 0 && (room.isHeld || read < room.read);
  return { ...room, read, unread, mentions: Math.min(unread, mentionCount), firstUnread: unread > 0 ? read + 1 : 0, isHeld };
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
