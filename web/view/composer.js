/**
 * The input box: drafts per room, replies and edits.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { t } from "../strings/strings.js";
import { byId, iconButton, make, icons } from "./dom.js";
import { autocompleteView } from "./autocomplete.js";

/** @typedef {import("../state/room.js").Message} Message */

/**
 * @typedef {object} ComposerActions
 * @property {(text: string, replyTo?: number) => void} submit
 * @property {(mid: number, text: string) => void} edit
 * @property {() => void} editLast
 * @property {(on: boolean) => void} typing
 * @property {() => string[]} people
 */

/** The server forwards one typing event in this time. */
const TYPING_MS = 3_000;

/** @param {ComposerActions} actions */
export function composerView({ submit, edit, editLast, typing, people }) {
  const form = byId("composer");
  const field = byId("message");
  const context = byId("context");
  const autocomplete = autocompleteView(field, people);
  /** Unsent text by room. @type {Map<string, string>} */
  const drafts = new Map();
  /** @type {{ kind: "reply" | "edit", message: Message } | null} */
  let mode = null;
  let typedAt = -Infinity;
  let room = "";

  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    send();
  });
  field.addEventListener("keydown", onKey);
  field.addEventListener("input", () => {
    fit();
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
      // A draft stays with its room; an edit is cancelled.
      if (mode?.kind !== "edit") drafts.set(room, field.value);
      const draft = drafts.get(active) ?? (room === "" ? field.value : "");
      room = active;
      setMode(null);
      setValue(draft);
      field.placeholder = active ? t("message_to", { room: titleOf(active, rooms.get(active)?.partner) }) : "";
    },

    /** @param {Message} message */
    reply(message) {
      setMode({ kind: "reply", message });
      field.focus();
    },

    /** @param {Message} message */
    edit(message) {
      setMode({ kind: "edit", message });
      setValue(message.content);
      field.focus();
    },

    /** Inserts a mention at the caret. @param {string} name */
    mention(name) {
      field.setRangeText(`@${name} `, field.selectionStart, field.selectionEnd, "end");
      fit();
      field.focus();
    },

    /** Replaces the text by the beginning of a command. @param {string} text */
    prefill(text) {
      setMode(null);
      setValue(text);
      field.focus();
      field.setSelectionRange(text.length, text.length);
    },

    /** Restores a text that could not be sent, unless another one has been typed. @param {string} text */
    restore(text) {
      if (field.value === "") setValue(text);
    },

    focus: () => field.focus({ preventScroll: true }),
  };

  function send() {
    const text = field.value.replace(/\s+$/, "");
    autocomplete.close();
    if (text.trim() === "") return;
    const sent = mode;
    setMode(null);
    setValue("");
    typedAt = -Infinity;
    if (sent?.kind === "edit") edit(sent.message.mid, text);
    else submit(text, sent?.message.mid);
    field.focus();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    // Enter may end the composition of a character in an input method.
    if (event.isComposing || event.keyCode === 229) return;
    if (autocomplete.onKey(event)) {
      event.preventDefault();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && mode) {
      event.preventDefault();
      if (mode.kind === "edit") setValue("");
      setMode(null);
    } else if (event.key === "ArrowUp" && field.value === "") {
      event.preventDefault();
      editLast();
    }
  }

  /** @param {typeof mode} next */
  function setMode(next) {
    mode = next;
    context.hidden = next === null;
    if (!next) {
      context.replaceChildren();
      return;
    }
    const { sender, content } = next.message;
    const label = next.kind === "edit" ? t("editing") : t("replying", { name: sender });
    const cancel = iconButton(icons.close, t("cancel"), () => {
      if (mode?.kind === "edit") setValue("");
      setMode(null);
      field.focus();
    });
    context.replaceChildren(
      make("strong", { text: label }),
      make("bdi", { class: "muted excerpt", text: content.slice(0, 120) }),
      cancel,
    );
  }

  /** @param {string} value */
  function setValue(value) {
    field.value = value;
    fit();
  }

  /** Makes the field as high as its text, up to the limit in the style sheet. */
  function fit() {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  }
}

/** Returns the display name of a room. @param {string} room @param {string} [partner]  of a private conversation */
export function titleOf(room, partner) {
  if (!isDirect(room)) return `#${room}`;
  return partner ? `@${partner}` : room;
}
