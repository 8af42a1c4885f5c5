import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeStorage, message, world } from "./fake-socket.js";

/** A welcome with a private conversation. */
const welcome = {
  rooms: { lobby: { seq: 3, users: 1, topic: "" } },
  direct: { "@Bob": { with: "Bob", seq: 7, read: 5, unread: 2 } },
};

async function live(options, payload = welcome) {
  const it = world(options);
  it.chat.connect();
  await it.socket.open(payload);
  it.socket.take();
  it.told.length = 0;
  return it;
}

/** Returns the parameters of the next connection. */
async function comesBack(it) {
  await it.socket.end(1006);
  await it.clock.pass(1_000);
  return it.socket.url.searchParams;
}

const seqs = (events) => events.map(({ room, seq }) => `${room} ${seq}`);

test("a conversation is known by the welcome, and resumed without being joined", async () => {
  const it = await live();
  assert.deepEqual([...it.chat.direct], ["@Bob"]);
  await it.socket.say(message(8, "psst", "Bob", "@Bob"));
  const query = await comesBack(it);
  assert.deepEqual([query.getAll("room"), query.getAll("after")], [["lobby"], ["lobby:3", "@Bob:8"]]);
  await it.socket.open({ ...welcome, direct: { "@Bob": { with: "Bob", seq: 9, read: 5, unread: 4 } } });
  assert.equal(it.chat.phase, "catching_up", "until what was missed in the conversation is here, too");
  it.told.length = 0;
  await it.socket.say(
    { type: "resumed", payload: { rooms: { lobby: { from: 4, to: 3, complete: true }, "@Bob": { from: 9, to: 9, complete: true } } } },
    { type: "live", room: "lobby", payload: { seq: 3 } },
    message(9, "psst", "Bob", "@Bob"),
    { type: "live", room: "@Bob", payload: { seq: 9 } },
  );
  assert.deepEqual(seqs(it.take("message")), ["@Bob 9"]);
  assert.equal(it.chat.phase, "live");
});

test("a new conversation is known from its first message until the epoch changes", async () => {
  const it = await live();
  await it.socket.say(message(1, "hello", "Eve", "@Eve"));
  assert.deepEqual([...it.chat.direct], ["@Bob", "@Eve"]);
  await comesBack(it);
  await it.socket.open({ ...welcome, epoch: "e2" });
  assert.deepEqual([...it.chat.direct], ["@Bob"]);
});

test("the first message names the person, all others the room", async () => {
  const it = await live({}, { rooms: welcome.rooms });
  const said = it.chat.sendTo("Bob", "psst");
  const [first] = it.socket.take();
  assert.deepEqual([first.type, first.room, first.payload], ["direct_message", undefined, { to: "Bob", content: "psst" }]);
  await it.socket.say({ type: "ack", re: first.id, room: "@Bob-2", seq: 1, ts: 5, payload: { mid: 1 } });
  assert.equal((await said.done).room, "@Bob-2");
  assert.deepEqual(it.take("message").map(({ room, payload }) => [room, payload.sender, payload.content]), [["@Bob-2", "Alice", "psst"]]);
  it.chat.send("@Bob-2", "more");
  const [second] = it.socket.take();
  assert.deepEqual([second.type, second.room], ["send_message", "@Bob-2"]);
});

test("an account reconnects with its token, not with a session key", async () => {
  const storage = new FakeStorage();
  const it = await live({ storage });
  assert.equal(JSON.parse(storage.getItem("chinwag")).session, "s1");
  await comesBack(it);
  await it.socket.open({ ...welcome, session: undefined, account: true });
  assert.equal(it.chat.account, true);
  assert.equal(JSON.parse(storage.getItem("chinwag")).session, "");
  assert.equal((await comesBack(it)).has("session"), false);
});

test("a page of history is emitted with its request", async () => {
  const it = await live();
  const asked = it.chat.history("lobby", { around: 2, limit: 10 });
  const [{ id }] = it.socket.take();
  const payload = { messages: [], first: 0, last: 0, top: 3, more: false, lost: [] };
  await it.socket.say({ type: "history", re: id, room: "lobby", payload }, { type: "history", room: "lobby", payload });
  assert.deepEqual((await asked).payload, payload);
  assert.deepEqual(it.take("history").map((event) => event.asked), [{ around: 2, limit: 10 }, undefined]);
});

test("a search covers all rooms, or one", async () => {
  const it = await live();
  it.chat.search("tea").catch(() => {});
  it.chat.search("tea", { room: "lobby", before: 9, limit: 5 }).catch(() => {});
  const sent = it.socket.take().map(({ type, room, payload }) => ({ type, room, payload }));
  assert.deepEqual(sent, [
    { type: "search", room: undefined, payload: { query: "tea" } },
    { type: "search", room: "lobby", payload: { query: "tea", before: 9, limit: 5 } },
  ]);
});

test("a room is not rejoined after removal from it", async () => {
  const it = await live({}, { ...welcome, rooms: { lobby: { seq: 3 }, dev: { seq: 1 } } });
  await it.socket.say({ type: "left", room: "dev", payload: { why: "kicked", by: "Eve", reason: "" } });
  assert.deepEqual(it.chat.rooms, ["lobby"]);
  assert.deepEqual((await comesBack(it)).getAll("room"), ["lobby"]);
});
