import assert from "node:assert/strict";
import { test } from "node:test";

import { asMessage, emptyRoom, wordsOf } from "../../web/state/room.js";
import { timeline } from "../../web/state/timeline.js";

const reader = { you: "Alice", clockOffset: 0 };
const MORNING = new Date(2025, 10, 20, 9).getTime();
const DAY = 24 * 3600 * 1000;

function message(mid, sender = "Bob", ts = MORNING + mid * 1000, rest = {}) {
  return { mid, sender, content: `text ${mid}`, ts, reactions: [], ...rest };
}

function room(messages, rest = {}) {
  return { ...emptyRoom("lobby"), more: true, messages, ...rest };
}

/** Returns rows in short form: `>` begins a run. */
function rows(it, from = 0, to = it.messages.length) {
  return timeline(it, from, to, reader).map(({ kind, mid, isHead, key }) =>
    kind === "message" ? `${isHead ? ">" : " "}${mid === Infinity ? key : mid}` : kind,
  );
}

test("a message knows how many answer it", () => {
  const messages = [1, 2, 3, 4].map((mid) => ({ mid, sender: "Bob", content: "x", ts: 1_700_000_000_000 + mid, reactions: [], ...(mid > 2 ? { replyTo: 1 } : { replies: 3 - mid }) }));
  const items = timeline({ ...emptyRoom("dev"), messages }, 0, 4, { you: "Zoe", clockOffset: 0, edit: null });
  assert.deepEqual(items.filter(({ kind }) => kind === "message").map(({ replies }) => replies), [2, 1, 0, 0]);
});

test("each day begins with its date, each run with its sender", () => {
  const messages = [message(1), message(2), message(3, "Eve"), message(4, "Eve", MORNING + DAY), message(5, "Eve", MORNING + DAY + 6 * 60_000)];
  assert.deepEqual(rows(room(messages)), ["date", ">1", " 2", ">3", "date", ">4", ">5"]);
});

test("a room begins with an introduction once its beginning is known", () => {
  const kinds = (messages, rest, from = 0) => timeline(room(messages, rest), from, messages.length, reader).map(({ kind }) => kind);
  assert.deepEqual(kinds([], { more: false }), ["intro"]);
  assert.deepEqual(kinds([message(1)], { more: false }), ["intro", "date", "message"], "a new room");
  assert.deepEqual(kinds([message(3)], { more: false, oldest: 1 }), ["intro", "date", "message"]);
  assert.deepEqual(kinds([message(3)], { more: false, oldest: 1 }, 1), [], "below the beginning");
  assert.deepEqual(kinds([message(3)], { more: false }), ["date", "message"], "nothing before it is known");
  assert.deepEqual(kinds([message(3)], { more: true, oldest: 3 }), ["date", "message"]);
  assert.deepEqual(kinds([message(3)], { more: false, oldest: 1, lost: [{ from: 1, to: 2 }] }), ["lost", "date", "message"]);
});

test("a window shows the same items as the whole list", () => {
  const messages = Array.from({ length: 30 }, (_, i) => message(i + 1, i % 5 ? "Bob" : "Eve", MORNING + Math.floor(i / 10) * DAY + i));
  const whole = timeline(room(messages), 0, 30, reader);
  for (const [from, to] of [[0, 30], [3, 20], [10, 11], [29, 30], [5, 10]]) {
    const part = timeline(room(messages), from, to, reader);
    const start = whole.findIndex(({ key }) => key === part[0].key);
    assert.deepEqual(part, whole.slice(start, start + part.length), `${from}–${to}`);
  }
});

test("a reply begins a run and quotes its message", () => {
  const messages = [message(1), message(2, "Bob", undefined, { replyTo: 1 }), message(3, "Bob", undefined, { replyTo: 99 })];
  const items = timeline(room(messages), 0, 3, reader).filter(({ kind }) => kind === "message");
  assert.deepEqual(items.map(({ isHead, quoted }) => [isHead, quoted?.mid ?? quoted]), [[true, undefined], [true, 1], [true, null]]);
});

test("the unread marker precedes the first unread message", () => {
  assert.deepEqual(rows(room([message(1), message(2), message(3)], { firstUnread: 2 })), ["date", ">1", "unread", ">2", " 3"]);
});

test("notices and lost ranges are in their places", () => {
  const it = room([message(1), message(2), message(9)], { notices: [{ id: 1, text: "hi", after: 1 }, { id: 2, text: "end", after: 9 }], lost: [{ from: 3, to: 8 }] });
  assert.deepEqual(rows(it), ["date", ">1", "notice", ">2", "lost", ">9", "notice"]);
  assert.deepEqual(rows(it, 1, 2), ["notice", ">2"]);
});

test("pending messages are at the end, with the reader's name and the server's time", () => {
  const pending = [{ id: "a-1", type: "send_message", payload: { content: "Hello" }, at: MORNING + 3000 }, { id: "a-2", type: "edit_message", payload: { mid: 1, content: "new" }, at: 0 }];
  const it = room([message(1, "Alice")], { pending });
  assert.deepEqual(rows(it), ["date", ">1", " a-1"]);
  const items = timeline(it, 0, 1, { you: "Alice", clockOffset: 500 });
  assert.deepEqual([items[1].message.content, items[1].pending?.id], ["new", "a-2"]);
  assert.deepEqual([items[2].message.sender, items[2].message.ts, items[2].pending?.id], ["Alice", MORNING + 3500, "a-1"]);
  assert.deepEqual(rows(it, 0, 0), [], "only at the end of the list");
});

test("a deleted message is hidden until it is gone, and shown again if the server refuses", () => {
  const entry = { id: "a", type: "delete_message", payload: { mid: 1 }, at: 0 };
  const shown = (rest) => timeline(room([message(1)], rest), 0, 1, reader)[1];
  assert.equal(shown({ deleting: [1] }).isDeleting, true);
  assert.deepEqual([shown({ pending: [entry] }).isDeleting, shown({ pending: [entry] }).pending], [true, entry], "nothing is left to undo");
  const refused = { ...entry, error: { code: "forbidden", message: "" } };
  assert.deepEqual([shown({ pending: [refused] }).isDeleting, shown({ pending: [refused] }).pending], [false, refused]);
});

test("a message is read for mentions again when somebody comes whom it may mean", () => {
  const it = message(1, "Bob", MORNING, { content: "@Alice Smith" });
  const isMentioned = (...names) => timeline(room([it], { people: names.map((name) => ({ name })) }), 0, 1, reader)[1].isMentioned;
  assert.deepEqual([isMentioned("Alice"), isMentioned("Alice", "Alice Smith"), isMentioned("Alice")], [true, false, true]);
});

test("a pending reaction is shown, and removed when refused", () => {
  const entry = { id: "a", type: "react", payload: { mid: 1, emoji: "👍", on: true }, at: 0 };
  const shown = (pending) => timeline(room([message(1)], { pending }), 0, 1, reader)[1].message.reactions;
  assert.deepEqual(shown([entry]), [{ emoji: "👍", count: 1, mine: true, users: ["Alice"] }]);
  assert.deepEqual(shown([{ ...entry, error: { code: "muted", message: "" } }]), []);
});

test("a message has the files that are some, and their names are its words if it has no others", () => {
  const file = "0a".repeat(16);
  const raw = { mid: 1, ts: 1, sender: "Bob", content: "", files: [{ file, name: "a b.txt", bytes: 7 }, { file: "../x", name: "x" }, null, { file, name: 8 }] };
  const { files, ...rest } = asMessage(raw, "Ann");
  assert.deepEqual(files, [
    { file, name: "a b.txt", type: "", bytes: 7, width: 0, height: 0 },
    { file, name: "", type: "", bytes: 0, width: 0, height: 0 },
  ]);
  assert.equal(wordsOf({ ...rest, files: files.slice(0, 1) }), "a b.txt");
  assert.equal(wordsOf({ ...rest, content: "See", files }), "See");
  for (const none of [undefined, [], 7]) assert.equal("files" in asMessage({ ...raw, files: none }, "Ann"), false);
});
