/**
 * The rooms in the order of their last visit, kept across reloads.
 *
 * @module
 */

const KEY = "chinwag:recent";
const ROOMS_MAX = 50;

export class Recent {
  /** The last visited first. @type {string[]} */
  rooms = [];
  #storage;

  /** @param {Storage | null} storage */
  constructor(storage) {
    this.#storage = storage;
    try {
      const stored = JSON.parse(storage?.getItem(KEY) ?? "[]");
      if (Array.isArray(stored)) this.rooms = stored.filter((it) => typeof it === "string");
    } catch {
      // Forbidden storage or an invalid value.
    }
  }

  /** @param {string} room */
  visit(room) {
    if (!room || room === this.rooms[0]) return;
    this.rooms = [room, ...this.rooms.filter((it) => it !== room)].slice(0, ROOMS_MAX);
    try {
      this.#storage?.setItem(KEY, JSON.stringify(this.rooms));
    } catch {
      // Full or forbidden storage: the order lives as long as this page.
    }
  }
}
