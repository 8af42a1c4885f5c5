/**
 * The actions for a message: a toolbar in the row that is hovered or focused, and the keys that do the
 * same.
 *
 * In the list, arrow keys move between messages; `r` replies, `e` edits, `+` reacts, `Delete`
 * deletes.
 *
 * @module
 */

import { favourites } from "./emoji.js";
import { t } from "../strings/strings.js";
import { byId, iconButton, make, icons } from "./dom.js";

/** @typedef {import("../state/room.js").Message} Message */

/**
 * @typedef {object} ToolbarActions
 * @property {() => string} you
 * @property {(message: Message) => boolean} mayDelete
 * @property {(message: Message) => void} reply
 * @property {(message: Message) => void} edit
 * @property {(message: Message) => void} remove
 * @property {(mid: number, emoji: string, on: boolean) => void} react
 * @property {() => void} leaveList
 */

/** @param {ToolbarActions} actions */
export function toolbarView(actions) {
  const log = byId("log");
  /** @type {any} */
  let row = null;

  const reactButton = button("react", () => (picker.hidden = !picker.hidden));
  const replyButton = button("reply", () => actions.reply(row.item.message));
  const editButton = button("edit", () => actions.edit(row.item.message));
  const deleteButton = button("delete", () => actions.remove(row.item.message));
  const picker = make("div", { class: "picker", role: "group", "aria-label": t("react"), hidden: true });
  for (const emoji of favourites) {
    picker.append(make("button", { type: "button", text: emoji, "aria-label": emoji, onclick: () => react(emoji) }));
  }
  const bar = make(
    "div",
    { class: "toolbar", role: "group", "aria-label": t("actions") },
    reactButton,
    replyButton,
    editButton,
    deleteButton,
    picker,
  );

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
    picker.hidden = false;
    picker.querySelector("button")?.focus();
  });
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
    if (!next || (next === row && bar.isConnected)) return;
    row = next;
    const isOwn = row.item.message.sender === actions.you();
    editButton.hidden = !isOwn;
    deleteButton.hidden = !actions.mayDelete(row.item.message);
    picker.hidden = true;
    row.append(bar);
  }

  function hide() {
    picker.hidden = true;
    bar.remove();
    row = null;
  }

  /** @param {string} emoji */
  function react(emoji) {
    const { message } = row.item;
    const isMine = message.reactions.some((/** @type {any} */ it) => it.emoji === emoji && it.mine);
    picker.hidden = true;
    row.focus({ preventScroll: true });
    actions.react(message.mid, emoji, !isMine);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      event.preventDefault();
      if (picker.hidden) actions.leaveList();
      else picker.hidden = true;
      return;
    }
    const target = /** @type {any} */ (event.target);
    if (target !== log && !target.matches(".row.message")) return;
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const next = neighbour(target, event.key === "ArrowUp");
      if (!next) return;
      event.preventDefault();
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "nearest" });
      return;
    }
    if (target === log || log.dataset.by !== "keys" || !rowAt(target)) return;
    const isOwn = target.item.message.sender === actions.you();
    if (event.key === "r") actions.reply(target.item.message);
    else if (event.key === "e" && isOwn) actions.edit(target.item.message);
    else if (event.key === "Delete" && actions.mayDelete(target.item.message)) actions.remove(target.item.message);
    else if (event.key === "+") {
      picker.hidden = false;
      picker.querySelector("button")?.focus();
    } else return;
    event.preventDefault();
  }

  /** @param {any} from @param {boolean} isUp */
  function neighbour(from, isUp) {
    const rows = /** @type {any[]} */ ([...log.querySelectorAll(".row.message")]);
    if (from === log) return rows.at(-1);
    return rows[rows.indexOf(from) + (isUp ? -1 : 1)];
  }
}

/** @param {"react" | "reply" | "edit" | "delete"} what @param {() => void} onclick */
function button(what, onclick) {
  return iconButton(icons[what], t(what), onclick);
}
