/**
 * Toasts: short notices over the conversation, for what happens in another room while the reader is
 * here. A press opens the room.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { byId, iconButton, icons, make } from "./dom.js";

const SHOWN_MS = 8_000;
const SHOWN_MAX = 3;
const TEXT_MAX = 160;

/** @param {{ open: (room: string) => void }} actions */
export function toastsView({ open }) {
  const place = byId("toasts");
  /** Toasts by room: the latest of each. @type {Map<string, any>} */
  const toasts = new Map();

  return {
    /** @param {string} title @param {string} text @param {string} room */
    show(title, text, room) {
      remove(room);
      const press = () => {
        remove(room);
        open(room);
      };
      const toast = make(
        "div",
        { class: "toast" },
        make("button", { type: "button", onclick: press }, make("strong", { text: title, dir: "auto" }), " ", make("bdi", { class: "excerpt", dir: "auto", text: text.slice(0, TEXT_MAX) })),
        iconButton(icons.close, t("close"), () => remove(room)),
      );
      toasts.set(room, toast);
      place.append(toast);
      for (const old of [...toasts.keys()].slice(0, -SHOWN_MAX)) remove(old);
      expire(room, toast);
    },

    /** @param {import("../state/state.js").State} state */
    update({ active }) {
      remove(active);
    },
  };

  /** Removes a toast after its time, unless the reader is at it. @param {string} room @param {any} toast */
  function expire(room, toast) {
    setTimeout(() => {
      if (toasts.get(room) !== toast) return;
      if (toast.matches(":hover, :focus-within")) expire(room, toast);
      else remove(room);
    }, SHOWN_MS);
  }

  /** @param {string} room */
  function remove(room) {
    toasts.get(room)?.remove();
    toasts.delete(room);
  }
}
