/**
 * The actions for a message: a toolbar in the row that is hovered or focused, with a menu, and the keys
 * that do the same.
 *
 * In the list, arrow keys move between messages and Enter opens the menu; `r` replies, `e` edits, `+`
 * reacts, `u` marks as unread, `Delete` deletes.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { byId, iconButton, make, icons } from "./dom.js";
import { moveStopWithFocus, setStops, stopsIn } from "./list-focus.js";
import { onLongPress } from "./long-press.js";
import { openMenu } from "./menu.js";
import { withPart } from "./parts.js";

/** @typedef {import("../state/room.js").Message} Message */

/**
 * @typedef {object} ToolbarActions
 * @property {() => string} you
 * @property {(message: Message) => boolean} mayDelete
 * @property {(message: Message) => void} reply
 * @property {(message: Message) => void} edit
 * @property {(message: Message) => void} remove
 * @property {(message: Message) => void} markUnread
 * @property {() => boolean} mayPin
 * @property {(message: Message, on: boolean) => void} pin
 * @property {(message: Message) => void} copyText
 * @property {(message: Message) => void} copyLink
 * @property {(mid: number, emoji: string, on: boolean) => void} react
 * @property {() => void} leaveList
 */

/** @param {ToolbarActions} actions */
export function toolbarView(actions) {
  const log = byId("log");
  /** @type {any} */
  let row = null;

  const reactButton = button("react", () => openPicker(reactButton));
  reactButton.setAttribute("aria-haspopup", "dialog");
  reactButton.setAttribute("aria-expanded", "false");
  const replyButton = button("reply", () => actions.reply(row.item.message));
  const editButton = button("edit", () => actions.edit(row.item.message));
  const moreButton = iconButton(icons.more, t("more_actions"), () => openActions(moreButton));
  moreButton.setAttribute("aria-haspopup", "menu");
  moreButton.setAttribute("aria-expanded", "false");
  const bar = make(
    "div",
    { class: "toolbar", role: "group", "aria-label": t("actions") },
    reactButton,
    replyButton,
    editButton,
    moreButton,
  );
  const isMenuOpen = () => moreButton.getAttribute("aria-expanded") === "true";

  moveStopWithFocus(log);
  log.addEventListener("mouseover", (/** @type {any} */ { target }) => show(rowAt(target)));
  log.addEventListener("focusin", (/** @type {any} */ { target }) => show(rowAt(target)));
  log.addEventListener("mouseleave", () => {
    // A finger leaves at once, but the row it touched keeps the focus.
    if (!row?.contains(document.activeElement)) hide();
  });
  log.addEventListener("focusout", (/** @type {any} */ { relatedTarget }) => {
    if (!log.contains(relatedTarget)) hide();
  });
  log.addEventListener("click", (/** @type {any} */ { target }) => {
    if (!target.closest?.(".chip.more")) return;
    show(rowAt(target));
    openPicker(target.closest(".chip.more"));
  });
  onLongPress(log, (target) => openRowSheet(rowAt(target)));
  log.addEventListener("keydown", onKey);
  // Keys typed after a press on a message are meant for the input box.
  log.addEventListener("pointerdown", () => (log.dataset.by = "pointer"));
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Tab" || key.startsWith("Arrow")) log.dataset.by = "keys";
  }, true);

  /** @param {any} target */
  function rowAt(target) {
    const found = target.closest?.(".row.message");
    const isFree = found && Number.isFinite(found.item.mid) && !found.item.edit && !found.item.isDeleting;
    return isFree ? found : null;
  }

  /** @param {any} next */
  function show(next) {
    if (!next || (next === row && bar.isConnected) || isMenuOpen()) return;
    // What is moved loses the focus.
    if (bar.contains(document.activeElement)) row.focus({ preventScroll: true });
    row = next;
    editButton.hidden = row.item.message.sender !== actions.you();
    row.append(bar);
    setStops(row);
  }

  function hide() {
    if (isMenuOpen()) return;
    bar.remove();
    row = null;
  }

  /** Opens the menu of the row. @param {HTMLElement} back  takes the focus when the menu closes */
  function openActions(back) {
    openMenu(moreButton, t("more_actions"), choicesFor(row.item), back);
  }

  /** Opens the sheet of a row. @param {any} target */
  function openRowSheet(target) {
    if (!target) return;
    const { message } = target.item;
    show(target);
    const choices = choicesFor(target.item);
    withPart(import("./sheet.js"), ({ openSheet }) => {
      openSheet(message.sender, choices, { react: (emoji) => react(target, emoji), more: () => openPicker(reactButton) });
    });
  }

  /** @param {any} item */
  function choicesFor({ message, isPinned }) {
    /** @param {string} label @param {(message: Message) => void} act */
    const choice = (label, act) => ({ label: t(label), act: () => act(message) });
    const change = [
      ...(message.sender === actions.you() ? [choice("edit", actions.edit)] : []),
      ...(actions.mayDelete(message) ? [{ ...choice("delete", actions.remove), isDangerous: true }] : []),
    ];
    const use = [
      choice("reply", actions.reply),
      choice("copy_text", actions.copyText),
      choice("copy_link", actions.copyLink),
      choice("mark_unread", actions.markUnread),
    ];
    const pin = actions.mayPin() ? [choice(isPinned ? "unpin" : "pin", () => actions.pin(message, !isPinned))] : [];
    return [use, pin, change];
  }

  /** Opens the picker for the row's message. @param {HTMLElement} opener */
  function openPicker(opener) {
    const target = row;
    withPart(import("./emoji-picker.js"), ({ openEmojiPicker }) => {
      // The pointer may have left the row.
      if (!opener.isConnected) show(target);
      openEmojiPicker(opener, { pick: (emoji) => react(target, emoji), leave: () => target.focus({ preventScroll: true }) });
    });
  }

  /** @param {any} target @param {string} emoji */
  function react(target, emoji) {
    const { message } = target.item;
    const isMine = message.reactions.some((/** @type {any} */ it) => it.emoji === emoji && it.mine);
    target.focus({ preventScroll: true });
    actions.react(message.mid, emoji, !isMine);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      event.preventDefault();
      actions.leaveList();
      return;
    }
    const target = /** @type {any} */ (event.target);
    const stops = stopsIn(log);
    if (target !== log && !stops.includes(target)) return;
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const next = target === log ? stops.at(-1) : stops[stops.indexOf(target) + (event.key === "ArrowUp" ? -1 : 1)];
      if (!next) return;
      event.preventDefault();
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "nearest" });
      return;
    }
    if (target === log || log.dataset.by !== "keys" || !rowAt(target)) return;
    if (actOn(target, event.key)) event.preventDefault();
  }

  /** Does what a key means in a row; returns whether it means something. @param {any} target @param {string} key */
  function actOn(target, key) {
    const { message } = target.item;
    if (key === "Enter") {
      show(target);
      openActions(target);
    } else if (key === "r") actions.reply(message);
    else if (key === "u") actions.markUnread(message);
    else if (key === "e" && message.sender === actions.you()) actions.edit(message);
    else if (key === "Delete" && actions.mayDelete(message)) actions.remove(message);
    else if (key === "+") {
      show(target);
      openPicker(reactButton);
    } else return false;
    return true;
  }
}

/** @param {"react" | "reply" | "edit"} what @param {() => void} onclick */
function button(what, onclick) {
  return iconButton(icons[what], t(what), onclick);
}
