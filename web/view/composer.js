/**
 * The input box: a draft for each room, and replies.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { wordsOf } from "../state/room.js";
import { t } from "../strings/strings.js";
import { plainText } from "../text/markup.js";
import { countCharacters } from "./counter.js";
import { byId, iconButton, isTouch, make, icons } from "./dom.js";
import { autocompleteView } from "./autocomplete.js";
import { formatByKey, replaceText } from "./edit-text.js";
import { withPart } from "./parts.js";

/** @typedef {import("../state/room.js").Message} Message */

/**
 * @typedef {object} ComposerActions
 * @property {(text: string, replyTo?: number) => void} submit
 * @property {() => void} editLast
 * @property {(on: boolean) => void} typing
 * @property {() => string[]} people  who can be mentioned
 * @property {() => string[]} rooms
 * @property {{ get: (room: string) => string, set: (room: string, text: string) => void }} drafts
 * @property {() => number | undefined} limit  the longest text, in characters
 * @property {() => boolean} hasFiles  whether files are attached, so that the text may be empty
 */

/** The server forwards one typing event in this time. */
const TYPING_MS = 3_000;

/** @param {ComposerActions} actions */
export function composerView({ submit, editLast, typing, people, rooms, drafts, limit, hasFiles }) {
  const form = byId("composer");
  const field = byId("message");
  const context = byId("context");
  const autocomplete = autocompleteView(field, people, rooms);
  const counter = byId("counter");
  const emojiButton = byId("emoji-open");
  /** The message that is answered. @type {Message | null} */
  let replyTo = null;
  let typedAt = -Infinity;
  let room = "";

  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    send();
  });
  field.addEventListener("keydown", onKey);
  if (isTouch()) field.setAttribute("enterkeyhint", "enter");
  emojiButton.addEventListener("click", () => {
    withPart(import("./emoji-picker.js"), ({ openEmojiPicker }) => {
      openEmojiPicker(emojiButton, { pick: (sign) => replaceText(field, sign), leave: () => field.focus({ preventScroll: true }) });
    });
  });
  field.addEventListener("input", () => {
    fit();
    drafts.set(room, field.value);
    const now = performance.now();
    if (field.value === "" && typedAt > 0) {
      typedAt = -Infinity;
      typing(false);
    }
    if (field.value === "" || field.value.startsWith("/")) return;
    if (now - typedAt >= TYPING_MS) {
      typedAt = now;
      typing(true);
    }
  });

  return {
    /** @param {import("../state/state.js").State} state */
    update({ active, rooms }) {
      if (active === room) return;
      const draft = drafts.get(active) || (room === "" ? field.value : "");
      room = active;
      setReply(null);
      setValue(draft);
      field.placeholder = active ? t("message_to", { room: titleOf(active, rooms.get(active)?.partner) }) : "";
    },

    /** @param {Message} message */
    reply(message) {
      setReply(message);
      field.focus();
    },

    /** Inserts a mention at the caret. @param {string} name */
    mention(name) {
      replaceText(field, `@${name} `);
    },

    /** Replaces the text by the beginning of a command. @param {string} text */
    prefill(text) {
      setReply(null);
      setValue(text);
      field.focus();
      field.setSelectionRange(text.length, text.length);
    },

    /** Restores a text that could not be sent, unless another one has been typed. @param {string} text */
    restore(text) {
      if (text && field.value === "") setValue(text);
    },

    /** Moves the focus here, except where that would open a keyboard over the page. */
    focus: () => {
      if (!isTouch()) field.focus({ preventScroll: true });
    },
  };

  function send() {
    const text = field.value.trimEnd();
    autocomplete.close();
    if ((text.trim() === "" && !hasFiles()) || !countCharacters(counter, text, limit())) return;
    const answered = replyTo?.mid;
    setReply(null);
    setValue("");
    typedAt = -Infinity;
    submit(text, answered);
    field.focus();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    // Enter may end the composition of a character in an input method.
    if (event.isComposing || event.keyCode === 229) return;
    if (autocomplete.onKey(event)) {
      event.preventDefault();
    } else if (formatByKey(field, event)) {
      event.preventDefault();
    } else if (event.key === "Enter" && !event.shiftKey && (event.ctrlKey || !isTouch())) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && replyTo) {
      event.preventDefault();
      setReply(null);
    } else if (event.key === "ArrowUp" && field.value === "") {
      event.preventDefault();
      editLast();
    }
  }

  /** @param {Message | null} next */
  function setReply(next) {
    replyTo = next;
    context.hidden = next === null;
    if (!next) {
      context.replaceChildren();
      return;
    }
    const { sender } = next;
    const label = t("replying", { name: sender });
    const cancel = iconButton(icons.close, t("cancel"), () => {
      setReply(null);
      field.focus();
    });
    context.replaceChildren(
      make("strong", { text: label }),
      make("bdi", { class: "muted excerpt", text: plainText(wordsOf(next)).slice(0, 120) }),
      cancel,
    );
  }

  /** @param {string} value */
  function setValue(value) {
    field.value = value;
    drafts.set(room, value);
    fit();
  }

  /** Makes the field as high as its text, up to the limit in the style sheet. */
  function fit() {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
    countCharacters(counter, field.value, limit());
  }
}

/** Returns the display name of a room. @param {string} room @param {string} [partner]  of a private conversation */
export function titleOf(room, partner) {
  if (!isDirect(room)) return `#${room}`;
  return partner ? `@${partner}` : room;
}
