/**
 * What stands in the message list, as values: messages and what was not answered yet, with dates,
 * notices, holes, lost ranges and the mark of the unread between them. Pure.
 *
 * @module
 */

import { mentions } from "./unread.js";
import { find, withReaction } from "./room.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./room.js").Message} Message */
/** @typedef {import("./room.js").Pending} Pending */

/**
 * One row. Items of one key that are equal field by field look the same.
 *
 * @typedef {object} Item
 * @property {string} key
 * @property {"message" | "date" | "notice" | "lost" | "hole" | "unread"} kind
 * @property {number} mid             where it belongs; 0 before the first message
 * @property {Message} [message]
 * @property {boolean} [isHead]       begins a run of messages of one sender
 * @property {boolean} [isMentioned]      the reader is called by name
 * @property {Message | null} [quoted]  what it replies to; null if that is not here
 * @property {Pending} [pending]      what has been said about it or with it, unanswered
 * @property {number} [day]           midnight, local time
 * @property {import("./room.js").Notice} [notice]
 * @property {import("./room.js").Range} [range]  what is lost or not loaded
 */

/** Messages of one sender closer than this are one run. */
const RUN_MS = 5 * 60_000;

/**
 * The rows for the messages `from` to `to` (indices, `to` excluded) of a room; what is not
 * answered stands behind the last one.
 *
 * @param {Room} room
 * @param {number} from
 * @param {number} to
 * @param {{ you: string, clockOffset: number }} reader  `clockOffset`: server clock minus ours
 * @returns {Item[]}
 */
export function timeline(room, from, to, { you, clockOffset }) {
  const { messages, pending } = room;
  const isEnd = to >= messages.length;
  const changes = changesOf(pending);
  const shown = messages.slice(from, to).map((it) => withChange(it, changes.get(it.mid), you));
  if (isEnd) shown.push(...pending.filter(isSpoken).map((it) => asSaid(it, you, clockOffset)));
  const unanswered = new Map(pending.map((it) => [it.id, it]));

  let before = /** @type {Message | undefined} */ (messages[from - 1]);
  let day = before && midnight(before.ts);
  let isMarkDue = isMarkAfter(room, from);
  const asides = asidesOf(room, before?.mid ?? 0, isEnd ? Infinity : (messages[to - 1]?.mid ?? 0));
  /** @type {Item[]} */
  const items = [];
  for (const message of shown) {
    while (asides.length > 0 && asides[0].mid < message.mid) {
      items.push(/** @type {Item} */ (asides.shift()));
      before = undefined;
    }
    const { mid, ts, replyTo, local = `m${mid}` } = message;
    if (midnight(ts) !== day) {
      day = midnight(ts);
      items.push({ key: `day ${mid}`, kind: "date", mid, day });
      before = undefined;
    }
    // What the reader has said themselves is not new to them.
    if (isMarkDue && mid >= room.firstUnread && message.sender !== you) {
      isMarkDue = false;
      items.push({ key: "unread", kind: "unread", mid });
      before = undefined;
    }
    items.push({
      key: local,
      kind: "message",
      mid,
      message,
      isHead: !before || !continues(message, before),
      isMentioned: message.sender !== you && mentions(message.content, you),
      quoted: replyTo === undefined ? undefined : (find(messages, replyTo) ?? null),
      pending: changes.get(mid) ?? unanswered.get(local),
    });
    before = message;
  }
  return [...items, ...asides];
}

/**
 * Whether the mark of the unread may stand at or behind this index: what is before it is known,
 * and read.
 *
 * @param {Room} room
 * @param {number} from
 */
function isMarkAfter({ messages, firstUnread, oldest, more }, from) {
  if (firstUnread === 0) return false;
  const before = messages[from - 1];
  return before ? before.mid < firstUnread : oldest <= firstUnread || !more;
}

/** @param {Message} message @param {Message} before */
function continues({ sender, ts, replyTo }, before) {
  return sender === before.sender && replyTo === undefined && ts - before.ts <= RUN_MS;
}

/** @param {Pending} entry */
function isSpoken({ type }) {
  return type === "send_message" || type === "direct_message";
}

/**
 * Notices, holes and lost ranges between two numbers, in their order.
 *
 * @param {Room} room
 * @param {number} low
 * @param {number} high
 * @returns {Item[]}
 */
function asidesOf({ notices, lost, holes }, low, high) {
  /** @type {Item[]} */
  const asides = [];
  for (const range of lost) {
    asides.push({ key: `lost ${range.from}`, kind: "lost", mid: range.to, range });
  }
  for (const range of holes) {
    asides.push({ key: `hole ${range.to}`, kind: "hole", mid: range.to, range });
  }
  for (const notice of notices) {
    asides.push({ key: `notice ${notice.id}`, kind: "notice", mid: notice.after, notice });
  }
  return asides.filter(({ mid }) => mid >= low && mid < high).sort((a, b) => a.mid - b.mid);
}

/** Unanswered edits, deletions and reactions by message. @param {Pending[]} pending */
function changesOf(pending) {
  const changes = new Map();
  for (const entry of pending) {
    const mid = entry.payload?.mid;
    if (typeof mid === "number") changes.set(mid, entry);
  }
  return changes;
}

/**
 * The message as it will be when the change is answered.
 *
 * @param {Message} message
 * @param {Pending | undefined} change
 * @param {string} you
 * @returns {Message}
 */
function withChange(message, change, you) {
  if (!change || change.error) return message;
  const { type, payload } = change;
  if (type === "edit_message") return { ...message, content: payload.content, edited: true };
  if (type !== "react") return message;
  const isMine = message.reactions.some((it) => it.emoji === payload.emoji && it.mine);
  if (isMine === payload.on) return message;
  return { ...message, reactions: withReaction(message.reactions, { ...payload, user: you }, you) };
}

/** What was said, as if it had arrived. @param {Pending} entry @param {string} you @param {number} clockOffset @returns {Message} */
function asSaid({ id, payload, at }, you, clockOffset) {
  return {
    mid: Infinity,
    sender: you,
    content: String(payload?.content ?? ""),
    ts: at + clockOffset,
    replyTo: payload?.reply_to,
    reactions: [],
    local: id,
  };
}

/** @param {number} ts */
function midnight(ts) {
  return new Date(ts).setHours(0, 0, 0, 0);
}
