/**
 * The page as a whole: the network, the address, keys that nobody took, what is said aloud.
 *
 * @module
 */

import { byId, make } from "./dom.js";

const KEPT_MAX = 5;
const SPOKEN_MAX = 200;

/** Tells the library when the network or the page may be back. @param {() => void} probe */
export function wake(probe) {
  addEventListener("online", probe);
  addEventListener("pageshow", (event) => event.persisted && probe());
  document.addEventListener("visibilitychange", () => !document.hidden && probe());
}

/** Whether somebody types into nothing: it was meant for the input box. @param {KeyboardEvent} event */
export function isStrayKey({ key, ctrlKey, metaKey, altKey, target }) {
  if (key.length !== 1 || key === " " || ctrlKey || metaKey || altKey) return false;
  if (target === document.body) return true;
  const log = byId("log");
  return log.contains(/** @type {Node} */ (target)) && log.dataset.by !== "keys";
}

/** Where the server listens. */
export function address() {
  const url = new URL("/ws", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.hash = "";
  return url;
}

export function roomInAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1)).trim();
  } catch {
    return "";
  }
}

/** @param {string} room */
export function showAddress(room) {
  if (roomInAddress() !== room) history.replaceState(null, "", `#${encodeURIComponent(room)}`);
}

/**
 * Reads new messages to screen readers. The list itself is silent, or loading the past would be read
 * aloud.
 *
 * @returns {(text: string) => void}
 */
export function announcer() {
  const region = byId("announcer");
  return (text) => {
    region.append(make("p", { text: text.slice(0, SPOKEN_MAX), dir: "auto" }));
    while (region.childElementCount > KEPT_MAX) region.firstElementChild?.remove();
  };
}
