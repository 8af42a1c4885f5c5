/**
 * The page as a whole: language, network, address, stray keys and announcements.
 *
 * @module
 */

import { setLanguage } from "../strings/strings.js";
import { hashOf, targetOf } from "../text/link.js";
import { isSpent } from "./back.js";
import { byId, make, setText } from "./dom.js";
import { wantedLanguages } from "./preferences.js";

/** Announcements that stay in the region. */
const ANNOUNCEMENTS_MAX = 5;
const ANNOUNCEMENT_CHARS_MAX = 200;

/** Chooses the language of the page. */
export function chooseLanguage() {
  const { lang, dir } = setLanguage(wantedLanguages());
  document.documentElement.lang = lang;
  document.documentElement.dir = dir;
}

/** Puts the texts into the page. @param {(key: string) => string} t  returns the text of a key */
export function translatePage(t) {
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-t]"))) {
    setText(element, t(element.dataset.t ?? ""));
  }
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-t-label]"))) {
    element.setAttribute("aria-label", t(element.dataset.tLabel ?? ""));
  }
}

/** Calls `probe` when the network changes and when the page is looked at again. @param {() => void} probe */
export function wake(probe) {
  for (const change of ["online", "offline"]) addEventListener(change, probe);
  addEventListener("pageshow", (event) => event.persisted && probe());
  document.addEventListener("visibilitychange", () => !document.hidden && probe());
}

/** Whether a typed character has no target and is meant for the input box. @param {KeyboardEvent} event */
export function isStrayKey({ key, ctrlKey, metaKey, altKey, target }) {
  if (key.length !== 1 || key === " " || ctrlKey || metaKey || altKey) return false;
  if (target === document.body) return true;
  const log = byId("log");
  return log.contains(/** @type {Node} */ (target)) && log.dataset.by !== "keys";
}

/** Returns the WebSocket URL of the server, which is next to the page. */
export function address() {
  const url = new URL("ws", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.hash = "";
  return url;
}

/** Returns the room, and perhaps the message, that the address of the page names. */
export function targetInAddress() {
  return targetOf(location.hash);
}

/** Returns the address of a message, for others. @param {import("../text/link.js").Target} target */
export function addressOf(target) {
  return new URL(hashOf(target), location.origin + location.pathname).href;
}

/** Whether the browser is at an address of an earlier visit, as after *Back*. */
export function isRevisit() {
  return history.state?.visited === true;
}

/**
 * Puts the room into the address of the page. *Back* then leads to the room before, if that is still
 * there.
 *
 * @param {string} room
 * @param {(room: string) => boolean} isThere
 */
export function showAddress(room, isThere) {
  const { room: before } = targetInAddress();
  if (before === room) return;
  const address = hashOf({ room });
  if (room && isThere(before) && !isSpent()) history.pushState({ visited: true }, "", address);
  else history.replaceState({ visited: true }, "", address);
}

/**
 * Returns a function that reads a text to screen readers. The message list is no live region, because
 * loaded history would be read aloud.
 *
 * @returns {(text: string) => void}
 */
export function announcer() {
  const region = byId("announcer");
  return (text) => {
    region.append(make("p", { text: text.slice(0, ANNOUNCEMENT_CHARS_MAX), dir: "auto" }));
    while (region.childElementCount > ANNOUNCEMENTS_MAX) region.firstElementChild?.remove();
  };
}
