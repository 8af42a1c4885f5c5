/**
 * The dialog that asks before a room is removed, for nothing brings it back.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { byId, setText } from "./dom.js";

/**
 * @param {(room: string) => void} remove
 * @returns {(room: string) => void} opens the dialog
 */
export function removalDialog(remove) {
  const dialog = byId("removal");
  let room = "";
  byId("removal-cancel").onclick = () => dialog.close();
  byId("removal-form").onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    dialog.close();
    remove(room);
  };
  return (asked) => {
    room = asked;
    setText(byId("removal-title"), t("remove_room_title", { room }));
    dialog.showModal();
    byId("removal-cancel").focus();
  };
}
