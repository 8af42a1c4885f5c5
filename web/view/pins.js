/**
 * The pinned messages of a room: the button in the header, and the panel that it opens.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { openDialog } from "./dialog.js";
import { byId, make } from "./dom.js";
import { excerptOf } from "./excerpt.js";

/**
 * @typedef {object} PinsActions
 * @property {(room: string) => Promise<import("../state/room.js").Message[]>} load
 * @property {(room: string, mid: number) => void} show
 * @property {(error: unknown) => void} showError
 */

/** @param {PinsActions} actions */
export function pinsView({ load, show, showError }) {
  const opener = byId("pins-open");
  let room = "";
  opener.onclick = () => open(room).catch(showError);

  return {
    /** @param {import("../state/state.js").State} state */
    update({ active, rooms }) {
      room = active;
      opener.hidden = !rooms.get(active)?.pins.length;
    },
  };

  /** @param {string} name */
  async function open(name) {
    const messages = await load(name);
    const rows = messages.map((message) => excerptOf(message, () => {
      dialog.close();
      show(name, message.mid);
    }));
    const list = rows.length ? make("ul", { class: "pinned" }, ...rows) : make("p", { class: "muted", text: t("no_pins") });
    const dialog = openDialog("pins", t("pinned_messages"), list);
  }
}
