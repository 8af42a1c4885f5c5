/**
 * A modal dialog that exists while it is open.
 *
 * Escape, its button and a press beside it close it. The focus then returns to where it was, or to the
 * input box if that is gone.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { closeOnBack } from "./back.js";
import { byId, iconButton, icons, isTouch, make } from "./dom.js";

/**
 * @param {string} name  distinguishes it from other dialogs
 * @param {string} title
 * @param {...Node} content
 * @returns {HTMLDialogElement}
 */
export function openDialog(name, title, ...content) {
  const id = `${name}-title`;
  const closeButton = iconButton(icons.close, t("close"), () => dialog.close());
  closeButton.classList.add("dialog-close");
  const heading = make("h2", { id, text: title });
  const card = make("div", { class: "card" }, heading, ...content, closeButton);
  const dialog = make("dialog", { class: name, "aria-labelledby": id }, card);
  const before = document.activeElement;
  dialog.addEventListener("pointerdown", (/** @type {Event} */ { target }) => target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    closed();
    dialog.remove();
    if (document.activeElement !== document.body && document.activeElement !== before) return;
    if (before instanceof HTMLElement && before.isConnected && before !== document.body) before.focus({ preventScroll: true });
    else if (!isTouch()) byId("message").focus({ preventScroll: true });
  });
  document.body.append(dialog);
  dialog.showModal();
  const closed = closeOnBack(() => dialog.close());
  return dialog;
}
