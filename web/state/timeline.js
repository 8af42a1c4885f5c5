/**
 * The items of the message list: messages and pending events, with dates, notices, gaps, lost ranges
 * and the unread marker between them. Pure.
 *
 * @module
 */

import { mentions } from "../text/markup.js";
import { knownNames } from "./unread.js";
import { asAttachments, find, withReaction } from "./room.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./room.js").Message} Message */
/** @typedef {import("./room.js").Pending} Pending */

/**
 * An item of the list. Items with the same key and equal fields look the same.
 *
 * @typedef {object} Item
 * @property {string} key
 * @property {"message" | "date" | "notice" | "lost" | "gap" | "unread" | "intro"} kind
 * @property {number} mid             its position; 0 before the first message
 * @property {Message} [message]
 * @property {boolean} [isHead]       first of a run of messages by one sender
 * @property {boolean} [isMentioned]  mentions the reader
 * @property {Message | null} [quoted]  the message it replies to; null if that is not loaded
 * @property {boolean} [isPinned]
 * @property {number} [hue]       of the sender's picture; 0 for none
 * @property {number} [replies]  how many there are
 * @property {Pending} [pending]      the pending event that sends or changes it
 * @property {{ text?: string }} [edit]  the reader edits it; `text`: instead of the message's
 * @property {boolean} [isDeleting]   the reader deletes it, and can undo that until it is pending
 * @property {number} [day]           midnight, local time
 * @property {import("./room.js").Notice} [notice]
 * @property {import("./room.js").Range} [range]  of a gap or of lost messages
 * @property {string} [room]          the room that begins here
 * @property {string} [partner]       of a conversation that begins here
 * @property {boolean} [isPrivate]
 */

/** Maximum time between messages of a run. */
const RUN_MS = 5 * 60_000;

/**
 * Returns the items for the messages with the indices `from` to `to` (excluded) of a room. Pending
 * messages follow the last one.
 *
 * @param {Room} room
 * @param {number} from
 * @param {number} to
 * @param {{ you: string, account?: boolean, clockOffset: number, edit: import("./state.js").Edit | null }} reader  `clockOffset`: server clock minus ours
 * @returns {Item[]}
 */
export function timeline(room, from, to, reader) {
  const { you, edit } = reader;
  const { messages, pending } = room;
  const names = knownNames(room);
  const isEnd = to >= messages.length;
  const changes = changesOf(pending);
  const visible = messages.slice(from, to).map((it) => withChange(it, changes.get(it.mid), you));
  if (isEnd) visible.push(...pending.filter(isMessage).map((it) => asPendingMessage(it, reader)));
  const replies = repliesIn(messages);
  const hues = new Map([...huesOf(room.absent), ...huesOf(room.people)]);
  const pendingById = new Map(pending.map((it) => [it.id, it]));

  let before = /** @type {Message | undefined} */ (messages[from - 1]);
  let day = before && midnight(before.ts);
  let isMarkerDue = isMarkerAfter(room, from);
  const others = otherItems(room, before?.mid ?? 0, isEnd ? Infinity : (messages[to - 1]?.mid ?? 0));
  const items = from === 0 && isWhole(room) ? [introOf(room)] : [];
  for (const message of visible) {
    while (others.length > 0 && others[0].mid < message.mid) {
      items.push(/** @type {Item} */ (others.shift()));
      before = undefined;
    }
    const { mid, ts, replyTo, local = `m${mid}` } = message;
    const change = changes.get(mid);
    if (midnight(ts) !== day) {
      day = midnight(ts);
      items.push({ key: `day ${mid}`, kind: "date", mid, day });
      before = undefined;
    }
    // The reader's own messages are not unread.
    if (isMarkerDue && mid >= room.firstUnread && message.sender !== you) {
      isMarkerDue = false;
      items.push({ key: "unread", kind: "unread", mid });
      before = undefined;
    }
    items.push({
      key: local,
      kind: "message",
      mid,
      message,
      isHead: !before || !continues(message, before),
      isMentioned: message.sender !== you && isMentionedIn(message, you, names),
      quoted: replyTo === undefined ? undefined : (find(messages, replyTo) ?? null),
      isPinned: room.pins.includes(mid),
      hue: hues.get(message.sender) ?? 0,
      replies: Math.max(message.replies ?? 0, replies.get(mid) ?? 0),
      pending: change ?? pendingById.get(local),
      edit: edit?.room === room.name && edit.mid === mid ? edit : undefined,
      isDeleting: room.deleting.includes(mid) || (change?.type === "delete_message" && !change.error),
    });
    before = message;
  }
  return [...items, ...others];
}

/** @type {WeakMap<import("./room.js").Person[], [string, number][]>} */
const huesByPeople = new WeakMap();

/** Returns the names and hues of those who have chosen one. @param {import("./room.js").Person[]} people */
function huesOf(people) {
  let hues = huesByPeople.get(people);
  if (!hues) {
    hues = people.filter(({ hue }) => hue > 0).map(({ name, hue }) => [name, hue]);
    huesByPeople.set(people, hues);
  }
  return hues;
}

/** @type {WeakMap<Message[], Map<number, number>>} */
const repliesByMessages = new WeakMap();

/** Counts the loaded replies by the message that they answer. @param {Message[]} messages */
function repliesIn(messages) {
  let replies = repliesByMessages.get(messages);
  if (replies) return replies;
  replies = new Map();
  for (const { replyTo } of messages) {
    if (replyTo !== undefined) replies.set(replyTo, (replies.get(replyTo) ?? 0) + 1);
  }
  repliesByMessages.set(messages, replies);
  return replies;
}

/** Whether everything since the beginning of the room is known; a new room has no history to load. @param {Room} room */
function isWhole({ more, lost, oldest, messages }) {
  return !more && lost.length === 0 && (oldest === 1 || (oldest === 0 && (messages[0]?.mid ?? 1) === 1));
}

/** @param {Room} room @returns {Item} */
function introOf({ name, partner, isPrivate }) {
  return { key: "intro", kind: "intro", mid: 0, room: name, partner, isPrivate };
}

/**
 * Whether the unread marker belongs at or after this index: everything before it is loaded and read.
 *
 * @param {Room} room
 * @param {number} from
 */
function isMarkerAfter({ messages, firstUnread, oldest, more }, from) {
  if (firstUnread === 0) return false;
  const before = messages[from - 1];
  return before ? before.mid < firstUnread : oldest <= firstUnread || !more;
}

/** @param {Message} message @param {Message} before */
function continues({ sender, account, ts, replyTo }, before) {
  return sender === before.sender && account === before.account && replyTo === undefined && ts - before.ts <= RUN_MS;
}

/** @param {Pending} entry */
function isMessage({ type }) {
  return type === "send_message" || type === "direct_message";
}

/**
 * Returns notices, gaps and lost ranges between two numbers, in order.
 *
 * @param {Room} room
 * @param {number} low
 * @param {number} high
 * @returns {Item[]}
 */
function otherItems({ notices, lost, gaps }, low, high) {
  /** @type {Item[]} */
  const others = [];
  for (const range of lost) {
    others.push({ key: `lost ${range.from}`, kind: "lost", mid: range.to, range });
  }
  for (const range of gaps) {
    others.push({ key: `gap ${range.to}`, kind: "gap", mid: range.to, range });
  }
  for (const notice of notices) {
    others.push({ key: `notice ${notice.id}`, kind: "notice", mid: notice.after, notice });
  }
  return others.filter(({ mid }) => mid >= low && mid < high).sort((a, b) => a.mid - b.mid);
}

/** Returns pending edits, deletions and reactions by message. @param {Pending[]} pending */
function changesOf(pending) {
  const changes = new Map();
  for (const entry of pending) {
    const mid = entry.payload?.mid;
    if (typeof mid === "number") changes.set(mid, entry);
  }
  return changes;
}

/**
 * Returns the message as it will be after a pending change.
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

/** Whether messages mention the reader; each is read again only if the names have changed. @type {WeakMap<Message, { you: string, names: ReadonlySet<string>, isMentioned: boolean }>} */
const mentionsRead = new WeakMap();

/** @param {Message} message @param {string} you @param {ReadonlySet<string>} names */
function isMentionedIn(message, you, names) {
  const last = mentionsRead.get(message);
  if (last && last.you === you && last.names === names) return last.isMentioned;
  const isMentioned = mentions(message.content, you, names);
  mentionsRead.set(message, { you, names, isMentioned });
  return isMentioned;
}

/** Returns a pending message as if it had arrived. @param {Pending} entry @param {{ you: string, account?: boolean, clockOffset: number }} reader @returns {Message} */
function asPendingMessage({ id, payload, at }, { you, account, clockOffset }) {
  const files = asAttachments(payload?.files);
  return {
    mid: Infinity,
    sender: you,
    account: account || undefined,
    content: String(payload?.content ?? ""),
    ts: at + clockOffset,
    replyTo: payload?.reply_to,
    reactions: [],
    ...(files.length ? { files } : {}),
    local: id,
  };
}

/** @param {number} ts */
function midnight(ts) {
  return new Date(ts).setHours(0, 0, 0, 0);
}
