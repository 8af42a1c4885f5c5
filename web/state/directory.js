/**
 * The rooms of the server, as `list_rooms` reports them. Pure.
 *
 * @module
 */

import { count, list, text, timestamp } from "./room.js";

/**
 * @typedef {object} ListedRoom
 * @property {string} name
 * @property {string} topic
 * @property {number} users
 * @property {boolean} isPrivate
 * @property {number} at  when its last message was sent; 0 if unknown
 */

/** @param {any} payload  of `room_list` @returns {ListedRoom[]} */
export function listedRooms(payload) {
  return list(payload?.rooms).map((raw) => ({
    name: text(raw.room),
    topic: text(raw.topic),
    users: count(raw.users, 0),
    isPrivate: raw.private === true,
    at: timestamp(raw.last),
  }));
}

/** Returns the room with this name, whatever its letter case. @template {{ name: string }} T @param {Iterable<T>} rooms @param {string} name @returns {T | undefined} */
export function roomNamed(rooms, name) {
  const wanted = name.toLowerCase();
  for (const room of rooms) if (room.name.toLowerCase() === wanted) return room;
  return undefined;
}
