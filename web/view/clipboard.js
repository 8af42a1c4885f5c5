/**
 * What is copied out of the message list: who said what and when, without buttons and reactions.
 *
 * @module
 */

import { byId, make } from "./dom.js";
import { clock } from "./time.js";

/** Copies a text; returns whether that was possible. @param {string} text */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Outside a secure context there is only the older way.
    return copyByCommand(text);
  }
}

/** @param {string} text */
function copyByCommand(text) {
  const before = document.activeElement;
  const field = make("textarea", { class: "unseen", readonly: true, "aria-hidden": "true" });
  field.value = text;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  return isCopied;
}

/** Writes selected messages as *name, time: text* into the clipboard. */
export function setUpCopying() {
  byId("log").addEventListener("copy", (/** @type {ClipboardEvent} */ event) => {
    const selection = getSelection();
    if (!selection || selection.isCollapsed || !event.clipboardData) return;
    const range = selection.getRangeAt(0);
    const texts = /** @type {HTMLElement[]} */ ([...byId("log").querySelectorAll(".row.message .text")]);
    const chosen = texts.filter((it) => range.intersectsNode(it));
    const container = range.commonAncestorContainer;
    // Within one text it is copied as it is.
    if (chosen.length === 0 || chosen.some((it) => it.contains(container))) return;
    event.preventDefault();
    event.clipboardData.setData("text/plain", chosen.map((it) => lineOf(it, range)).filter(Boolean).join("\n"));
  });
}

/** @param {HTMLElement} text @param {Range} range */
function lineOf(text, range) {
  const { message } = /** @type {any} */ (text.closest(".row")).item;
  const part = document.createRange();
  part.selectNodeContents(text);
  if (text.contains(range.startContainer)) part.setStart(range.startContainer, range.startOffset);
  if (text.contains(range.endContainer)) part.setEnd(range.endContainer, range.endOffset);
  const isWhole = !text.contains(range.startContainer) && !text.contains(range.endContainer);
  const words = (isWhole ? message.content : part.toString()).trim();
  return words && `${message.sender}, ${clock(message.ts)}: ${words}`;
}
