/**
 * Loads pages of history. The reducer puts them into the state when their events arrive.
 *
 * @module
 */

import { isDirect } from "../client/event.js";

/** Messages per page. */
const PAGE_SIZE = 50;
/** Rooms that are loaded before they are opened. */
const OTHERS_MAX = 30;

export class HistoryLoader {
  #chat;
  #store;

  /**
   * @param {import("../chinwag.js").Chinwag} chat
   * @param {import("./store.js").Store} store
   */
  constructor(chat, store) {
    this.#chat = chat;
    this.#store = store;
  }

  /**
   * Loads a page. Returns its payload, or null if it cannot be loaded now.
   *
   * @param {string} room
   * @param {{ before?: number, after?: number, around?: number }} page
   * @returns {Promise<any>}
   */
  async loadPage(room, page) {
    try {
      const { payload } = await this.#chat.history(room, { ...page, limit: PAGE_SIZE });
      return payload;
    } catch {
      return null;
    }
  }

  /** Loads the page before the oldest known message. @param {string} name */
  async loadOlder(name) {
    const room = this.#room(name);
    const before = room?.oldest || room?.messages[0]?.mid || 0;
    const page = await this.loadPage(name, { before });
    // A page that does not reach further back is the last one, even if it claims that there is more.
    if (page && !(page.first < before)) this.#store.dispatch({ type: "ui_whole", room: name });
  }

  /** Loads the latest page of a conversation or of a room whose past the server did not send. @param {string} name */
  async loadLatest(name) {
    const room = this.#room(name);
    const isWanted = isDirect(name) ? this.#chat.direct.has(name) : room?.isUnloaded;
    if (isWanted && room?.oldest === 0) await this.loadPage(name, {});
  }

  /** Loads the rooms whose past the server did not send, unread ones first, one after the other. */
  async loadOthers() {
    const rooms = [...this.#store.state.rooms.values()].filter((it) => it.isUnloaded);
    rooms.sort((a, b) => Math.sign(b.unread) - Math.sign(a.unread));
    for (const { name } of rooms.slice(0, OTHERS_MAX)) {
      if (this.#store.state.phase !== "live") return;
      await this.loadLatest(name);
    }
  }

  /** @param {string} name */
  #room(name) {
    return this.#store.state.rooms.get(name);
  }
}
