/**
 * The editor of a message, in the message's place.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { countCharacters } from "./counter.js";
import { make } from "./dom.js";

/**
 * @typedef {object} EditorActions
 * @property {(text: string) => void} save
 * @property {() => void} cancel
 * @property {() => number | undefined} limit  the longest text, in characters
 */

/** @param {string} content @param {EditorActions} actions */
export function editorOf(content, { save, cancel, limit }) {
  const field = make("textarea", { rows: "1", dir: "auto", "aria-label": t("edit_message"), enterkeyhint: "done" });
  field.value = content;
  const counter = make("span", { class: "counter note", "aria-live": "polite", hidden: true });
  const submit = () => {
    const text = field.value.trimEnd();
    if (text.trim() === "" || !countCharacters(counter, text, limit())) return;
    if (text === content) cancel();
    else save(text);
  };
  const form = make(
    "form",
    { class: "editor" },
    field,
    make(
      "div",
      {},
      make("button", { type: "submit", class: "primary", text: t("save") }),
      make("button", { type: "button", class: "quiet", text: t("cancel"), onclick: cancel }),
      counter,
    ),
  );
  const fit = () => {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
    countCharacters(counter, field.value, limit());
  };
  field.addEventListener("input", fit);
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape") cancel();
    else if (event.key === "Enter" && !event.shiftKey) submit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    submit();
  });
  // It can be measured and focused when it is in the page.
  requestAnimationFrame(() => {
    fit();
    field.focus();
    field.setSelectionRange(content.length, content.length);
  });
  return form;
}
