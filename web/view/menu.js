/**
 * A pop-up menu of actions.
 *
 * At most one is open, above everything else and next to its button. Arrow keys move through it;
 * Escape, Tab and a press beside it close it, and the focus returns to the button.
 *
 * @module
 */

import { closeOnBack } from "./back.js";
import { make } from "./dom.js";

/** @typedef {{ label: string, act: () => void, isDangerous?: boolean, isChosen?: boolean }} Choice  `isChosen`: of several of which one holds */

const EDGE_PX = 8;

/** Closes the open menu. @type {() => void} */
let close = () => {};

/**
 * Opens a menu, or closes it if it is the open one.
 *
 * @param {HTMLElement} button
 * @param {string} label
 * @param {Choice[][]} groups  with a line between them
 * @param {HTMLElement} [back]   takes the focus instead of the button when the menu closes
 */
export function openMenu(button, label, groups, back = button) {
  const isOpen = button.getAttribute("aria-expanded") === "true";
  close();
  if (isOpen) return;
  const entries = groups.filter((it) => it.length > 0).map((choices) => choices.map(entry));
  const lines = entries.flatMap((it, at) => (at ? [make("hr", { role: "separator" }), ...it] : it));
  const menu = make("div", { class: "menu", role: "menu", "aria-label": label, onkeydown: onKey }, ...lines);
  const items = entries.flat();
  // Assistive technology finds it in the landmark of its button.
  const place = button.closest("aside, main, nav, footer") ?? document.body;
  place.append(menu);
  placeBeside(menu, button.getBoundingClientRect());
  button.setAttribute("aria-expanded", "true");
  document.addEventListener("pointerdown", onPress, true);
  addEventListener("resize", shut);
  close = shut;
  const closed = closeOnBack(leave);
  items[0]?.focus();

  /** @param {Choice} choice */
  function entry({ label: text, act, isDangerous, isChosen }) {
    const onclick = () => {
      leave();
      act();
    };
    const kind = isChosen === undefined ? { role: "menuitem" } : { role: "menuitemradio", "aria-checked": String(isChosen) };
    return make("button", { class: isDangerous ? "danger" : "", type: "button", ...kind, tabindex: -1, text, onclick });
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const at = items.indexOf(document.activeElement);
    const { key } = event;
    const steps = /** @type {Record<string, number>} */ ({ ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 });
    if (key in steps) items.at(steps[key] % items.length)?.focus();
    else if (key === "Escape" || key === "Tab") leave();
    else return;
    // Escape must not close the drawer as well; Tab continues from the button.
    event.stopPropagation();
    if (key !== "Tab") event.preventDefault();
  }

  /** @param {Event} event */
  function onPress({ target }) {
    if (!menu.contains(target) && !button.contains(/** @type {Node} */ (target))) shut();
  }

  /** Closes the menu and returns the focus. */
  function leave() {
    shut();
    back.focus({ preventScroll: true });
  }

  function shut() {
    closed();
    menu.remove();
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", onPress, true);
    removeEventListener("resize", shut);
    close = () => {};
  }
}

/** Places a menu below its button, or above it where there is no space. @param {HTMLElement} menu @param {DOMRect} anchor */
export function placeBeside(menu, anchor) {
  const { width, height } = menu.getBoundingClientRect();
  const isRtl = document.documentElement.dir === "rtl";
  const left = isRtl ? anchor.right - width : anchor.left;
  const below = anchor.bottom + 2;
  const top = below + height + EDGE_PX <= innerHeight ? below : anchor.top - height - 2;
  menu.style.setProperty("left", `${within(left, innerWidth - width)}px`);
  menu.style.setProperty("top", `${within(top, innerHeight - height)}px`);
}

/** Limits a coordinate to the viewport. @param {number} value @param {number} most */
function within(value, most) {
  return Math.max(EDGE_PX, Math.min(value, most - EDGE_PX));
}
