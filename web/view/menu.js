/**
 * Menus: what can be done with somebody, with a room, with oneself.
 *
 * One is open at a time. It lies over all else beside the button it belongs to; arrow keys go
 * through it, Escape, Tab and a press beside it close it, and the focus goes back to the button.
 *
 * @module
 */

import { make } from "./dom.js";

/** @typedef {{ label: string, act: () => void, isGrave?: boolean }} Choice */

const EDGE_PX = 8;

/** @type {() => void} */
let close = () => {};

/**
 * @param {HTMLElement} button
 * @param {string} label
 * @param {Choice[][]} groups  with a line between them
 */
export function openMenu(button, label, groups) {
  const isOpen = button.getAttribute("aria-expanded") === "true";
  close();
  if (isOpen) return;
  const entries = groups.filter((it) => it.length > 0).map((choices) => choices.map(entry));
  const lines = entries.flatMap((it, at) => (at ? [make("hr", { role: "separator" }), ...it] : it));
  const menu = make("div", { class: "menu", role: "menu", "aria-label": label, onkeydown: onKey }, ...lines);
  const items = entries.flat();
  // Within the landmark of its button, so that it is found there.
  const place = button.closest("aside, main, nav, footer") ?? document.body;
  place.append(menu);
  stand(menu, button.getBoundingClientRect());
  button.setAttribute("aria-expanded", "true");
  document.addEventListener("pointerdown", onPress, true);
  addEventListener("resize", shut);
  close = shut;
  items[0]?.focus();

  /** @param {Choice} choice */
  function entry({ label: text, act, isGrave }) {
    const onclick = () => {
      leave();
      act();
    };
    return make("button", { class: isGrave ? "grave" : "", type: "button", role: "menuitem", tabindex: -1, text, onclick });
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const at = items.indexOf(document.activeElement);
    const { key } = event;
    const steps = /** @type {Record<string, number>} */ ({ ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 });
    if (key in steps) items.at(steps[key] % items.length)?.focus();
    else if (key === "Escape" || key === "Tab") leave();
    else return;
    // Escape shall not close the drawer, too; Tab goes on from the button.
    event.stopPropagation();
    if (key !== "Tab") event.preventDefault();
  }

  /** @param {Event} event */
  function onPress({ target }) {
    if (!menu.contains(target) && !button.contains(/** @type {Node} */ (target))) shut();
  }

  /** Closes, and the focus goes back. */
  function leave() {
    shut();
    button.focus({ preventScroll: true });
  }

  function shut() {
    menu.remove();
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", onPress, true);
    removeEventListener("resize", shut);
    close = () => {};
  }
}

/** Puts the menu below its button or, where there is no room, above it. @param {HTMLElement} menu @param {DOMRect} beside */
function stand(menu, beside) {
  const { width, height } = menu.getBoundingClientRect();
  const isRtl = document.documentElement.dir === "rtl";
  const left = isRtl ? beside.right - width : beside.left;
  const below = beside.bottom + 2;
  const top = below + height + EDGE_PX <= innerHeight ? below : beside.top - height - 2;
  menu.style.setProperty("left", `${within(left, innerWidth - width)}px`);
  menu.style.setProperty("top", `${within(top, innerHeight - height)}px`);
}

/** @param {number} value @param {number} most */
function within(value, most) {
  return Math.max(EDGE_PX, Math.min(value, most - EDGE_PX));
}
