/**
 * Dialogs that ask one thing: for a line of text, or whether to go on.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { openDialog } from "./dialog.js";
import { make } from "./dom.js";

/**
 * Asks for a line of text.
 *
 * @param {object} question
 * @param {string} question.title
 * @param {string} question.label
 * @param {string} question.action    text of the button
 * @param {string} [question.value]   what stands in the field at first
 * @param {number} [question.longest]  in UTF-16 units
 * @param {boolean} [question.isOptional]  whether an empty line is an answer
 * @param {string[]} [question.offered]  lines to choose from
 * @returns {Promise<string | null>}  null if it was cancelled
 */
export function askForText({ title, label, action, value = "", longest = 64, isOptional = false, offered = [] }) {
  const list = offered.length > 0 ? "offered" : undefined;
  const field = make("input", { type: "text", dir: "auto", maxlength: longest, required: !isOptional, autocomplete: "off", list });
  field.value = value;
  const choices = list ? make("datalist", { id: list }, ...offered.map((it) => make("option", { value: it }))) : null;
  const inside = make("label", {}, make("span", { text: label }), field);
  const answered = ask(title, [inside, choices], make("button", { class: "primary", type: "submit", text: action }));
  field.select();
  field.focus();
  return answered.then((isDone) => (isDone ? field.value.trim() : null));
}

/**
 * Asks whether to do what cannot be undone.
 *
 * @param {{ title: string, note: string, action: string }} question  `action`: text of the button
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, note, action }) {
  const answered = ask(title, [make("p", { class: "muted", text: note })], make("button", { class: "danger", type: "submit", text: action }));
  /** @type {HTMLElement | null} */ (document.querySelector("dialog.question .quiet"))?.focus();
  return answered;
}

/** @param {string} title @param {(Node | null)[]} inside @param {Node} action @returns {Promise<boolean>} whether the action was chosen */
function ask(title, inside, action) {
  const cancel = make("button", { class: "quiet", type: "button", text: t("cancel") });
  const form = make("form", {}, ...inside, make("div", { class: "buttons" }, action, cancel));
  const dialog = openDialog("question", title, form);
  let isDone = false;
  cancel.onclick = () => dialog.close();
  form.onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    isDone = true;
    dialog.close();
  };
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(isDone)));
}
