import assert from "node:assert/strict";
import { test } from "node:test";

import { unsentReadMarker } from "../../web/app/read-marker.js";
import { inOrder, ordersWith } from "../../web/state/memberships.js";
import { isNotified, unreadIn } from "../../web/state/unread.js";
import { reduce } from "../../web/state/reducer.js";
import { initialState } from "../../web/state/state.js";
import { timeline } from "../../web/state/timeline.js";

const NOW = 1_700_000_000_000;

function after(...events) {
  return events.reduce((state, event) => reduce(state, event, NOW), initialState());
}

/** The welcome of an account with a private room and a conversation. */
const welcome = {
  type: "welcome",
  ts: NOW,
  payload: {
    you: "Alice",
    account: true,
    role: "admin",
    current: "lobby",
    rooms: {
      lobby: { seq: 9, users: 2, topic: "Tea", read: 9, unread: 0 },
      dev: { seq: 60, users: 3, topic: "", private: true, role: "owner", read: 40, unread: 12 },
    },
    direct: { "@Bob-2": { with: "Bob", seq: 7, read: 5, unread: 2 } },
  },
};

function message(room, seq, sender = "Bob", content = `text ${seq}`) {
  return { type: "message", room, seq, ts: NOW + seq, payload: { mid: seq, sender, content } };
}

function history(room, mids, content = () => "hi") {
  const messages = mids.map((mid) => ({ mid, ts: NOW, sender: "Bob", content: content(mid) }));
  return { type: "history", room, payload: { messages, first: mids[0], last: mids.at(-1), top: mids.at(-1), more: true, lost: [] } };
}

const dev = (state) => state.rooms.get("dev");

test("welcome brings an account's rooms, conversations and unread counts", () => {
  const state = after(welcome);
  assert.deepEqual([state.account, state.role, [...state.rooms.keys()]], [true, "admin", ["lobby", "dev", "@Bob-2"]]);
  const { isPrivate, role, read, unread, firstUnread } = dev(state);
  assert.deepEqual({ isPrivate, role, read, unread, firstUnread }, { isPrivate: true, role: "owner", read: 40, unread: 12, firstUnread: 41 });
  const talk = state.rooms.get("@Bob-2");
  assert.deepEqual([talk.partner, talk.unread, talk.mentions, unreadIn(state)], ["Bob", 2, 2, 14]);
});

test("mentions and unread counts are exact once the missed messages are loaded", () => {
  const call = (mid) => (mid === 40 || mid === 50 ? "hey @Alice" : "hi");
  const state = after(welcome, history("dev", [39, 40, 41, 50, 60], call));
  assert.deepEqual([dev(state).unread, dev(state).mentions], [3, 1], "the server counts edits and actions, too");
  const part = after(welcome, history("dev", [50, 60], call));
  assert.deepEqual([dev(part).unread, dev(part).mentions], [12, 1], "what is not loaded is the server's to count");
  const own = { type: "history", room: "dev", payload: { messages: [{ mid: 41, ts: NOW, sender: "Alice", content: "mine" }], first: 41, last: 41, top: 60, more: true, lost: [] } };
  assert.deepEqual([dev(after(welcome, own)).unread, dev(after(welcome, own)).firstUnread], [0, 0]);
});

test("after a reconnect nothing is counted twice", () => {
  const before = after(welcome, history("dev", [40, 60]), message("dev", 61));
  assert.equal(dev(before).unread, 2);
  const again = { ...welcome, payload: { ...welcome.payload, rooms: { ...welcome.payload.rooms, dev: { seq: 63, read: 60, unread: 3 } } } };
  const state = [again, message("dev", 62), message("dev", 63)].reduce((it, event) => reduce(it, event, NOW), before);
  assert.deepEqual([dev(state).unread, dev(state).firstUnread, dev(state).read], [3, 61, 60]);
});

test("messages read on another page are read here", () => {
  const state = after(welcome, history("dev", [39, 41, 50, 60]), { type: "read", room: "dev", payload: { seq: 50 } });
  assert.deepEqual([dev(state).unread, dev(state).firstUnread], [1, 51]);
  const all = reduce(state, { type: "read", room: "dev", payload: { seq: 60 } }, NOW);
  assert.deepEqual([dev(all).unread, dev(all).firstUnread], [0, 0]);
  assert.equal(reduce(all, { type: "read", room: "dev", payload: { seq: 3 } }, NOW), all, "nobody unreads");
});

test("only what an attentive account has seen moves the read marker", () => {
  const live = { type: "phase", payload: { phase: "live" } };
  const read = { type: "read", room: "lobby", payload: { seq: 12 } };
  assert.equal(unsentReadMarker(after(welcome, live)), null);
  assert.deepEqual(unsentReadMarker(after(welcome, live, message("lobby", 12))), { room: "lobby", seq: 12 });
  assert.equal(unsentReadMarker(after(welcome, live, message("lobby", 12), read)), null);
  assert.equal(unsentReadMarker(after(welcome, message("lobby", 12))), null, "without a connection nobody hears of it");
  assert.equal(unsentReadMarker(after(welcome, live, { type: "ui_attention", payload: { attentive: false } }, message("lobby", 12))), null);
  const guest = { ...welcome, payload: { ...welcome.payload, account: undefined } };
  assert.equal(unsentReadMarker(after(guest, live, message("lobby", 12))), null);
});

test("a new conversation shows the partner's name and counts as a mention", () => {
  const state = after(welcome, message("@Eve", 1, "Eve", "psst"));
  const { partner, unread, mentions } = state.rooms.get("@Eve");
  assert.deepEqual({ partner, unread, mentions }, { partner: "Eve", unread: 1, mentions: 1 });
  const rows = timeline(state.rooms.get("@Eve"), 0, 1, state);
  assert.equal(rows.some(({ isMentioned }) => isMentioned), false, "where all is meant for the reader, nothing stands out");
});

test("the unread marker precedes the first unread message, even if the marked one is deleted", () => {
  const state = after(welcome, history("dev", [39, 40, 44, 45]), { type: "ui_opened", room: "dev" });
  const kinds = (room, from = 0) => timeline(room, from, room.messages.length, state).map(({ kind, mid }) => (kind === "message" ? mid : kind));
  assert.deepEqual(kinds(dev(state)), ["date", 39, 40, "unread", 44, 45]);
  assert.deepEqual(kinds(dev(state), 3), [45], "not where the window begins behind it");
  const late = after(welcome, history("dev", [50, 60]), { type: "ui_opened", room: "dev" });
  assert.deepEqual(kinds(dev(late)), ["date", 50, 60], "nor where what is before is not known");
});

test("the unread marker moves after the reader has been in the room", () => {
  const away = { type: "ui_attention", payload: { attentive: false } };
  const back = { type: "ui_attention", payload: { attentive: true } };
  const state = after(welcome, away, message("lobby", 10), back, away, message("lobby", 11), message("lobby", 12));
  const { unread, firstUnread } = state.rooms.get("lobby");
  assert.deepEqual([unread, firstUnread], [2, 11]);
});

test("moderation is shown in its place and takes effect", () => {
  const moderation = (action, rest) => ({ type: "moderated", room: "dev", seq: 61, ts: NOW, payload: { action, by: "Eve", ...rest } });
  const people = { type: "user_list", room: "dev", payload: { count: 2, users: [{ name: "Alice", role: "owner" }, { name: "Bob" }] } };
  const state = after(welcome, people, message("dev", 60), moderation("mute", { user: "Bob", seconds: 600, reason: "flood" }));
  assert.deepEqual(dev(state).notices, [{ id: 1, text: "", after: 61, moderation: { action: "mute", by: "Eve", user: "Bob", seconds: 600, reason: "flood" } }]);
  assert.equal(dev(reduce(state, moderation("make_public"), NOW)).isPrivate, false);
  const promoted = reduce(state, moderation("promote", { user: "Bob" }), NOW);
  assert.deepEqual(dev(promoted).people.map(({ role }) => role), ["owner", "moderator"]);
  const demoted = reduce(promoted, moderation("demote", { user: "Alice" }), NOW);
  assert.deepEqual([dev(demoted).role, dev(demoted).people[0].role], ["", ""]);
});

test("an invitation to a public room is shown in the open room and leads there", () => {
  const state = after(welcome, { type: "notice", room: "attic", payload: { code: "invited", message: "Eve invites you to attic" } });
  assert.deepEqual(state.rooms.get("lobby").notices, [{ id: 1, text: "Eve invites you to attic", after: 0, invites: "attic" }]);
  assert.equal(state.rooms.has("attic"), false);
});

test("an invitation waits until it is answered, on whatever connection", () => {
  const invitation = (room, payload) => ({ type: "invitation", room, payload });
  const known = { ...welcome, payload: { ...welcome.payload, invitations: [{ room: "attic", by: "Eve", ts: NOW }] } };
  const state = after(known, invitation("den", { by: "Bob", ts: NOW }));
  assert.deepEqual(state.invitations, [{ room: "attic", by: "Eve" }, { room: "den", by: "Bob" }]);
  assert.equal(state.rooms.has("attic"), false);
  const declined = reduce(state, invitation("attic", { answer: "declined" }), NOW);
  assert.deepEqual(declined.invitations, [{ room: "den", by: "Bob" }]);
  assert.deepEqual(reduce(declined, { type: "joined", room: "den", re: "1", payload: { seq: 0, users: [], count: 0 } }, NOW).invitations, []);
});

test("a room that is put before another gets a place between its neighbours, and they make room only where there is none", () => {
  const rooms = [["a", 10], ["b", 20], ["c", 21], ["d", 22], ["@Bob", 0], ["e", 40]].map(([name, order]) => ({ name, order }));
  const changes = (name, before) => ordersWith(rooms, name, before).map(({ room, order }) => `${room}=${order}`).join(" ");
  assert.equal(changes("e", "b"), "e=15");
  assert.equal(changes("e", "a"), "e=5");
  assert.equal(changes("a", "e"), "a=31");
  assert.equal(changes("a"), `a=${40 + 1_048_576}`, "at the end");
  assert.equal(changes("a", "c"), "a=21 c=22 d=23");
  assert.equal(changes("a", "gone"), changes("a"));
  assert.deepEqual(ordersWith([{ name: "x", order: 1 }, { name: "y", order: 2 }], "y", "x"), [{ room: "y", order: 1 }, { room: "x", order: 2 }]);
});

test("memberships have a level and a place, and come with their past when it is asked for", () => {
  const memberships = [{ room: "dev", notify: "none", order: 5 }, { room: "lobby", notify: "mentions", order: 9 }];
  const known = { ...welcome, payload: { ...welcome.payload, current: "lobby", memberships } };
  const state = after(known);
  const { notify, order, isUnloaded } = dev(state);
  assert.deepEqual({ notify, order, isUnloaded }, { notify: "none", order: 5, isUnloaded: true });
  assert.equal(state.rooms.get("lobby").isUnloaded, false);
  assert.equal(unreadIn(state), 2, "of the conversation; a silent room is not counted");
  const loud = reduce(state, { type: "membership", room: "dev", payload: { notify: "all", order: 12 } }, NOW);
  assert.deepEqual(inOrder([...loud.rooms.values()]).map(({ name }) => name), ["lobby", "dev", "@Bob-2"]);
  assert.equal(isNotified(dev(loud), "anything", "Alice"), true);
  assert.equal(isNotified(dev(state), "@Alice", "Alice"), false);
});

test("members who are not here are listed, until they come", () => {
  const list = { type: "member_list", re: "1", room: "dev", payload: { members: [{ name: "Carol", role: "owner" }, { name: "Dan" }] } };
  const people = { type: "user_list", room: "dev", payload: { count: 1, users: [{ name: "Eve", account: true }] } };
  const absent = (state) => dev(state).absent.map(({ name, role, status }) => [name, role, status].join(" ").trim());
  let state = after(welcome, people, list);
  assert.deepEqual(absent(state), ["Carol owner absent", "Dan  absent"]);
  state = reduce(state, { type: "user_joined", room: "dev", payload: { user: "Dan", count: 2, account: true } }, NOW);
  state = reduce(state, { type: "user_left", room: "dev", payload: { user: "Eve", count: 1, why: "closed" } }, NOW);
  assert.deepEqual(absent(state), ["Carol owner absent", "Eve  absent"]);
  state = reduce(state, { type: "user_left", room: "dev", payload: { user: "Dan", count: 0, why: "left" } }, NOW);
  assert.deepEqual(absent(state), ["Carol owner absent", "Eve  absent"]);
});

test("the server's number of unread messages counts, and a mark that moves back holds", () => {
  const read = (payload) => ({ type: "read", room: "dev", payload });
  const state = after(welcome, { type: "ui_opened", room: "dev" }, message("dev", 60), message("dev", 61), read({ seq: 59, unread: 2 }));
  const forward = reduce(state, read({ seq: 61, unread: 0 }), NOW);
  assert.deepEqual([dev(forward).unread, dev(forward).read, dev(forward).isHeld], [0, 61, false]);
  const back = reduce(forward, read({ seq: 60, unread: 1 }), NOW);
  assert.deepEqual([dev(back).unread, dev(back).firstUnread, dev(back).isHeld], [1, 61, true]);
});

test("a removed reader loses the room", () => {
  const state = after(welcome, { type: "ui_opened", room: "dev" }, { type: "left", room: "dev", payload: { why: "kicked", by: "Eve", reason: "" } });
  assert.deepEqual([state.rooms.has("dev"), state.active], [false, "lobby"]);
});

test("only the results of the last search are shown", () => {
  const hits = (query, ...mids) => ({ type: "search_results", re: "q", asked: { query }, payload: { messages: mids.map((mid) => ({ room: "dev", mid, seq: mid, ts: NOW, sender: "Bob", content: "tea" })), more: true } });
  const asked = after(welcome, { type: "ui_searched", payload: { query: "tea" } });
  assert.equal(asked.search.isBusy, true);
  assert.equal(reduce(asked, hits("coffee", 1), NOW), asked);
  const state = reduce(asked, hits("tea", 4, 2), NOW);
  assert.deepEqual([state.search.isBusy, state.search.more, state.search.found.map(({ room, mid }) => `${room} ${mid}`)], [false, true, ["dev 4", "dev 2"]]);
  const gone = reduce(state, { type: "message_deleted", room: "dev", seq: 61, payload: { mid: 4 } }, NOW);
  assert.deepEqual(gone.search.found.map(({ mid }) => mid), [2]);
  const failed = reduce(asked, { type: "ui_search_failed", payload: { message: "no" } }, NOW);
  assert.deepEqual([failed.search.isBusy, failed.search.failure], [false, "no"]);
  assert.equal(reduce(state, { type: "ui_search_closed" }, NOW).search, null);
});
