/**
 * The side panels: rooms and people, which are drawers where there is no room for them, and the
 * search, which takes the place of the people when it is wanted.
 *
 * One is open at a time. Escape closes it, a press beside it too where it lies over the
 * conversation, and the focus goes back to its button.
 *
 * @module
 */

import { byId } from "./dom.js";

export function drawers() {
  const chat = byId("chat");
  const openers = new Map([
    ["rooms", byId("rooms-open")],
    ["search", byId("search-open")],
    ["people", byId("people-open")],
  ]);

  for (const [name, opener] of openers) {
    opener.addEventListener("click", () => (chat.dataset.drawer === name ? close() : open(name)));
    byId(`${name}-close`).addEventListener("click", close);
  }
  chat.addEventListener("keydown", (/** @type {KeyboardEvent} */ { key, target }) => {
    const side = sideOf(chat.dataset.drawer);
    if (key === "Escape" && side && (isOver(side) || side.contains(/** @type {Node} */ (target)))) close();
  });
  byId("talk").addEventListener(
    "pointerdown",
    (/** @type {any} */ { target }) => {
      if (![...openers.values()].some((it) => it.contains(target))) makeWay();
    },
  );

  return { makeWay };

  /** @param {string} name */
  function open(name) {
    chat.dataset.drawer = name;
    for (const [other, opener] of openers) opener.setAttribute("aria-expanded", String(other === name));
    sideOf(name)?.querySelector("a, button.person, input")?.focus();
  }

  function close() {
    const name = chat.dataset.drawer;
    if (!name) return;
    delete chat.dataset.drawer;
    const opener = openers.get(name);
    opener.setAttribute("aria-expanded", "false");
    opener.focus();
  }

  /** Closes what lies over the conversation. */
  function makeWay() {
    const side = sideOf(chat.dataset.drawer);
    if (side && isOver(side)) close();
  }

  /** @param {string | undefined} name */
  function sideOf(name) {
    return name ? byId(`${name}-side`) : null;
  }
}

/** Whether the panel lies over the conversation. @param {Element} side */
function isOver(side) {
  return getComputedStyle(side).position === "fixed";
}
