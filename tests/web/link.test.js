import assert from "node:assert/strict";
import { test } from "node:test";

import { hashOf, targetOf } from "../../web/text/link.js";
import { initialState } from "../../web/state/state.js";
import { reduce } from "../../web/state/reducer.js";

test("an address names a room, a message and a record", () => {
  const cases = [
    ["#dev", { room: "dev" }],
    ["#kit%20chen/12", { room: "kit chen", mid: 12 }],
    ["#%40Bob/7/k3", { room: "@Bob", mid: 7, epoch: "k3" }],
    ["#@Bob/7", { room: "@Bob", mid: 7 }],
    ["#dev/12/", { room: "dev", mid: 12 }],
    ["#dev/0", { room: "dev" }],
    ["#dev/99999999999999999999", { room: "dev" }],
    ["#dev/-1", { room: "dev/-1" }],
    ["#dev/1/2/3", { room: "dev/1/2/3" }],
    ["#%", { room: "" }],
    ["#", { room: "" }],
    ["", { room: "" }],
  ];
  for (const [hash, target] of cases) assert.deepEqual(targetOf(hash), target, hash);
  for (const target of [{ room: "a b/#?%" }, { room: "ليلى", mid: 3 }, { room: "@Bob", mid: 3, epoch: "a b" }]) {
    assert.deepEqual(targetOf(hashOf(target)), target.room.includes("/") ? { room: "a b/#?%" } : target);
  }
});

test("unread counts messages of others that exist", () => {
  const now = 1_732_104_000_000;
  const event = (type, seq, payload) => ({ type, room: "dev", seq, ts: now, payload });
  const message = (seq, sender, rest = {}) => event("message", seq, { mid: seq, sender, content: "x", ...rest });
  const rooms = { hall: { seq: 0, users: 2, topic: "" }, dev: { seq: 0, users: 2, topic: "" } };
  const events = [
    { type: "welcome", ts: now, payload: { you: "Zoe", current: "hall", rooms } },
    message(1, "Bob"), message(2, "Zoe"), message(3, "Bob", { content: "@Zoe" }), message(4, "Bob", { expires: now + 1000 }),
    event("message_edited", 5, { mid: 3, sender: "Bob", content: "@Zoe!" }),
    event("reaction", 6, { mid: 1, emoji: "👍", user: "Bob", on: true, count: 1 }),
  ];
  const dev = (state) => {
    const { unread, mentions } = state.rooms.get("dev");
    return [unread, mentions];
  };
  const then = (state, next, at = now) => reduce(state, next, at);
  let state = events.reduce((it, next) => then(it, next), initialState());
  assert.deepEqual(dev(state), [3, 1], "edits and reactions count nothing");
  state = then(state, event("message_deleted", 7, { mid: 3, by: "Bob", why: "author" }));
  assert.deepEqual(dev(state), [2, 0]);
  state = then(state, { type: "ui_ticked" }, now + 2000);
  assert.deepEqual(dev(state), [1, 0]);
  state = then(state, event("message_deleted", 8, { mid: 2, by: "Zoe", why: "author" }));
  state = then(state, event("message_deleted", 9, { mid: 1, by: "Bob", why: "author" }));
  assert.deepEqual([...dev(state), state.rooms.get("dev").firstUnread], [0, 0, 0]);
});

test("what is marked as unread stays so until the room is opened again", () => {
  const now = 1_732_104_000_000;
  const message = (seq, sender) => ({ type: "message", room: "dev", seq, ts: now, payload: { mid: seq, sender, content: "x" } });
  const events = [
    { type: "welcome", ts: now, payload: { you: "Zoe", account: true, current: "dev", rooms: { dev: { seq: 0, users: 2, topic: "", read: 3 }, hall: { seq: 0, users: 2, topic: "" } } } },
    message(1, "Bob"), message(2, "Zoe"), message(3, "Bob"), message(4, "Bob"),
    { type: "ui_marked_unread", payload: { mid: 2 } },
    { type: "ui_attention", payload: { attentive: true } },
    message(5, "Bob"),
  ];
  const marked = events.reduce((state, event) => reduce(state, event, now), initialState());
  const { unread, firstUnread, read, isHeld } = marked.rooms.get("dev");
  assert.deepEqual({ unread, firstUnread, read, isHeld }, { unread: 3, firstUnread: 2, read: 1, isHeld: true });
  const back = ["hall", "dev"].reduce((state, room) => reduce(state, { type: "ui_opened", room }, now), marked);
  assert.equal(back.rooms.get("dev").unread, 0);
  assert.equal(back.rooms.get("dev").isHeld, false);
});
