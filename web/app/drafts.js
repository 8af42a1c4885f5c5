/**
 * Unsent text by room, kept across reloads.
 *
 * @module
 */

const PREFIX = "chinwag:draft:";

export class Drafts {
  #storage;
  /** @type {Map<string, string>} */
  #texts = new Map();

  /** @param {Storage | null} storage */
  constructor(storage) {
    this.#storage = storage;
  }

  /** Returns the draft of a room, or an empty string. @param {string} room */
  get(room) {
    return this.#texts.get(room) ?? this.#stored(room);
  }

  /** @param {string} room @param {string} text */
  set(room, text) {
    this.#texts.set(room, text);
    try {
      if (text) this.#storage?.setItem(PREFIX + room, text);
      else this.#storage?.removeItem(PREFIX + room);
    } catch {
      // Full or forbidden storage: the draft lives as long as this page.
    }
  }

  /** @param {string} room */
  #stored(room) {
    try {
      return this.#storage?.getItem(PREFIX + room) ?? "";
    } catch {
      return "";
    }
  }
}
