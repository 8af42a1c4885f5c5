/**
 * Long presses with a finger.
 *
 * @module
 */

import { isTouch } from "./dom.js";

/** Time and distance within which a touch becomes a long press. */
const PRESS_MS = 500;
const MOVED_PX = 10;

/**
 * Calls `open` for a long press on an element.
 *
 * @param {Element} element
 * @param {(target: Element) => void} open
 */
export function onLongPress(element, open) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let x = 0;
  let y = 0;
  const cancel = () => clearTimeout(timer);
  element.addEventListener("pointerdown", (/** @type {any} */ event) => {
    cancel();
    if (event.pointerType !== "touch") return;
    ({ clientX: x, clientY: y } = event);
    timer = setTimeout(() => open(event.target), PRESS_MS);
  });
  element.addEventListener("pointermove", (/** @type {any} */ { clientX, clientY }) => {
    if (Math.hypot(clientX - x, clientY - y) > MOVED_PX) cancel();
  });
  for (const end of ["pointerup", "pointercancel", "scroll"]) element.addEventListener(end, cancel, { passive: true });
  // The browser has a menu of its own for a long press.
  element.addEventListener("contextmenu", (event) => isTouch() && event.preventDefault());
}
