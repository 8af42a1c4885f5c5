/**
 * Actions of the reader that are requests to the server, with feedback when they fail.
 *
 * @module
 */

import { ordersWith } from "../state/memberships.js";
import { t } from "../strings/strings.js";
import { errorText } from "./feedback.js";

export class Actions {
  #chat;
  #store;
  #feedback;

  /**
   * @param {import("../chinwag.js").Chinwag} chat
   * @param {import("./store.js").Store} store
   * @param {import("./feedback.js").Feedback} feedback
   */
  constructor(chat, store, feedback) {
    this.#chat = chat;
    this.#store = store;
    this.#feedback = feedback;
  }

  /** @param {boolean} isAway @param {string} [text] */
  async setAway(isAway, text) {
    await this.#change(() => this.#chat.setStatus(isAway ? "away" : "online", text));
  }

  /** Sets the hue of the reader's picture; 0 for none. @param {number} hue */
  async setHue(hue) {
    await this.#change(() => this.#chat.setProfile({ hue }));
  }

  /** Changes the reader's status, which the server tells only the others. @param {() => Promise<import("../client/event.js").ChatEvent>} request */
  async #change(request) {
    try {
      const { payload } = await request();
      this.#store.dispatch({ type: "ui_status", payload });
    } catch (error) {
      this.#feedback.showError(error);
    }
  }

  /** @param {string} room @param {string} action @param {{ user?: string, seconds?: number }} [options] */
  async moderate(room, action, options) {
    try {
      await this.#chat.moderate(room, action, options);
      // In the open room, an event of the room shows it.
      if (room !== this.#store.state.active) this.#feedback.show(t("invited", { user: options?.user ?? "", room }));
    } catch (error) {
      this.#feedback.showError(error);
    }
  }

  /** @param {string} name */
  async rename(name) {
    try {
      await this.#chat.setName(name);
      this.#store.dispatch({ type: "ui_renamed", payload: { you: this.#chat.you } });
    } catch (error) {
      this.#feedback.showError(error);
    }
  }

  /** Removes a room for everybody; the server tells all who are in it. @param {string} room */
  removeRoom(room) {
    this.#chat.moderate(room, "remove_room").catch(this.#feedback.showError);
  }

  /** @param {string} query @param {string | undefined} room @param {number} limit */
  search(query, room, limit) {
    this.#store.dispatch({ type: "ui_searched", payload: { query } });
    this.#chat.search(query, { room, limit, zone: zone() }).catch((error) => {
      this.#store.dispatch({ type: "ui_search_failed", payload: { message: errorText(error) } });
    });
  }

  /** Marks a message of a room and those after it as unread. @param {string} room @param {number} mid */
  markUnread(room, mid) {
    this.#store.dispatch({ type: "ui_marked_unread", room, payload: { mid } });
    // What a guest has read the server does not keep.
    if (!this.#store.state.account) return;
    // The marker may not have come that far.
    this.#chat.read(room, mid - 1);
    this.#chat.markUnread(room, mid).catch(this.#feedback.showError);
  }

  /** @param {string} room */
  decline(room) {
    this.#chat.decline(room).catch(this.#feedback.showError);
  }

  /** @param {string} room @param {"all" | "mentions" | "none"} notify */
  setNotify(room, notify) {
    this.#chat.setMembership(room, { notify }).catch(this.#feedback.showError);
  }

  /** Puts a room before another in the account's order, or at its end. @param {string} room @param {string} [before] */
  reorder(room, before) {
    for (const { room: name, order } of ordersWith([...this.#store.state.rooms.values()], room, before)) {
      this.#store.dispatch({ type: "membership", room: name, payload: { order } });
      this.#chat.setMembership(name, { order }).catch(this.#feedback.showError);
    }
  }

  /** Moves the read marker of a room. @param {string} room @param {number} seq */
  markRead(room, seq) {
    this.#chat.read(room, seq);
    this.#store.dispatch({ type: "read", room, payload: { seq } });
  }

  /** Adds or removes a reaction to a message of the open room. @param {number} mid @param {string} emoji @param {boolean} on */
  react(mid, emoji, on) {
    this.#chat.react(this.#store.state.active, mid, emoji, on);
  }
}

/** Returns how far the reader's clock is ahead of UTC, as in `+02:00`. */
function zone() {
  const minutes = -new Date().getTimezoneOffset();
  const two = (/** @type {number} */ number) => String(Math.floor(number)).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
}
