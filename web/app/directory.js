/**
 * The rooms of the server, asked for when they are needed.
 *
 * @module
 */

import { listedRooms } from "../state/directory.js";

/** The most pages of the list that are asked for. */
const PAGES_MAX = 5;

export class Directory {
  /** The rooms as of the last answer. @type {import("../state/directory.js").ListedRoom[]} */
  rooms = [];
  /** Whether those are all. */
  isWhole = false;
  #chat;

  /** @param {import("../chinwag.js").Chinwag} chat */
  constructor(chat) {
    this.#chat = chat;
  }

  /** Asks the server; rejects if it cannot be asked. */
  async load() {
    const rooms = new Map();
    let from;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const { payload } = await this.#chat.ask("list_rooms", from === undefined ? undefined : { from });
      for (const room of listedRooms(payload)) rooms.set(room.name, room);
      from = payload.next;
      if (from === undefined) break;
    }
    this.isWhole = from === undefined;
    this.rooms = [...rooms.values()];
    return this.rooms;
  }
}
