/**
 * Avatars, names and mentions in the message list as buttons.
 *
 * @module
 */

import { byId } from "./dom.js";

/** What names a person in the message list: the sender of a message, or a mention. */
const PEOPLE = ".row > .avatar, .meta > .sender, .text .mention";

/** Lets avatars, names and mentions in the message list be pressed. @param {(anchor: HTMLElement, name: string) => void} open */
export function pressablePeople(open) {
  const log = byId("log");
  log.addEventListener("click", (/** @type {Event} */ { target }) => {
    const pressed = /** @type {Element} */ (target).closest(PEOPLE);
    if (!(pressed instanceof HTMLElement) || getSelection()?.type === "Range") return;
    const { message } = /** @type {any} */ (pressed.closest(".row")).item;
    // A hook is nobody.
    if (message.hook && !pressed.matches(".mention")) return;
    // The picture is beside the name, which can take the focus.
    const anchor = pressed.matches(".avatar") ? pressed.parentElement?.querySelector(".meta > .sender") : pressed;
    open(/** @type {HTMLElement} */ (anchor), pressed.matches(".mention") ? (pressed.textContent ?? "").slice(1) : message.sender);
  });
  log.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const { key, target } = event;
    if ((key !== "Enter" && key !== " ") || !(target instanceof HTMLElement) || !target.matches(PEOPLE)) return;
    event.preventDefault();
    target.click();
  });
}
