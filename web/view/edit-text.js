/**
 * Changes to the text of an input box that the reader can undo.
 *
 * @module
 */

/**
 * Replaces a part of the text. The caret stands behind it.
 *
 * @param {any} field
 * @param {string} text
 * @param {number} [from]  by default the selection
 * @param {number} [to]
 */
export function replaceText(field, text, from = field.selectionStart, to = field.selectionEnd) {
  field.focus({ preventScroll: true });
  field.setSelectionRange(from, to);
  // The only way that keeps the history of changes; it needs the focus.
  if (document.execCommand("insertText", false, text) && document.activeElement === field) return;
  field.setRangeText(text, from, to, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Markers by key. @type {Record<string, string>} */
const MARKERS = { b: "**", i: "*" };

/**
 * Handles Ctrl+B, Ctrl+I and, with a selection, Ctrl+K; returns whether it did.
 *
 * @param {any} field
 * @param {KeyboardEvent} event
 */
export function formatByKey(field, { key, ctrlKey, metaKey, shiftKey, altKey }) {
  if (!(ctrlKey || metaKey) || shiftKey || altKey) return false;
  const { selectionStart: from, selectionEnd: to, value } = field;
  const selected = value.slice(from, to);
  const marker = MARKERS[key.toLowerCase()];
  if (marker) {
    toggle(field, marker, from, to);
    return true;
  }
  if (key.toLowerCase() !== "k" || selected === "") return false;
  const isAddress = /^https?:\/\/\S+$/.test(selected);
  replaceText(field, isAddress ? `[](${selected})` : `[${selected}]()`, from, to);
  const caret = isAddress ? from + 1 : from + selected.length + 3;
  field.setSelectionRange(caret, caret);
  return true;
}

/** Puts markers around the selection, or takes them away. @param {any} field @param {string} marker @param {number} from @param {number} to */
function toggle(field, marker, from, to) {
  const { value } = field;
  const length = marker.length;
  const selected = value.slice(from, to);
  const outside = value.slice(0, from).match(/\*+$/)?.[0].length ?? 0;
  const isMarked = value.slice(from - length, from) === marker && value.slice(to, to + length) === marker;
  // One of two stars is no emphasis of its own.
  if (isMarked && (length === 2 || outside % 2 === 1)) {
    replaceText(field, selected, from - length, to + length);
    field.setSelectionRange(from - length, to - length);
    return;
  }
  replaceText(field, marker + selected + marker, from, to);
  field.setSelectionRange(from + length, to + length);
}
