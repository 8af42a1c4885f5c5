/**
 * The entrance: a name and optionally a room, or the way to an account.
 *
 * @module
 */

import { HttpApi } from "../client/http-api.js";
import { accountDialog } from "../view/account.js";
import { byId } from "../view/dom.js";
import { address, targetInAddress } from "../view/page.js";

/** Shows the entrance until the user joins. @param {(name: string, room: string) => void} onJoin */
export function showEntrance(onJoin) {
  const entrance = byId("entrance");
  const name = byId("join-name");
  const room = byId("join-room");
  entrance.hidden = false;
  room.value = targetInAddress().room;
  name.focus();
  const api = new HttpApi(address());
  const openDialog = accountDialog(async (kind, login, password) => {
    // The answer sets a cookie, which the browser sends when it connects.
    const account = await (kind === "register" ? api.register(login, password) : api.logIn(login, password));
    join(account.name);
  });
  byId("entrance-log-in").onclick = () => openDialog("log_in", name.value.trim());
  byId("entrance-register").onclick = () => openDialog("register", name.value.trim());
  byId("join-form").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    if (name.value.trim()) join(name.value.trim());
  });

  /** @param {string} as */
  function join(as) {
    const target = room.value.trim().replace(/^#/, "");
    entrance.remove();
    onJoin(as, target);
  }
}
