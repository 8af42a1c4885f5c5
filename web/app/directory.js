/**
 * The rooms of the server, asked for when they are needed.
 *
 * @module
 */

import { listedRooms } from "../state/directory.js";

export class Directory {
  /** The rooms as of the last answer. @type {import("../state/directory.js").ListedRoom[]} */
  rooms = [];
  #chat;

  /** @param {import("../chinwag.js").Chinwag} chat */
  constructor(chat) {
    this.#chat = chat;
  }

  /** Asks the server; rejects if it cannot be asked. */
  async load() {
    const { payload } = await this.#chat.ask("list_rooms");
    this.rooms = listedRooms(payload);
    return this.rooms;
  }
}
