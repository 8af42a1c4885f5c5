/**
 * Moves the reader between rooms, conversations and messages.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
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

  /** Opens a room, joining it if necessary. @param {string} name @param {(room: string) => void} [onOpen]  called with the room's exact name */
  open(name, onOpen) {
    const { chat, store, loader, feedback, closeDrawer, focusComposer } = this.#context;
    closeDrawer();
    if (!name) return;
    const rooms = [...store.state.rooms.keys()];
    const known = rooms.find((it) => it.toLowerCase() === name.toLowerCase());
    /** @param {string} room */
    const show = (room) => {
      store.dispatch({ type: "ui_opened", room });
      loader.loadLatest(room);
      focusComposer();
      onOpen?.(room);
    };
    if (known || isDirect(name)) show(known ?? name);
    else chat.join(name).then(({ room }) => show(room ?? name), feedback.showError);
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
