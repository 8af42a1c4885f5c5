/**
 * One row of the message list.
 *
 * @module
 */

import { reader, t } from "../strings/strings.js";
import { wordsOf } from "../state/room.js";
import { plainText } from "../text/markup.js";
import { accountSign, hookSign, withoutMark } from "./account-sign.js";
import { avatar } from "./avatar.js";
import { editorOf } from "./editor.js";
import { icon, icons, make, setText } from "./dom.js";
import { filesOf } from "./files.js";
import { format, isEmojiOnly } from "./format.js";
import { introNodes } from "./intro.js";
import { setStops } from "./list-focus.js";
import { noticeNodes } from "./notice.js";
import { clock, dayName, isoOf, longTime, shortClock, span } from "./time.js";

/** @typedef {import("../state/timeline.js").Item} Item */

/**
 * @typedef {object} RowActions
 * @property {(id: string) => void} retry
 * @property {(id: string) => void} discard
 * @property {(mid: number, emoji: string, on: boolean) => void} react
 * @property {(mid: number) => void} show
 * @property {(mid: number) => void} showReplies
 * @property {(mid: number) => void} undoDelete
 * @property {(mid: number, text: string) => void} saveEdit
 * @property {() => void} cancelEdit
 * @property {() => number | undefined} limit  the longest text, in characters
 * @property {(range: import("../state/room.js").Range) => void} fill
 * @property {(room: string) => void} open
 * @property {(mid: number) => string} link      the address of a message
 * @property {() => ReadonlySet<string>} names  of those in the room, folded
 * @property {() => void} setTopic
 * @property {() => void} invite
 * @property {import("./attachment.js").FileActions} files
 */

/** Lines of a text that are shown at once. */
const LINES_MAX = 40;

/** Replies that the server counts; above, there are as many or more. */
const REPLIES_COUNTED_MAX = 100;

/** The beginning of a message that describes an action of its sender. */
const ACTION_PREFIX = "/me ";

/** Makes a row. @param {Item} item @param {string} you @param {RowActions} actions @returns {any} */
export function makeRow(item, you, actions) {
  const row = make("div", { class: `row ${item.kind}` });
  fillRow(row, item, you, actions);
  return row;
}

/** Updates a row if its item looks different. @param {any} row @param {Item} item @param {string} you @param {RowActions} actions */
export function fillRow(row, item, you, actions) {
  if (row.item && row.you === you && isSame(row.item, item)) {
    row.item = item;
    return;
  }
  row.item = item;
  row.you = you;
  switch (item.kind) {
    case "message":
      fillMessage(row, item, you, actions);
      break;
    case "date":
      row.replaceChildren(make("h2", { text: dayName(item.day ?? 0) }));
      break;
    case "intro":
      row.replaceChildren(...introNodes(item, actions));
      break;
    case "unread":
      row.replaceChildren(make("span", { text: t("new_messages") }));
      break;
    case "lost":
      row.replaceChildren(make("span", { text: t("lost", { ...item.range }) }));
      break;
    case "gap":
      row.replaceChildren(gapButton(item, actions));
      break;
    default:
      row.replaceChildren(...noticeNodes(item, actions));
  }
  setStops(row);
}

/** Rewrites what depends on the time: the countdown of a disappearing message, the name of a day. @param {any} row @param {number} serverNow */
export function tickRow(row, serverNow) {
  const { message, kind, day } = row.item;
  if (kind === "date") setText(row.firstChild, dayName(day));
  if (!row.countdown || message?.expires === undefined) return;
  setText(row.countdown, t("expires_in", { time: span(message.expires - serverNow) }));
}

/** @param {any} row @param {Item} item @param {string} you @param {RowActions} actions */
function fillMessage(row, { mid, message, isHead, isMentioned, quoted, isPinned, hue, replies, pending, edit, isDeleting }, you, actions) {
  if (!message) return;
  if (isDeleting) {
    fillDeleted(row, mid, !pending, actions);
    return;
  }
  const { account, hook, content, ts, replyTo, edited, expires, reactions } = message;
  const sender = hook ? withoutMark(message.sender) : message.sender;
  const isUnsent = pending !== undefined && mid === Infinity;
  const state = pending?.error ? "failed" : pending ? "waiting" : "";
  row.className = `row message ${isHead ? "run" : ""} ${isMentioned ? "mentioned" : ""} ${state}`;
  row.setAttribute("role", "article");
  row.setAttribute("aria-label", [sender, account ? t("has_account") : "", hook ? t("hook") : "", clock(ts)].filter(Boolean).join(", "));
  if (!row.hasAttribute("tabindex")) row.tabIndex = -1;

  const body = make("div", { class: "body" });
  const shownTime = make("time", { datetime: isoOf(ts), title: longTime(ts), text: isHead ? clock(ts) : shortClock(ts) });
  const time = isUnsent ? shownTime : make("a", { class: "time", href: actions.link(mid) }, shownTime);
  if (isHead) {
    const name = make("bdi", { class: "sender", text: sender, ...(hook ? {} : { role: "button", "aria-haspopup": "dialog" }) });
    body.append(make("div", { class: "meta" }, name, ...(account ? [accountSign()] : []), ...(hook ? [hookSign(hook)] : []), time));
  }
  if (replyTo !== undefined) body.append(quote(replyTo, quoted ?? null, actions));
  if (!edit) row.editor = null;
  else row.editor ??= editorOf(edit.text ?? content, { save: (text) => actions.saveEdit(mid, text), cancel: actions.cancelEdit, limit: actions.limit });
  const text = make("div", { class: isEmojiOnly(content) ? "text large" : "text", dir: "auto" });
  const isAction = content.startsWith(ACTION_PREFIX);
  if (isAction) text.append(make("em", { class: "action" }, "∗ ", make("bdi", { text: sender }), " "));
  text.append(format(isAction ? content.slice(ACTION_PREFIX.length) : content, you, actions.names()));
  if (edited) text.append(make("span", { class: "muted note", text: ` (${t("edited")})` }));
  body.append(row.editor ?? text);
  if (!row.editor && !row.isUnfolded && isLong(content)) body.append(unfoldButton(row, text));
  if (message.files) body.append(filesIn(row, message.files, !isUnsent, actions));

  row.countdown = null;
  if (expires !== undefined && !isUnsent) {
    row.countdown = make("div", { class: "muted note countdown" });
    body.append(row.countdown);
  }
  if (reactions.length) body.append(reactionsOf(mid, reactions, actions));
  if (isPinned) body.append(make("div", { class: "muted note", text: t("pinned") }));
  if (replies) body.append(make("button", { class: "replies", type: "button", text: repliesText(replies), onclick: () => actions.showReplies(mid) }));
  if (pending?.error) body.append(failure(pending, actions));
  else if (isUnsent) body.append(make("span", pending.isSlow ? { class: "muted note", text: t("sending") } : { class: "unseen", text: t("unsent") }));
  // The toolbar may be in this row and have the focus: it stays.
  for (const child of [...row.children]) if (!child.matches(".toolbar")) child.remove();
  row.prepend(isHead ? avatar(sender, { hue: hook ? 0 : hue }) : make("span", { class: "gutter" }, time), body);
}

/** @param {number} number */
function repliesText(number) {
  return number < REPLIES_COUNTED_MAX ? t("replies", { n: number }) : t("replies_many");
}

/** Returns the files in a row, whose pictures stay as they are while nothing changes about them. @param {any} row @param {import("../state/room.js").Attachment[]} files @param {boolean} isSent @param {RowActions} actions */
function filesIn(row, files, isSent, actions) {
  if (row.files?.of !== files || row.files.isSent !== isSent) row.files = { of: files, isSent, list: filesOf(files, isSent, actions.files) };
  return row.files.list;
}

/** Whether a text has so many lines that it is folded; code scrolls in its own box. @param {string} content */
function isLong(content) {
  return content.length > LINES_MAX && content.replace(/```[^]*?```/g, "").split("\n").length > LINES_MAX;
}

/** Folds a text and makes the button that shows all of it. @param {any} row @param {Element} text */
function unfoldButton(row, text) {
  text.classList.add("folded");
  const button = make("button", { type: "button", class: "quiet unfold", text: t("show_all"), onclick: unfold });
  return button;

  function unfold() {
    row.isUnfolded = true;
    text.classList.remove("folded");
    row.focus({ preventScroll: true });
    button.remove();
  }
}

/** Fills the row of a message that is being deleted. @param {any} row @param {number} mid @param {boolean} canUndo @param {RowActions} actions */
function fillDeleted(row, mid, canUndo, { undoDelete }) {
  const undo = canUndo && make("button", { type: "button", class: "quiet", text: t("undo"), onclick: () => undoDelete(mid) });
  row.className = "row message deleted";
  row.setAttribute("aria-label", t("message_deleted"));
  row.countdown = row.editor = null;
  const body = make("div", { class: "body muted" }, make("span", { text: t("message_deleted") }), ...(undo ? [" ", undo] : []));
  row.replaceChildren(make("span", { class: "gutter", "aria-hidden": "true" }), body);
}

/** @param {number} mid @param {import("../state/room.js").Message | null} quoted @param {RowActions} actions */
function quote(mid, quoted, { show }) {
  const properties = { class: "quote", type: "button", onclick: () => show(mid) };
  // The message may only not be loaded yet.
  if (!quoted) return make("button", { ...properties, text: t("reply_unavailable") });
  return make(
    "button",
    properties,
    make("bdi", { class: "sender", text: quoted.sender }),
    " ",
    make("bdi", { class: "excerpt", dir: "auto", text: plainText(wordsOf(quoted)).slice(0, 120) }),
  );
}

/** @param {Item} item @param {RowActions} actions */
function gapButton({ range = { from: 0, to: 0 } }, { fill }) {
  return make("button", { class: "quiet", type: "button", text: t("load_gap"), onclick: () => fill(range) });
}

/** @param {number} mid @param {import("../state/room.js").Reaction[]} reactions @param {RowActions} actions */
function reactionsOf(mid, reactions, { react }) {
  const chips = reactions.map(({ emoji, count, mine, users }) =>
    make(
      "button",
      {
        class: "chip",
        type: "button",
        "aria-pressed": String(mine),
        "aria-label": t("reaction", { emoji, n: count }),
        title: users.join(", "),
        onclick: () => react(mid, emoji, !mine),
      },
      `${emoji} ${count.toLocaleString(reader.locale)}`,
    ),
  );
  // The toolbar shows its picker.
  const more = make("button", { class: "chip more", type: "button", "aria-label": t("react_more"), title: t("react_more") }, icon(icons.react_more));
  return make("div", { class: "reactions" }, ...chips, more);
}

/** @param {import("../state/room.js").Pending} pending @param {RowActions} actions */
function failure({ id, error }, { retry, discard }) {
  return make(
    "div",
    { class: "failure" },
    make("span", { text: t("failed", { reason: failureReason(error) }) }),
    make("button", { type: "button", text: t("retry"), onclick: () => retry(id) }),
    make("button", { type: "button", class: "quiet", text: t("discard"), onclick: () => discard(id) }),
  );
}

/** Returns why an entry failed, in the reader's language where the library itself decided so. @param {{ code: string, message: string } | undefined} error */
function failureReason({ code, message } = { code: "", message: "" }) {
  if (code === "stale") return t("reason_stale");
  if (code === "unconfirmed") return t("reason_unconfirmed");
  if (code === "no_answer") return t("reason_no_answer");
  return message || code;
}

/** @param {Item} a @param {Item} b */
function isSame(a, b) {
  return (
    a.kind === b.kind &&
    a.mid === b.mid &&
    a.message === b.message &&
    a.isHead === b.isHead &&
    a.isMentioned === b.isMentioned &&
    a.quoted === b.quoted &&
    a.isPinned === b.isPinned &&
    a.hue === b.hue &&
    a.replies === b.replies &&
    a.pending === b.pending &&
    a.edit === b.edit &&
    a.isDeleting === b.isDeleting &&
    a.day === b.day &&
    a.notice === b.notice &&
    a.partner === b.partner &&
    a.isPrivate === b.isPrivate &&
    a.room === b.room &&
    a.range === b.range
  );
}
