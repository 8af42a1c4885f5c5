/**
 * The beginning: who comes back goes on, who comes for the first time goes through the entrance.
 *
 * @module
 */

import { App } from "./app/chat.js";
import { remembered } from "./chinwag.js";
import { HttpApi } from "./client/http-api.js";
import { clearSession } from "./client/saved-session.js";
import * as kept from "./app/cache.js";
import { setLanguage, t } from "./strings/strings.js";
import { accountDialog } from "./view/account.js";
import { byId } from "./view/dom.js";
import { address, roomInAddress } from "./view/page.js";

translate();
const storage = openStorage();
const { name: lastName } = remembered(storage);
if (lastName) begin(lastName, roomInAddress());
else greet();

/** @param {string} name @param {string} room */
function begin(name, room) {
  new App(name, room, storage, quit).start();
}

/** Shows the entrance: a name and, if wanted, a room; or the way to an account. */
function greet() {
  kept.forget();
  const entrance = byId("entrance");
  const name = byId("join-name");
  const room = byId("join-room");
  entrance.hidden = false;
  room.value = roomInAddress();
  name.focus();
  const door = new HttpApi(address());
  const ask = accountDialog(async (kind, who, password) => {
    // The browser has the token as a cookie, which is shown on connecting.
    const login = await (kind === "register" ? door.register(who, password) : door.logIn(who, password));
    enter(login.name);
  });
  byId("door-log-in").onclick = () => ask("log_in", name.value.trim());
  byId("door-register").onclick = () => ask("register", name.value.trim());
  byId("join-form").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    if (name.value.trim()) enter(name.value.trim());
  });

  /** @param {string} who */
  function enter(who) {
    const where = room.value.trim().replace(/^#/, "");
    entrance.remove();
    begin(who, where);
  }
}

/** Forgets this user here and begins anew. */
function quit() {
  clearSession(storage);
  history.replaceState(null, "", location.pathname);
  kept.forget().finally(() => location.reload());
}

/** Storage may be forbidden altogether: then even naming it throws. @returns {Storage | null} */
function openStorage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/** Puts the texts of the reader's language into the page. */
function translate() {
  const wanted = new URLSearchParams(location.search).get("lang");
  const { lang, dir } = setLanguage(wanted ? [wanted] : navigator.languages);
  document.documentElement.lang = lang;
  document.documentElement.dir = dir;
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-t]"))) {
    element.textContent = t(element.dataset.t ?? "");
  }
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-t-label]"))) {
    element.setAttribute("aria-label", t(element.dataset.tLabel ?? ""));
  }
}
