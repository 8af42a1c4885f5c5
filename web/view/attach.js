/**
 * Where files come from: the button in the input box, the clipboard, and what is dropped on the room.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { byId, make } from "./dom.js";

/**
 * @typedef {object} AttachActions
 * @property {(files: File[]) => void} attach
 * @property {(text: string) => boolean} attachText  takes a text that is too long for a message; returns whether it did
 * @property {(text: string) => void} tell
 */

/** @param {AttachActions} actions */
export function attachView({ attach, attachText, tell }) {
  const input = byId("attach");
  const room = byId("conversation");
  const button = byId("attach-button");
  const sign = make("div", { class: "drop-here", "aria-hidden": "true" }, make("span", { text: t("drop_here") }));
  /** Elements that are being dragged over, one within the other. */
  let depth = 0;

  button.title = t("attach_files");
  input.addEventListener("change", () => {
    attach([...input.files]);
    // The same file may be chosen again.
    input.value = "";
  });
  byId("message").addEventListener("paste", onPaste);
  document.addEventListener("dragenter", (event) => hasFiles(event) && showSign(1));
  document.addEventListener("dragleave", (event) => hasFiles(event) && showSign(-1));
  document.addEventListener("dragover", onDragOver);
  document.addEventListener("drop", onDrop);

  return {
    /** @param {import("../state/state.js").State} state */
    update({ limits }) {
      button.hidden = !limits.file;
    },
  };

  /** @param {ClipboardEvent} event */
  function onPaste(event) {
    const transfer = event.clipboardData;
    if (!transfer) return;
    const text = transfer.getData("text/plain");
    // What is copied from a document is text, and a picture of it.
    const isText = text !== "" && transfer.types.includes("text/html");
    if (transfer.files.length > 0 && !isText) {
      event.preventDefault();
      take(transfer);
    } else if (attachText(text)) event.preventDefault();
  }

  /** @param {DragEvent} event */
  function onDragOver(event) {
    if (!hasFiles(event)) return;
    // Beside the room, the browser would leave the page for the file.
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = isInRoom(event) ? "copy" : "none";
  }

  /** @param {DragEvent} event */
  function onDrop(event) {
    depth = 0;
    sign.remove();
    const transfer = event.dataTransfer;
    if (!transfer) return;
    if (hasFiles(event)) {
      event.preventDefault();
      if (isInRoom(event)) take(transfer);
    } else if (attachText(transfer.getData("text/plain"))) event.preventDefault();
  }

  /** @param {number} step */
  function showSign(step) {
    depth += step;
    if (depth <= 0) sign.remove();
    else if (!sign.isConnected && !button.hidden) byId("stage").append(sign);
  }

  /** @param {DataTransfer} transfer */
  function take(transfer) {
    const items = [...transfer.items].filter(({ kind }) => kind === "file");
    const isFolder = (/** @type {DataTransferItem} */ item) => item.webkitGetAsEntry?.()?.isDirectory === true;
    const folders = items.filter(isFolder);
    const files = items.filter((item) => !folders.includes(item)).map((item) => item.getAsFile());
    if (folders.length > 0) tell(t("no_folders"));
    const sound = /** @type {File[]} */ (files.filter(Boolean));
    if (sound.length > 0) attach(sound);
  }

  /** @param {Event} event */
  function isInRoom({ target }) {
    return room.contains(/** @type {Node} */ (target));
  }
}

/** @param {DragEvent} event */
function hasFiles({ dataTransfer }) {
  return dataTransfer?.types.includes("Files") === true;
}
