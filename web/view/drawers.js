/**
 * The side panels: rooms and people, which are drawers on narrow screens, and the search, which
 * replaces the people while it is open.
 *
 * At most one drawer is open. Escape closes it; where it overlays the conversation, a press beside it
 * does too. The focus then returns to its button.
 *
 * @module
 */

import { closeOnBack } from "./back.js";
import { byId } from "./dom.js";

export function drawers() {
  const chat = byId("chat");
  const openers = new Map([
    ["rooms", byId("rooms-open")],
    ["search", byId("search-open")],
    ["people", byId("people-open")],
  ]);

  /** Reports that the open panel is closed. @type {() => void} */
  let closed = () => {};

  for (const [name, opener] of openers) {
    opener.addEventListener("click", () => (chat.dataset.drawer === name ? close() : open(name)));
    byId(`${name}-close`).addEventListener("click", close);
  }
  chat.addEventListener("keydown", (/** @type {KeyboardEvent} */ { key, target }) => {
    const panel = panelOf(chat.dataset.drawer);
    if (key === "Escape" && panel && (isOverlay(panel) || panel.contains(/** @type {Node} */ (target)))) close();
  });
  byId("conversation").addEventListener(
    "pointerdown",
    (/** @type {any} */ { target }) => {
      if (![...openers.values()].some((it) => it.contains(target))) closeOverlay();
    },
  );

  return { closeOverlay };

  /** @param {string} name */
  function open(name) {
    chat.dataset.drawer = name;
    for (const [other, opener] of openers) opener.setAttribute("aria-expanded", String(other === name));
    const panel = panelOf(name);
    closed();
    closed = panel && isOverlay(panel) ? closeOnBack(close) : () => {};
    panel?.querySelector("a, button.person, input")?.focus();
  }

  function close() {
    const name = chat.dataset.drawer;
    if (!name) return;
    delete chat.dataset.drawer;
    closed();
    const opener = openers.get(name);
    opener.setAttribute("aria-expanded", "false");
    opener.focus();
  }

  /** Closes a panel that overlays the conversation. */
  function closeOverlay() {
    const panel = panelOf(chat.dataset.drawer);
    if (panel && isOverlay(panel)) close();
  }

  /** @param {string | undefined} name */
  function panelOf(name) {
    return name ? byId(`${name}-side`) : null;
  }
}

/** Whether the panel overlays the conversation. @param {Element} panel */
function isOverlay(panel) {
  return getComputedStyle(panel).position === "fixed";
}
