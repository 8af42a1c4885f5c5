import assert from "node:assert/strict";
import { test } from "node:test";

import { INACTIVE_MESSAGES_MAX, MESSAGES_MAX } from "../../web/state/history.js";
import { unreadIn } from "../../web/state/unread.js";
import { mentions } from "../../web/text/markup.js";
import { reduce } from "../../web/state/reducer.js";
import { initialState } from "../../web/state/state.js";

const NOW = 1_700_000_000_000;

/** Returns the state after events. */
function after(...events) {
  return events.reduce((state, event) => reduce(state, event, NOW), initialState());
}

const welcome = {
  type: "welcome",
  ts: NOW,
  payload: { you: "Alice", current: "lobby", rooms: { lobby: { seq: 0, users: 2, topic: "Tea" }, dev: { seq: 3, users: 1, topic: "" } }, limits: { content: 4000 } },
};

function message(seq, content = `text ${seq}`, { sender = "Bob", room = "lobby", ...rest } = {}) {
  return { type: "message", room, seq, ts: NOW + seq, payload: { mid: seq, sender, content, ...rest } };
}

const lobby = (state) => state.rooms.get("lobby");
const texts = (state, room = "lobby") => state.rooms.get(room).messages.map(({ content }) => content);

test("welcome opens the current room and knows all of them", () => {
  const state = after(welcome);
  assert.deepEqual([...state.rooms.keys()], ["lobby", "dev"]);
  assert.deepEqual([state.active, state.you, lobby(state).topic, lobby(state).count], ["lobby", "Alice", "Tea", 2]);
});

test("a room that is not in the welcome is removed, unless it has unsent messages", () => {
  const entry = { id: "a", type: "send_message", room: "dev", payload: { content: "x" }, at: NOW };
  const again = { ...welcome, payload: { ...welcome.payload, rooms: {} } };
  assert.deepEqual([...after(welcome, { type: "queued", room: "dev", payload: { entry } }, again).rooms.keys()], ["dev"]);
});

test("unchanged values keep their identity", () => {
  const before = after(welcome, message(1));
  const state = reduce(before, message(4, "x", { room: "dev" }), NOW);
  assert.equal(lobby(state), lobby(before));
  assert.equal(reduce(before, { type: "ui_ticked" }, NOW), before);
  assert.equal(reduce(before, { type: "unheard_of", payload: {} }, NOW), before);
  assert.equal(reduce(before, { type: "ui_attention", payload: { attentive: true } }, NOW).rooms, before.rooms);
});

test("edits, reactions and deletions change their message only", () => {
  const before = after(welcome, message(1), message(2));
  const edited = reduce(before, { type: "message_edited", room: "lobby", seq: 3, payload: { mid: 1, content: "new" } }, NOW);
  assert.deepEqual(texts(edited), ["new", "text 2"]);
  assert.equal(lobby(edited).messages[0].edited, true);
  assert.equal(lobby(edited).messages[1], lobby(before).messages[1]);
  const react = (user, on, count) => ({ type: "reaction", room: "lobby", seq: 4, payload: { mid: 2, emoji: "👍", user, on, count } });
  const reacted = [react("Bob", true, 1), react("Alice", true)].reduce((state, event) => reduce(state, event, NOW), edited);
  assert.deepEqual(lobby(reacted).messages[1].reactions, [{ emoji: "👍", count: 2, mine: true, users: ["Bob", "Alice"] }]);
  const taken = [react("Alice", false), react("Bob", false, 0)].reduce((state, event) => reduce(state, event, NOW), reacted);
  assert.deepEqual(lobby(taken).messages[1].reactions, []);
  assert.deepEqual(texts(reduce(edited, { type: "message_deleted", room: "lobby", seq: 5, payload: { mid: 1 } }, NOW)), ["text 2"]);
});

test("pages of history are inserted in order, whatever order they arrive in", () => {
  const page = (first, last, more) => ({
    type: "history",
    room: "lobby",
    payload: { messages: Array.from({ length: last - first + 1 }, (_, i) => ({ mid: first + i, ts: NOW, sender: "Bob", content: `text ${first + i}` })), first, last, more, lost: [] },
  });
  const state = after(welcome, message(6), page(4, 6, true), message(7), page(1, 3, false), page(4, 5, true));
  assert.deepEqual(lobby(state).messages.map(({ mid }) => mid), [1, 2, 3, 4, 5, 6, 7]);
  assert.equal(lobby(state).more, false);
  assert.equal(lobby(after(welcome, page(4, 6, true))).more, true);
});

test("history removes deleted messages and reports lost ones", () => {
  const state = after(welcome, message(1), message(2), {
    type: "history",
    room: "lobby",
    payload: { messages: [{ mid: 1, content: "", deleted: "author" }, { mid: 2, sender: "Bob", content: "new", edited: true, reactions: [{ emoji: "🎉", users: ["Alice"] }] }], first: 1, last: 2, more: false, lost: [{ from: 3, to: 9 }] },
  });
  assert.deepEqual(texts(state), ["new"]);
  assert.deepEqual(lobby(state).messages[0].reactions, [{ emoji: "🎉", count: 1, mine: true, users: ["Alice"] }]);
  assert.deepEqual(lobby(state).lost, [{ from: 3, to: 9 }]);
});

test("a pending message is shown at once and becomes the message", () => {
  const entry = { id: "a-1", type: "send_message", room: "lobby", payload: { content: "Hello" }, at: NOW };
  const queued = after(welcome, { type: "queued", room: "lobby", payload: { entry } });
  assert.deepEqual(lobby(queued).pending.map(({ payload }) => payload.content), ["Hello"]);
  const state = reduce(queued, { ...message(1, "Hello", { sender: "Alice" }), local: "a-1" }, NOW);
  assert.deepEqual([lobby(state).pending, texts(state), lobby(state).messages[0].local], [[], ["Hello"], "a-1"]);
  const failed = reduce(queued, { type: "failed", room: "lobby", payload: { entry: { ...entry, error: { code: "muted", message: "no" } } } }, NOW);
  assert.equal(lobby(failed).pending[0].error.code, "muted");
  assert.deepEqual(lobby(reduce(failed, { type: "discarded", room: "lobby", payload: { entry } }, NOW)).pending, []);
});

test("only unseen messages of others are unread", () => {
  const events = [
    welcome,
    message(1),
    message(4, "a", { room: "dev" }),
    message(5, "hey @alice!", { room: "dev" }),
    message(6, "mine", { room: "dev", sender: "Alice" }),
  ];
  const state = after(...events);
  const { unread, mentions: calls, firstUnread } = state.rooms.get("dev");
  assert.deepEqual([lobby(state).unread, unread, calls, firstUnread, unreadIn(state)], [0, 2, 1, 4, 2]);
  const opened = reduce(state, { type: "ui_opened", room: "dev" }, NOW);
  assert.deepEqual([unreadIn(opened), opened.rooms.get("dev").firstUnread], [0, 4], "the mark stays while one reads");
  assert.equal(reduce(opened, { type: "ui_opened", room: "lobby" }, NOW).rooms.get("dev").firstUnread, 0);
});

test("nothing is read while the reader is inattentive", () => {
  const away = after(welcome, { type: "ui_attention", payload: { attentive: false } }, message(1));
  assert.equal(lobby(away).unread, 1);
  assert.equal(lobby(reduce(away, { type: "ui_attention", payload: { attentive: true } }, NOW)).unread, 0);
});

test("a mention is a whole word after @", () => {
  const called = ["@Alice", "hi @alice!", "(@Alice)", "@bob @ALICE, you?", "x @Alice-", "@alicex @alice"];
  const not = ["Alice", "@Alicia", "mail@alice", "@Alice-2", "@Alice_b", "@@alicex", ""];
  for (const text of called) assert.equal(mentions(text, "Alice"), true, text);
  for (const text of not) assert.equal(mentions(text, "Alice"), false, text);
  assert.equal(mentions("@", ""), false);
});

test("people come, go and are renamed, in the order of their names", () => {
  const list = { type: "user_list", room: "lobby", payload: { count: 2, users: [{ name: "Zoe", status: "online", conns: 1 }, { name: "bob" }] } };
  const names = (state) => lobby(state).people.map(({ name }) => name);
  const joined = after(welcome, list, { type: "user_joined", room: "lobby", payload: { user: "Alice", count: 3 } });
  assert.deepEqual([names(joined), lobby(joined).count], [["Alice", "bob", "Zoe"], 3]);
  const renamed = reduce(joined, { type: "presence", room: "lobby", payload: { user: "Ann", was: "Zoe", count: 3 } }, NOW);
  assert.deepEqual(names(renamed), ["Alice", "Ann", "bob"]);
  const away = reduce(renamed, { type: "presence", room: "lobby", payload: { user: "bob", status: "away", text: "lunch", count: 3 } }, NOW);
  assert.deepEqual(lobby(away).people[2], { name: "bob", status: "away", text: "lunch", role: "", account: false, hue: 0 });
  const back = reduce(away, { type: "presence", room: "lobby", payload: { user: "bob", status: "online", count: 3 } }, NOW);
  assert.deepEqual([lobby(back).people[2].status, lobby(back).people[2].text], ["", ""], "no words of the last time");
  const left = reduce(away, { type: "user_left", room: "lobby", payload: { user: "bob", count: 2, why: "left" } }, NOW);
  assert.deepEqual([names(left), lobby(left).count], [["Alice", "Ann"], 2]);
  assert.equal(lobby(reduce(left, { type: "presence", room: "lobby", payload: { count: 8123 } }, NOW)).count, 8123);
});

test("typing ends with the message and with time", () => {
  const typing = { type: "typing", room: "lobby", payload: { user: "Bob", on: true, ttl_ms: 6000 } };
  const state = after(welcome, typing);
  assert.deepEqual(Object.keys(lobby(state).typing), ["Bob"]);
  assert.deepEqual(lobby(reduce(state, message(1), NOW)).typing, {});
  assert.deepEqual(lobby(reduce(state, { type: "ui_ticked" }, NOW + 6000)).typing, {});
  assert.deepEqual(lobby(after(welcome, { ...typing, payload: { user: "Alice", on: true } })).typing, {}, "not one's own");
});

test("a message expires by the server's clock", () => {
  const hour = 3_600_000;
  const clockOffset = { ...welcome, ts: NOW + hour };
  const state = after(clockOffset, message(1, "soon gone", { expires: NOW + hour + 5000 }));
  assert.deepEqual(texts(reduce(state, { type: "ui_ticked" }, NOW + 4999)), ["soon gone"]);
  assert.deepEqual(texts(reduce(state, { type: "ui_ticked" }, NOW + 5000)), []);
});

test("a reset removes the history and keeps people and pending messages", () => {
  const entry = { id: "a", type: "send_message", room: "lobby", payload: { content: "x" }, at: NOW };
  const state = after(welcome, message(1), { type: "user_list", room: "lobby", payload: { users: [{ name: "Bob" }] } }, { type: "queued", room: "lobby", payload: { entry } }, { type: "reset", room: "lobby", payload: { why: "epoch" } });
  const { messages, people, pending, topic } = lobby(state);
  assert.deepEqual([messages, people.length, pending.length, topic], [[], 1, 1, "Tea"]);
});

test("special property names are valid room names", () => {
  const rooms = JSON.parse('{"__proto__":{"seq":0,"users":1,"topic":""},"constructor":{"seq":0,"users":1,"topic":""}}');
  const state = after({ ...welcome, payload: { ...welcome.payload, current: "__proto__", rooms } }, message(1, "x", { room: "constructor" }), { type: "typing", room: "__proto__", payload: { user: "__proto__", on: true } });
  assert.deepEqual([...state.rooms.keys()], ["__proto__", "constructor"]);
  assert.deepEqual(texts(state, "constructor"), ["x"]);
  assert.equal({}.polluted, undefined);
});

test("the oldest messages are dropped and can be loaded again", () => {
  const messages = Array.from({ length: MESSAGES_MAX }, (_, i) => ({ mid: i + 1, sender: "Bob", content: "x" }));
  const full = after(welcome, { type: "history", room: "lobby", payload: { messages, first: 1, last: MESSAGES_MAX, more: false } });
  assert.equal(lobby(full).more, false);
  const state = reduce(full, message(MESSAGES_MAX + 1), NOW);
  assert.deepEqual([lobby(state).messages.length, lobby(state).messages[0].mid, lobby(state).more, lobby(state).oldest], [MESSAGES_MAX, 2, true, 2]);
});

test("other rooms keep fewer messages, and a reader of old messages keeps them", () => {
  const many = (room, number) => Array.from({ length: number }, (_, i) => message(i + 1, "x", { room }));
  const aside = after(welcome, ...many("dev", INACTIVE_MESSAGES_MAX + 5));
  assert.deepEqual([aside.rooms.get("dev").messages.length, aside.rooms.get("dev").more], [INACTIVE_MESSAGES_MAX, true]);
  const open = after(welcome, ...many("lobby", INACTIVE_MESSAGES_MAX + 5));
  assert.equal(lobby(open).messages.length, INACTIVE_MESSAGES_MAX + 5);
  assert.equal(lobby(reduce(open, { type: "ui_opened", room: "dev" }, NOW)).messages.length, INACTIVE_MESSAGES_MAX);
  const full = after(welcome, ...many("lobby", MESSAGES_MAX), { type: "ui_attention", payload: { attentive: false } });
  const state = reduce(full, message(MESSAGES_MAX + 1), NOW);
  assert.deepEqual([lobby(state).messages.length, lobby(state).messages[0].mid, lobby(state).gaps.length], [MESSAGES_MAX, 1, 1]);
});

test("ten thousand events take well under a second", () => {
  // Processor time is independent of other work on the machine.
  const start = process.cpuUsage();
  let state = after(welcome);
  for (let seq = 1; seq <= 10_000; seq += 1) state = reduce(state, message(seq), NOW);
  const { user, system } = process.cpuUsage(start);
  const ms = (user + system) / 1000;
  assert.ok(ms < 1_000, `${ms} ms`);
});

test("a welcome full of nonsense is survived", () => {
  for (const rooms of [null, 7, [], { lobby: null, dev: 7, x: { read: "y", unread: {}, role: 7, topic: [] } }]) {
    for (const ts of [undefined, "x", null, 1e300, -1e300]) {
      const state = after({ ...welcome, ts, payload: { you: 7, rooms, direct: rooms, limits: 3, current: [] } }, message(1, "x", { room: "lobby" }));
      assert.ok(Number.isFinite(state.clockOffset));
      assert.deepEqual(texts(state), ["x"]);
    }
  }
  const odd = after(welcome, { ...message(1), ts: 1e300 }, message(2, "x", { expires: -1e300 }));
  for (const { ts, expires = 0 } of lobby(odd).messages) assert.ok(!Number.isNaN(new Date(ts + expires).getTime()));
});

test("nonsense leaves a usable state", () => {
  const junk = [undefined, null, 7, "x", [], {}, [null], { rooms: 7 }, { users: [null, 7, {}], messages: [null, 7, "x", {}], lost: [null, {}] }, { user: {}, emoji: 7, mid: "x", entry: {} }];
  const types = ["message", "message_edited", "message_deleted", "reaction", "topic", "joined", "left", "history", "user_joined", "user_left", "presence", "user_list", "room_list", "typing", "lost", "reset", "moderated", "read", "search_results", "notice", "error", "settled", "discarded"];
  for (const type of types) {
    for (const payload of junk) {
      if (payload !== undefined && (typeof payload !== "object" || payload === null || Array.isArray(payload))) continue;
      const state = after(welcome, message(1), { type, room: "lobby", seq: 2, payload }, message(9, "goes on"));
      if (type !== "left") assert.ok(texts(state).includes("goes on"), `${type} ${JSON.stringify(payload)}`);
    }
  }
});
