/**
 * What the page does at an event of the library beyond showing the new state: announcements,
 * notifications and follow-up requests.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { asMessage, emptyRoom, list, text, wordsOf } from "../state/room.js";
import { isNotified } from "../state/unread.js";
import { plainText } from "../text/markup.js";
import { t } from "../strings/strings.js";
import { isReaderHere } from "../view/dom.js";
import * as cache from "./cache.js";

/** @typedef {import("../client/event.js").ChatEvent} ChatEvent */

/** Above this number an account is in rooms without being a member. */
const MEMBERSHIPS_MAX = 500;

/** The close code after a logout. */
const LOGGED_OUT = 4001;

/**
 * @typedef {object} EventContext
 * @property {import("../chinwag.js").Chinwag} chat
 * @property {import("./store.js").Store} store
 * @property {import("./history-loader.js").HistoryLoader} loader
 * @property {import("./feedback.js").Feedback} feedback
 * @property {(text: string) => void} announce                             reads a text to screen readers
 * @property {(text: string) => void} restore                              puts a text back into the input box
 * @property {(title: string, text: string, room: string) => void} notify  shows a system notification
 * @property {(title: string, text: string, room: string) => void} toast   shows a notice in the page
 */

/** Dispatches every event of the library, and reacts to some. @param {EventContext} context */
export function handleEvents({ chat, store, loader, feedback, announce, notify, toast, restore }) {
  chat.on("*", (/** @type {ChatEvent} */ event) => {
    store.dispatch(event);
    switch (event.type) {
      case "welcome":
        return onWelcome(event);
      case "message":
        return onMessage(event);
      case "left":
        return onLeft(event);
      case "invitation":
        if (!event.payload.answer) announce(t("invited_by", { user: text(event.payload.by), room: event.room ?? "" }));
        break;
      case "error":
        // A line that the server refused, such as an unknown command, goes back to where it was typed.
        if (event.re === undefined) restore(text(event.payload.text));
        break;
      case "failed":
        return onFailed(event);
      case "phase":
        if (event.payload.phase === "live") loader.loadOthers();
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
    const memberships = list(payload.memberships).map(({ room }) => room);
    for (const room of chat.rooms) {
      // It was left on another device while this one was away.
      if (payload.memberships && memberships.length < MEMBERSHIPS_MAX && !memberships.includes(room)) chat.leave(room).catch(() => {});
      if (!isDirect(room)) chat.ask("list_users", undefined, room).catch(() => {});
    }
    loader.loadLatest(store.state.active);
  }

  /** @param {ChatEvent} event */
  function onMessage({ room = "", payload }) {
    const message = asMessage(payload, chat.you);
    const { sender, content } = message;
    if (sender === chat.you) return;
    const words = plainText(wordsOf(message));
    if (room === store.state.active) announce(t("said", { name: sender, text: words }));
    const where = store.state.rooms.get(room) ?? emptyRoom(room);
    if (!isNotified(where, content, chat.you)) return;
    notify(`${sender} – ${room}`, words, room);
    if (room === store.state.active || !isReaderHere()) return;
    const title = isDirect(room) ? sender : `${sender} – #${room}`;
    toast(title, words, room);
    announce(t("said", { name: title, text: words }));
  }

  /** @param {ChatEvent} event */
  function onFailed({ room, payload: { entry } }) {
    const { id, type, payload, error } = entry;
    announce(t("failed", { reason: error.message }));
    if (type !== "edit_message" || error.code === "no_answer" || store.state.edit) return;
    // The new text is shown nowhere else: it goes back where it was written.
    chat.discard(id);
    store.dispatch({ type: "ui_edit", room, payload: { mid: payload.mid, text: payload.content } });
    feedback.show(t("failed", { reason: error.message }));
  }

  /** Explains why the reader is no longer in a room, unless it was their own wish. @param {ChatEvent} event */
  function onLeft({ room = "", payload: { why, by, reason } }) {
    if (why !== "kicked" && why !== "banned" && why !== "removed") return;
    const line = t(`left_${why}`, { room, by: text(by) });
    feedback.show(text(reason) ? t("with_reason", { line, reason: text(reason) }) : line);
  }
}
