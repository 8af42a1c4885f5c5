/**
 * What the page does at an event of the library beyond showing the new state: announcements,
 * notifications and follow-up requests.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { text } from "../state/room.js";
import { emptyRoom } from "../state/room.js";
import { isAddressed } from "../state/unread.js";
import { plainText } from "../text/markup.js";
import { t } from "../strings/strings.js";
import * as cache from "./cache.js";

/** @typedef {import("../client/event.js").ChatEvent} ChatEvent */

/** The close code after a logout. */
const LOGGED_OUT = 4001;

/**
 * @typedef {object} EventContext
 * @property {import("../chinwag.js").Chinwag} chat
 * @property {import("./store.js").Store} store
 * @property {import("./history-loader.js").HistoryLoader} loader
 * @property {import("./feedback.js").Feedback} feedback
 * @property {(text: string) => void} announce                             reads a text to screen readers
 * @property {(title: string, text: string, room: string) => void} notify  shows a system notification
 */

/** Dispatches every event of the library, and reacts to some. @param {EventContext} context */
export function handleEvents({ chat, store, loader, feedback, announce, notify }) {
  chat.on("*", (/** @type {ChatEvent} */ event) => {
    store.dispatch(event);
    switch (event.type) {
      case "welcome":
        return onWelcome(event);
      case "message":
        return onMessage(event);
      case "left":
        return onLeft(event);
      case "failed":
        return announce(t("failed", { reason: event.payload.entry.error.message }));
      case "phase":
        // After a logout, here or elsewhere, nothing stays on this device.
        if (event.payload.code === LOGGED_OUT) cache.forget();
        break;
      default:
    }
    return undefined;
  });

  /** @param {ChatEvent} event */
  function onWelcome({ payload }) {
    if (payload.renamed) feedback.show(t("renamed", { name: chat.you }));
    for (const room of chat.rooms) {
      if (!isDirect(room)) chat.ask("list_users", undefined, room).catch(() => {});
    }
    loader.loadLatest(store.state.active);
  }

  /** @param {ChatEvent} event */
  function onMessage({ room = "", payload }) {
    const sender = text(payload.sender);
    const content = text(payload.content);
    if (sender === chat.you) return;
    if (room === store.state.active) announce(t("said", { name: sender, text: content }));
    if (isAddressed(store.state.rooms.get(room) ?? emptyRoom(room), content, chat.you)) notify(`${sender} – ${room}`, plainText(content), room);
  }

  /** Explains why the reader is no longer in a room, unless it was their own wish. @param {ChatEvent} event */
  function onLeft({ room = "", payload: { why, by, reason } }) {
    if (why !== "kicked" && why !== "banned" && why !== "removed") return;
    const line = t(`left_${why}`, { room, by: text(by) });
    feedback.show(text(reason) ? t("with_reason", { line, reason: text(reason) }) : line);
  }
}
