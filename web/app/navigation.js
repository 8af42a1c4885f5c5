/**
 * Moves the reader between rooms, conversations and messages.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { roomNamed } from "../state/directory.js";
import { isLoaded } from "../state/history.js";
import { conversationWith } from "../state/moderation.js";
import { find } from "../state/room.js";
import { t } from "../strings/strings.js";

/**
 * @typedef {object} NavigationContext
 * @property {import("../chinwag.js").Chinwag} chat
 * @property {import("./store.js").Store} store
 * @property {import("./history-loader.js").HistoryLoader} loader
 * @property {import("./feedback.js").Feedback} feedback
 * @property {import("./directory.js").Directory} directory
 * @property {(name: string) => void} askToCreate  asks about a room that does not exist
 * @property {() => void} closeDrawer           closes a panel that lies over the conversation
 * @property {() => void} focusComposer
 * @property {(mid: number) => void} scrollTo   shows a message of the open room
 */

export class Navigation {
  #context;

  /** @param {NavigationContext} context */
  constructor(context) {
    this.#context = context;
  }

  /** Opens a room that is there, joining it if necessary; asks about one that is not. @param {string} name */
  open(name) {
    const { directory, feedback, askToCreate } = this.#context;
    if (!name || this.#openKnown(name)) return;
    directory.load().then(
      (rooms) => (roomNamed(rooms, name) || !directory.isWhole ? this.join(name) : askToCreate(name)),
      feedback.showError,
    );
  }

  /** Opens a room, joining or making it if necessary. @param {string} name */
  join(name) {
    if (!this.#openKnown(name)) this.create(name).catch(this.#context.feedback.showError);
  }

  /** Accepts an invitation, and opens its room. @param {string} name */
  accept(name) {
    const { chat, feedback } = this.#context;
    chat.accept(name).then(({ room = name }) => this.#show(room), feedback.showError);
  }

  /** Goes where an address points. @param {import("../text/link.js").Target} target */
  follow({ room: name, mid, epoch }) {
    const { store, feedback, directory } = this.#context;
    if (mid === undefined) {
      this.open(name);
      return;
    }
    const known = roomNamed(store.state.rooms.values(), name);
    if (epoch !== undefined && epoch !== store.state.epoch) feedback.show(t("link_foreign"));
    else if (known) this.showMessage(known.name, mid);
    else if (isDirect(name)) feedback.show(t("link_unreadable"));
    else {
      directory.load().then(async (rooms) => {
        if (directory.isWhole && !roomNamed(rooms, name)) feedback.show(t("link_unreadable"));
        else await this.showMessage(await this.create(name), mid);
      }).catch(feedback.showError);
    }
  }

  /** Joins a room, which makes it if it is not there. @param {string} name @returns {Promise<string>} its exact name */
  async create(name) {
    const { room = name } = await this.#context.chat.join(name);
    this.#show(room);
    return room;
  }

  /** Opens a conversation or a joined room; returns whether it is one. @param {string} name */
  #openKnown(name) {
    const known = roomNamed(this.#context.store.state.rooms.values(), name)?.name;
    if (known || isDirect(name)) this.#show(known ?? name);
    return known !== undefined || isDirect(name);
  }

  /** @param {string} room */
  #show(room) {
    const { store, loader, closeDrawer, focusComposer } = this.#context;
    closeDrawer();
    store.dispatch({ type: "ui_opened", room });
    loader.loadLatest(room);
    focusComposer();
  }

  /** Opens the room that stands some steps further in a list. @param {readonly string[]} order @param {number} step */
  openNeighbour(order, step) {
    const at = order.indexOf(this.#context.store.state.active);
    // From no place in the list, the first step leads to one of its ends.
    const next = at < 0 ? (step > 0 ? 0 : order.length - 1) : at + step;
    const room = order[(next + order.length) % order.length];
    if (room) this.open(room);
  }

  /** Opens the private conversation with a person. @param {string} person */
  openConversation(person) {
    const { store } = this.#context;
    const room = conversationWith(store.state, person);
    store.dispatch({ type: "ui_opened", room, payload: { partner: person } });
    this.open(room);
  }

  /** Leaves a room, or removes a conversation from the list. @param {string} room */
  leave(room) {
    const { chat, store, feedback } = this.#context;
    if (isDirect(room)) store.dispatch({ type: "left", room });
    else chat.leave(room).catch(feedback.showError);
  }

  /** Shows a message of any room, loading the page around it if necessary. @param {string} name @param {number} mid */
  async showMessage(name, mid) {
    const { store, loader, feedback, closeDrawer, scrollTo } = this.#context;
    closeDrawer();
    if (name !== store.state.active) store.dispatch({ type: "ui_opened", room: name });
    const room = store.state.rooms.get(name);
    if (!room) return;
    const wasLoaded = isLoaded(room, mid);
    if (!wasLoaded && !(await loader.loadPage(name, { around: mid }))) {
      feedback.show(t("not_while_offline"));
      return;
    }
    // The list can only scroll to rows that are drawn.
    store.draw();
    const messages = store.state.rooms.get(name)?.messages ?? [];
    const target = find(messages, mid) ?? (wasLoaded ? undefined : messages.find((it) => it.mid > mid));
    if (target && store.state.active === name) scrollTo(target.mid);
    else feedback.show(t("message_gone"));
  }
}
