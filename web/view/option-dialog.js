/**
 * A dialog with a field and the options that fit what is typed. Arrow keys choose while the field keeps
 * the focus; Enter takes the chosen one.
 *
 * @module
 */

import { openDialog } from "./dialog.js";
import { make } from "./dom.js";

/** Options shown at once. */
const SHOWN_MAX = 50;

/**
 * @typedef {object} Option
 * @property {string} label
 * @property {string} hint
 * @property {string} [more]   a second line
 * @property {(Node | string)[]} [sign]  before the label
 * @property {() => void} act
 */

/**
 * @param {object} settings
 * @param {string} settings.name
 * @param {string} settings.title
 * @param {string} settings.label   of the field
 * @param {string} [settings.text]  what stands in the field at first
 * @param {(query: string) => Option[]} settings.options
 * @param {(query: string, number: number) => (Node | string)[]} settings.rest  what follows, by the number of options
 * @returns {{ dialog: HTMLDialogElement, refresh: () => void }}
 */
export function optionDialog({ name, title, label, text = "", options, rest }) {
  const field = make("input", {
    type: "text", role: "combobox", "aria-label": label, placeholder: label, "aria-autocomplete": "list",
    "aria-expanded": "true", "aria-controls": `${name}-list`, dir: "auto", maxlength: "128",
    autocomplete: "off", autocapitalize: "none", spellcheck: "false", enterkeyhint: "go",
  });
  field.value = text;
  const box = make("ul", { id: `${name}-list`, class: "options", role: "listbox", "aria-label": title });
  const after = make("div", { class: "rest" });
  const dialog = openDialog(name, title, field, box, after);
  /** @type {Option[]} */
  let offered = [];
  let chosen = 0;

  field.addEventListener("input", () => {
    chosen = 0;
    refresh();
  });
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && offered[chosen]) take(offered[chosen]);
    else if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else return;
    event.preventDefault();
  });
  refresh();
  field.focus();
  field.setSelectionRange(text.length, text.length);
  return { dialog, refresh };

  function refresh() {
    const query = field.value.trim();
    offered = options(query).slice(0, SHOWN_MAX);
    box.hidden = offered.length === 0;
    field.setAttribute("aria-expanded", String(offered.length > 0));
    box.replaceChildren(...offered.map(row));
    after.replaceChildren(...rest(query, offered.length));
    choose(Math.min(chosen, Math.max(0, offered.length - 1)));
  }

  /** @param {Option} option @param {number} at */
  function row(option, at) {
    const { label: words, hint, more, sign = [] } = option;
    return make(
      "li",
      { id: `${name}-${at}`, role: "option", onclick: () => take(option) },
      make("span", { class: "sign", "aria-hidden": "true" }, ...sign),
      make("bdi", { class: "name", text: words }),
      hint && make("span", { class: "muted hint", text: ` ${hint}` }),
      more && make("span", { class: "muted more", dir: "auto", text: ` ${more}` }),
    );
  }

  /** @param {number} at */
  function choose(at) {
    if (offered.length === 0) {
      field.removeAttribute("aria-activedescendant");
      return;
    }
    chosen = (at + offered.length) % offered.length;
    for (const [index, item] of [...box.children].entries()) item.setAttribute("aria-selected", String(index === chosen));
    box.children[chosen].scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", `${name}-${chosen}`);
  }

  /** @param {Option} option */
  function take(option) {
    dialog.close();
    option.act();
  }
}
