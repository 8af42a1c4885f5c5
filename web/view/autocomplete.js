/**
 * Autocompletion in the input box: commands after `/`, people after `@`, rooms after `#`, emoji after
 * `:`.
 *
 * @module
 */

import { commands } from "../state/commands.js";
import { WORD_RANK, rankOf } from "../text/match.js";
import { replaceText } from "./edit-text.js";
import { findEmoji, hasEmoji, loadEmoji } from "./emoji.js";
import { t } from "../strings/strings.js";
import { byId, make } from "./dom.js";

/** @typedef {{ label: string, hint: string, insert: string }} Suggestion */

const SHOWN_MAX = 8;

/**
 * @param {any} field
 * @param {() => string[]} people  names
 * @param {() => string[]} rooms
 */
export function autocompleteView(field, people, rooms) {
  const box = byId("suggestions");
  /** @type {Suggestion[]} */
  let offered = [];
  let chosen = 0;
  let start = 0;
  /** Counts what is typed, so that emoji that come later are offered only for what still stands there. */
  let inputs = 0;

  field.addEventListener("input", offer);
  field.addEventListener("blur", close);
  field.addEventListener("click", offer);

  return { close, onKey };

  function offer() {
    const upTo = field.value.slice(0, field.selectionStart);
    const word = /(?:^|\s)(\/[a-z]*|[@#][\p{L}\p{M}\p{N}_.-]*|:[a-z0-9_+-]{2,})$/u.exec(upTo)?.[1] ?? "";
    start = upTo.length - word.length;
    offered = word.startsWith("/") && start > 0 ? [] : suggestions(word, people(), rooms()).slice(0, SHOWN_MAX);
    chosen = 0;
    draw();
    const asked = ++inputs;
    if (word.startsWith(":") && !hasEmoji()) loadEmoji().then((isThere) => isThere && asked === inputs && offer());
  }

  function close() {
    inputs += 1;
    offered = [];
    draw();
  }

  /** Handles a key that belongs to the list; returns whether it did. @param {KeyboardEvent} event */
  function onKey(event) {
    const isOpen = offered.length > 0;
    // What is still loading is not wanted any more either.
    if (event.key === "Escape") close();
    else if (!isOpen) return false;
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      chosen = (chosen + (event.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length;
      draw();
    } else if (event.key === "Tab" && !event.shiftKey) accept(chosen);
    else if (event.key === "Enter" && !event.shiftKey) {
      // A command typed in full is sent, not completed.
      const typed = field.value.slice(start, field.selectionStart);
      if (offered[chosen].insert.trim() === typed) {
        close();
        return false;
      }
      accept(chosen);
    } else return false;
    return isOpen;
  }

  /** @param {number} index */
  function accept(index) {
    const { insert } = offered[index];
    replaceText(field, insert, start, field.selectionStart);
    close();
  }

  function draw() {
    box.hidden = offered.length === 0;
    const options = offered.map(({ label, hint }, index) =>
      make(
        "li",
        {
          id: `suggestion-${index}`,
          role: "option",
          "aria-selected": String(index === chosen),
          // The field keeps the focus.
          onmousedown: (/** @type {Event} */ event) => {
            event.preventDefault();
            accept(index);
          },
        },
        make("bdi", { text: label }),
        make("span", { class: "muted", text: ` ${hint}` }),
      ),
    );
    box.replaceChildren(...options);
    if (offered.length) field.setAttribute("aria-activedescendant", `suggestion-${chosen}`);
    else field.removeAttribute("aria-activedescendant");
  }
}

/**
 * @param {string} word  the word before the caret, with its prefix
 * @param {string[]} people
 * @param {string[]} [rooms]
 * @returns {Suggestion[]}
 */
export function suggestions(word, people, rooms = []) {
  const rest = word.slice(1).toLowerCase();
  if (word.startsWith("/")) {
    return commands
      .filter(([name]) => name.startsWith(rest))
      .map(([name, after]) => ({
        label: `/${name} ${after}`,
        hint: t(`cmd_${name}`),
        insert: after ? `/${name} ` : `/${name}`,
      }));
  }
  if (word.startsWith("@")) {
    return named(rest, people).map((name) => ({ label: `@${name}`, hint: "", insert: `@${name} ` }));
  }
  if (word.startsWith("#")) {
    return named(rest, rooms).map((name) => ({ label: `#${name}`, hint: "", insert: `#${name} ` }));
  }
  if (word.startsWith(":")) {
    return findEmoji(rest, SHOWN_MAX)
      .map(({ sign, names: [name, short = name] }) => ({ label: sign, hint: `:${short}:`, insert: `${sign} ` }));
  }
  return [];
}

/** Returns the names of which a word begins so: those that begin so themselves first. @param {string} typed @param {string[]} names */
function named(typed, names) {
  const ranked = names.map((name) => ({ name, rank: rankOf(typed, name) })).filter(({ rank }) => rank <= WORD_RANK);
  return ranked.sort((a, b) => Math.max(a.rank, 1) - Math.max(b.rank, 1)).map(({ name }) => name);
}
