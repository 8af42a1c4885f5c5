/**
 * The two side panels. Where there is no room for them they are drawers: one is open at a time,
 * Escape and a press beside it close it, and the focus goes back to the button.
 *
 * @module
 */

import { byId } from "./dom.js";

export function drawers() {
  const chat = byId("chat");
  const openers = new Map([
    ["rooms", byId("rooms-open")],
    ["people", byId("people-open")],
  ]);

  for (const [name, opener] of openers) {
    opener.addEventListener("click", () => (chat.dataset.drawer === name ? close() : open(name)));
    byId(`${name}-close`).addEventListener("click", close);
  }
  chat.addEventListener("keydown", (/** @type {KeyboardEvent} */ { key }) => {
    if (key === "Escape" && chat.dataset.drawer) close();
  });
  byId("talk").addEventListener(
    "pointerdown",
    (/** @type {any} */ { target }) => {
      if (chat.dataset.drawer && ![...openers.values()].some((it) => it.contains(target))) close();
    },
  );

  /** @param {string} name */
  function open(name) {
    chat.dataset.drawer = name;
    for (const [other, opener] of openers) opener.setAttribute("aria-expanded", String(other === name));
    byId(`${name}-side`).querySelector("a, button.person, input")?.focus();
  }

  function close() {
    const name = chat.dataset.drawer;
    if (!name) return;
    delete chat.dataset.drawer;
    const opener = openers.get(name);
    opener.setAttribute("aria-expanded", "false");
    opener.focus();
  }

  return { close };
}
