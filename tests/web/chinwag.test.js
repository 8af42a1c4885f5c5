import assert from "node:assert/strict";
import { test } from "node:test";

import { Refusal, remembered } from "../../web/chinwag.js";
import { settle } from "./fake-clock.js";
import { FakeStorage, message, world } from "./fake-socket.js";

async function live(options, welcome) {
  const it = world(options);
  it.chat.connect();
  await it.socket.open(welcome);
  it.socket.take();
  it.told.length = 0;
  return it;
}

const seqs = (events) => events.map(({ seq }) => seq);

test("the first connection requests name, rooms, history and echo", async () => {
  const it = world({ rooms: ["dev", "lobby"], history: 20 });
  it.chat.connect();
  const query = it.socket.url.searchParams;
  assert.equal(it.socket.protocol, "chat.v1");
  assert.deepEqual(
    [...query].map(([name, value]) => `${name}=${value}`),
    ["echo=1", "history=20", "name=Alice", "room=dev", "room=lobby"],
  );
});

test("phases follow one another from idle to live", async () => {
  const it = world();
  assert.equal(it.chat.phase, "idle");
  it.chat.connect();
  await it.socket.open();
  assert.deepEqual(it.take("phase").map(({ payload }) => payload.phase), ["connecting", "catching_up", "live"]);
});

test("a duplicate message is emitted once", async () => {
  const it = await live();
  await it.socket.say(message(1), message(1), message(2), message(1));
  assert.deepEqual(seqs(it.take("message")), [1, 2]);
});

test("messages out of order are emitted in order", async () => {
  const it = await live();
  await it.socket.say(message(2), message(3), message(1), message(4));
  assert.deepEqual(seqs(it.take("message")), [1, 2, 3, 4]);
  await it.clock.pass(1_000);
  assert.deepEqual(it.socket.take(), [], "nothing was missing");
});

test("each room has its own numbers", async () => {
  const it = await live({}, { rooms: { lobby: { seq: 0 }, dev: { seq: 5 } } });
  await it.socket.say(message(6, "a", "Bob", "dev"), message(1), message(5, "old", "Bob", "dev"));
  assert.deepEqual(it.take("message").map(({ room, seq }) => [room, seq]), [["dev", 6], ["lobby", 1]]);
});

test("a gap is filled with the events themselves", async () => {
  const it = await live();
  await it.socket.say(message(1), message(4));
  await it.clock.pass(300);
  const [ask] = it.socket.take();
  assert.deepEqual([ask.type, ask.payload.rooms, ask.payload.epoch], ["resume", { lobby: 1 }, "e1"]);
  await it.socket.say(
    { type: "resumed", re: ask.id, payload: { rooms: { lobby: { from: 2, to: 4, complete: true } } } },
    message(2),
    { type: "message_edited", room: "lobby", seq: 3, payload: { mid: 1, content: "new" } },
    message(4),
    { type: "live", room: "lobby", payload: { seq: 4 } },
  );
  assert.deepEqual(seqs(it.take("message", "message_edited")), [1, 2, 3, 4]);
});

test("a gap too long for events is filled with pages of history", async () => {
  const it = await live();
  await it.socket.say(message(1), { type: "gap", room: "lobby", payload: { from: 2, to: 3, why: "slow" } }, message(4));
  await it.clock.pass(300);
  const [resume] = it.socket.take();
  await it.socket.say(
    { type: "resumed", re: resume.id, payload: { rooms: { lobby: { from: 2, to: 1, complete: false, lost: { from: 2, to: 3, why: "page" } } } } },
    { type: "live", room: "lobby", payload: { seq: 4 } },
  );
  const [page] = it.socket.take();
  assert.deepEqual([page.type, page.payload.after], ["history", 1]);
  await it.socket.say({ type: "history", re: page.id, room: "lobby", payload: { messages: [{ mid: 2 }, { mid: 3 }], first: 2, last: 3, top: 4, more: true, lost: [] } });
  assert.deepEqual(it.take("message", "history").map(({ type, seq }) => [type, seq]), [["message", 1], ["history", undefined], ["message", 4]]);
});

test("a gap that the server cannot fill is requested once and reported as lost", async () => {
  const it = await live();
  await it.socket.say(message(1), message(4));
  await it.clock.pass(300);
  const [resume] = it.socket.take();
  await it.socket.say({ type: "error", re: resume.id, payload: { code: "unknown_type", retryable: false } });
  const [page] = it.socket.take();
  await it.socket.say({ type: "history", re: page.id, room: "lobby", payload: { messages: [], more: true, last: 0, top: 0 } });
  assert.deepEqual(it.take("lost", "message").map(({ type, payload, seq }) => [type, payload.from ?? seq, payload.to]), [
    ["message", 1, undefined],
    ["lost", 2, 4],
  ]);
  await it.socket.say(message(5));
  assert.deepEqual(seqs(it.take("message")), [5]);
  await it.clock.pass(5_000);
  assert.deepEqual(it.socket.take(), []);
});

test("a gap that cannot be filled now does not delay messages", async () => {
  const it = await live();
  await it.socket.say(message(1));
  await it.socket.end();
  await it.clock.pass(500);
  await it.socket.open({ rooms: { lobby: { seq: 3 } } });
  it.chat.send("lobby", "Hello");
  await it.clock.pass(2_300);
  const [resume] = it.socket.take();
  assert.equal(resume.type, "resume");
  await it.socket.say({ type: "error", re: resume.id, payload: { code: "overloaded", retryable: true } });
  assert.equal(it.chat.phase, "live");
  assert.equal(it.socket.take()[0].payload.content, "Hello");
  await it.clock.pass(2_000);
  assert.equal(it.socket.take()[0].type, "resume", "and it is tried again");
});

test("a pong with a higher number reveals a gap", async () => {
  const it = await live();
  await it.socket.say(message(1), { type: "pong", payload: { rooms: { lobby: 3 } } });
  await it.clock.pass(300);
  assert.equal(it.socket.take()[0]?.type, "resume");
});

test("a reconnect sends session, epoch and the last seq of each room", async () => {
  const it = await live();
  await it.socket.say(message(1), message(2));
  await it.socket.end();
  assert.equal(it.chat.phase, "offline");
  await it.clock.pass(500);
  const query = it.socket.url.searchParams;
  assert.deepEqual(
    [query.get("session"), query.get("epoch"), query.getAll("room"), query.getAll("after")],
    ["s1", "e1", ["lobby"], ["lobby:2"]],
  );
  await it.socket.open({ rooms: { lobby: { seq: 4 } } });
  assert.equal(it.chat.phase, "catching_up");
  await it.socket.say(
    { type: "resumed", payload: { rooms: { lobby: { from: 3, to: 4, complete: true } } } },
    message(3),
    message(4),
    { type: "live", room: "lobby", payload: { seq: 4 } },
  );
  assert.equal(it.chat.phase, "live");
  assert.deepEqual(seqs(it.take("message")), [1, 2, 3, 4]);
});

test("a range that is no longer available is reported and skipped", async () => {
  const it = await live();
  await it.socket.say(message(1));
  await it.socket.end();
  await it.clock.pass(500);
  await it.socket.open({ rooms: { lobby: { seq: 9 } } });
  await it.socket.say(
    { type: "resumed", payload: { rooms: { lobby: { from: 2, to: 9, complete: false, lost: { from: 2, to: 8, why: "retention" } } } } },
    message(9),
    { type: "live", room: "lobby", payload: { seq: 9 } },
  );
  assert.deepEqual(it.take("lost", "message").map(({ type, seq }) => [type, seq]), [["message", 1], ["lost", undefined], ["message", 9]]);
  assert.equal(it.chat.phase, "live");
});

test("a new epoch resets all rooms", async () => {
  const it = await live();
  await it.socket.say(message(1), message(2), message(3));
  await it.socket.end();
  await it.clock.pass(500);
  it.told.length = 0;
  await it.socket.open({ epoch: "e2", rooms: { lobby: { seq: 1 } } });
  await it.socket.say({ type: "error", payload: { code: "epoch_mismatch", message: "begin anew" } });
  assert.deepEqual(it.take("reset").map(({ room, payload }) => [room, payload.why]), [["lobby", "epoch"]]);
  assert.deepEqual(it.socket.take().map(({ type, room }) => [type, room]), [["history", "lobby"]]);
  await it.socket.say(message(2, "in the new one"));
  assert.deepEqual(seqs(it.take("message")), [2]);
});

test("a submitted message is sent with an id and settled by its answer", async () => {
  const it = await live();
  const { id, done } = it.chat.send("lobby", "Hello", { replyTo: 3, ttl: 60 });
  assert.deepEqual(it.socket.take(), [{ type: "send_message", id, room: "lobby", payload: { content: "Hello", reply_to: 3, ttl: 60 } }]);
  await it.socket.say({ type: "ack", re: id, room: "lobby", seq: 1, ts: 5, payload: { mid: 1, duplicate: false } });
  assert.equal((await done).seq, 1);
  const [queued, shown, settled] = it.take("queued", "message", "settled");
  assert.deepEqual([queued.type, settled.type], ["queued", "settled"]);
  assert.deepEqual(shown, {
    type: "message", room: "lobby", seq: 1, ts: 5, local: id,
    payload: { mid: 1, sender: "Alice", content: "Hello", reply_to: 3, expires: 60_005 },
  });
  await it.socket.say(message(1, "Hello", "Alice"));
  assert.deepEqual(it.take("message"), [], "the echo is the same event");
  assert.equal(it.chat.outbox.entries.length, 0);
});

test("one message per room is in flight, so that a refusal keeps the order", async () => {
  const it = await live({}, { rooms: { lobby: { seq: 0 }, dev: { seq: 0 } } });
  const first = it.chat.send("lobby", "one");
  it.chat.send("lobby", "two");
  it.chat.send("dev", "elsewhere");
  assert.deepEqual(it.socket.take().map(({ payload }) => payload.content), ["one", "elsewhere"]);
  await it.socket.say({ type: "error", re: first.id, room: "lobby", payload: { code: "rate_limited", retryable: true, retry_after_ms: 1200 } });
  await it.clock.pass(1_199);
  assert.deepEqual(it.socket.take(), []);
  await it.clock.pass(1);
  assert.deepEqual(it.socket.take().map(({ id, payload }) => [id, payload.content]), [[first.id, "one"]]);
  await it.socket.say({ type: "ack", re: first.id, room: "lobby", seq: 1, payload: { mid: 1 } });
  assert.deepEqual(it.socket.take().map(({ payload }) => payload.content), ["two"]);
});

test("a final refusal fails the message, which can be retried by hand", async () => {
  const it = await live();
  const { id, done } = it.chat.send("lobby", "too much");
  it.socket.take();
  await it.socket.say({ type: "error", re: id, payload: { code: "too_long", message: "at most 4000 characters", retryable: false } });
  await assert.rejects(done, (error) => error instanceof Refusal && error.code === "too_long");
  assert.deepEqual(it.take("failed").map(({ payload }) => payload.entry.error.code), ["too_long"]);
  it.chat.send("lobby", "next");
  assert.deepEqual(it.socket.take().map(({ payload }) => payload.content), ["next"], "others go on");
  it.chat.retry(id);
  await it.socket.say({ type: "ack", re: it.chat.outbox.entries[0].id, room: "lobby", seq: 1, payload: { mid: 1 } });
  assert.deepEqual(it.socket.take().map((event) => event.id), [id]);
  it.chat.discard(id);
  assert.equal(it.chat.outbox.entries.length, 0);
});

test("messages submitted offline are sent on connecting", async () => {
  const it = world();
  it.chat.connect();
  const { id } = it.chat.send("lobby", "early");
  assert.deepEqual(it.socket.take(), []);
  await it.socket.open();
  assert.deepEqual(it.socket.take().map((event) => event.id), [id]);
});

test("a message whose answer was lost is shown once", async () => {
  const it = await live();
  const { id } = it.chat.send("lobby", "Hello");
  it.socket.take();
  await it.socket.end();
  await it.clock.pass(500);
  await it.socket.open({ rooms: { lobby: { seq: 1 } } });
  assert.deepEqual(it.socket.take(), [], "not before all is caught up");
  await it.socket.say(
    { type: "resumed", payload: { rooms: { lobby: { from: 1, to: 1, complete: true } } } },
    message(1, "Hello", "Alice"),
    { type: "live", room: "lobby", payload: { seq: 1 } },
  );
  assert.deepEqual(it.take("message").map(({ seq, local }) => [seq, local]), [[1, id]]);
  assert.deepEqual(it.socket.take().map((event) => event.id), [id]);
  await it.socket.say({ type: "ack", re: id, room: "lobby", seq: 1, payload: { mid: 1, duplicate: true } });
  assert.deepEqual(it.take("message", "settled").map(({ type }) => type), ["settled"]);
});

test("session, rooms and outbox survive a reload", async () => {
  const storage = new FakeStorage();
  const before = await live({ storage, rooms: [] }, { you: "Alice-2", rooms: { lobby: { seq: 0 }, dev: { seq: 0 } } });
  const first = before.chat.send("lobby", "one");
  const second = before.chat.send("lobby", "two");
  assert.deepEqual(remembered(storage), { session: "s1", name: "Alice-2", rooms: ["lobby", "dev"], account: false });

  const after = world({ storage, name: undefined, rooms: [] });
  after.chat.connect();
  const query = after.socket.url.searchParams;
  assert.deepEqual([query.get("name"), query.get("session"), query.getAll("room"), query.getAll("after")], ["Alice-2", "s1", ["lobby", "dev"], []]);
  await after.socket.open({ you: "Alice-2" });
  assert.deepEqual(after.socket.take().map(({ id }) => id), [first.id]);
  await after.socket.say({ type: "ack", re: first.id, room: "lobby", seq: 1, payload: { mid: 1, duplicate: true } });
  assert.deepEqual(after.socket.take().map(({ id }) => id), [second.id]);
  await after.socket.say({ type: "ack", re: second.id, room: "lobby", seq: 2, payload: { mid: 2 } });
  assert.equal(world({ storage }).chat.outbox.entries.length, 0);
});

test("half of a character is sent as a replacement character", async () => {
  const it = await live();
  it.chat.send("lobby", "cut \ud83d");
  it.chat.ask("search", { query: "\udca9 \ud83d\ude00" }).catch(() => {});
  assert.deepEqual(it.socket.take().map(({ payload }) => payload.content ?? payload.query), ["cut \ufffd", "\ufffd \ud83d\ude00"]);
});

test("a message without an answer checks the connection, and does not block its room", async () => {
  const it = await live();
  const { id, done } = it.chat.send("lobby", "into the void");
  it.socket.take();
  await it.clock.pass(2_999);
  assert.deepEqual(it.socket.take(), []);
  await it.clock.pass(1);
  assert.deepEqual(it.socket.take().map(({ type }) => type), ["ping"]);
  assert.deepEqual(it.take("slow").map(({ payload }) => payload.entry.id), [id]);
  await it.clock.pass(1_000);
  await it.socket.say({ type: "error", payload: { code: "bad_json", message: "names nobody" } });
  it.chat.send("lobby", "next");
  assert.deepEqual(it.socket.take(), [], "one is in flight");
  await it.clock.pass(11_000);
  await assert.rejects(done, { code: "no_answer" });
  assert.deepEqual(it.socket.take().map(({ payload }) => payload.content), ["next"]);
  await it.socket.say({ type: "ack", re: it.chat.outbox.entries[1].id, room: "lobby", seq: 1, payload: { mid: 1 } });
  await it.clock.pass(60_000);
  assert.deepEqual(it.take("slow"), [], "an answered one is not watched");
});

test("a message that a lost session may have sent waits for its user", async () => {
  const it = await live();
  const { id } = it.chat.send("lobby", "Hello");
  it.chat.send("lobby", "never tried");
  await it.socket.end();
  await it.clock.pass(500);
  await it.socket.open({ session: "s2" });
  await it.socket.say({ type: "resumed", payload: { rooms: { lobby: { from: 1, to: 0, complete: true } } } }, { type: "live", room: "lobby", payload: { seq: 0 } });
  assert.deepEqual(it.socket.take().map(({ payload }) => payload.content), ["never tried"]);
  assert.deepEqual(it.take("failed").map(({ payload }) => [payload.entry.id, payload.entry.error.code]), [[id, "unconfirmed"]]);
});

test("in a new epoch what was sent before is sent again", async () => {
  const it = await live();
  const { id } = it.chat.send("lobby", "Hello");
  await it.socket.end();
  await it.clock.pass(500);
  await it.socket.open({ session: "s2", epoch: "e2" });
  const sent = it.socket.take().filter(({ type }) => type === "send_message");
  assert.deepEqual(sent.map((event) => event.id), [id]);
});

test("what an account submitted is sent by that account alone", async () => {
  const storage = new FakeStorage();
  const account = { session: undefined, account: true, you: "Maya" };
  const before = await live({ storage, cookies: true, name: "Maya" }, account);
  const { id } = before.chat.send("lobby", "from Maya");
  await before.socket.end(4105);

  const guest = world({ storage, cookies: true, name: undefined });
  guest.chat.connect();
  await guest.socket.open({ you: "Maya-2" });
  assert.deepEqual([guest.chat.phase, guest.chat.you, guest.socket.take()], ["stopped", "Maya", []]);
  assert.equal(guest.take("phase").at(-1).payload.code, 401, "nobody becomes a guest without wanting to");

  const other = await live({ storage, cookies: true, name: "Zoe" }, { ...account, you: "Zoe" });
  assert.deepEqual(other.socket.take(), []);
  const after = world({ storage, cookies: true, name: "Maya" });
  after.chat.connect();
  await after.socket.open(account);
  assert.deepEqual(after.socket.take().map((event) => event.id), [id]);
});

test("an old entry of the outbox is sent only on demand", async (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: 1e12 });
  const storage = new FakeStorage();
  const { id } = (await live({ storage })).chat.send("lobby", "old news");
  context.mock.timers.tick(25 * 3600 * 1000);
  const it = await live({ storage });
  assert.equal(it.chat.outbox.entries[0].error.code, "stale");
  it.chat.retry(id);
  assert.deepEqual(it.socket.take().map((event) => event.id), [id]);
});

test("an edit is not mistaken for a message with the same content", async () => {
  const it = await live();
  const { id } = it.chat.edit("lobby", 1, "same words");
  await it.socket.say(message(1, "same words", "Alice"));
  assert.equal(it.take("message")[0].local, undefined);
  assert.equal(it.chat.outbox.entries[0].id, id);
});

test("with a full or forbidden storage only a reload loses anything", async () => {
  const forbidden = () => {
    throw new Error("forbidden");
  };
  const storage = { getItem: forbidden, setItem: forbidden, removeItem: forbidden, key: forbidden, get length() { return forbidden(); } };
  const it = await live({ storage });
  const { id, done } = it.chat.send("lobby", "Hello");
  await it.socket.say({ type: "ack", re: id, room: "lobby", seq: 1, payload: { mid: 1 } });
  assert.equal((await done).seq, 1);
});

test("invalid values in the storage are ignored", async () => {
  const storage = new FakeStorage();
  storage.setItem("chinwag", '{"name":7,"rooms":"x","session":null}');
  storage.setItem("chinwag:outbox:a", "not json");
  storage.setItem("chinwag:outbox:b", '{"id":"b"}');
  storage.setItem("chinwag:outbox:c", "null");
  const it = world({ storage, name: undefined, rooms: undefined });
  assert.deepEqual([it.chat.you, it.chat.rooms, it.chat.outbox.entries], ["", [], []]);
});

test("delays double from half a second to thirty, with full jitter", async () => {
  const waits = [];
  const it = world();
  it.chat.on("phase", ({ payload }) => payload.phase === "offline" && waits.push(payload.retry_in_ms));
  it.chat.connect();
  for (let i = 0; i < 9; i += 1) {
    await it.socket.end();
    await it.clock.pass(waits.at(-1));
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  let isWatched = true;
  const watched = world({ isWatched: () => isWatched });
  watched.chat.connect();
  const waitedFor = async (code) => {
    await watched.socket.end(code);
    const { retry_in_ms } = watched.told.at(-1).payload;
    await watched.clock.pass(retry_in_ms);
    return retry_in_ms;
  };
  const seen = [];
  for (let i = 0; i < 7; i += 1) seen.push(await waitedFor());
  assert.deepEqual(seen, [500, 1000, 2000, 4000, 5000, 5000, 5000], "who looks waits at most five seconds");
  assert.equal(await waitedFor(4102), 30000, "unless the server asks for more");
  isWatched = false;
  assert.equal(await waitedFor(), 30000);
  const calm = world({ random: () => 0.25 });
  calm.chat.connect();
  await calm.socket.end();
  assert.equal(calm.told.at(-1).payload.retry_in_ms, 125);
});

test("only a stable connection resets the delays", async () => {
  const it = await live();
  await it.socket.end();
  await it.clock.pass(500);
  await it.socket.open();
  await it.socket.end();
  assert.equal(it.take("phase").at(-1).payload.retry_in_ms, 1000, "the server fell over at once");
  await it.clock.pass(1000);
  await it.socket.open();
  await it.clock.pass(10_000);
  await it.socket.end();
  assert.equal(it.take("phase").at(-1).payload.retry_in_ms, 500);
});

test("bye sets the delay", async () => {
  const it = await live();
  await it.socket.say({ type: "bye", payload: { code: 1012, reason: "restart", reconnect: true, after_ms: 1830 } });
  await it.socket.end(1012, "restart");
  await it.clock.pass(1829);
  assert.equal(it.sockets.length, 1);
  await it.clock.pass(1);
  assert.equal(it.sockets.length, 2);
});

/** Has the server accept the connection and resume the room. */
async function comeBack(it) {
  await it.socket.open();
  await it.socket.say(
    { type: "resumed", payload: { you: "Alice", epoch: "e1", rooms: { lobby: { from: 1, to: 0, complete: true } } } },
    { type: "live", room: "lobby", payload: { seq: 0 }, seq: 0 },
  );
}

const BYE = { type: "bye", payload: { code: 1012, reason: "restart", reconnect: true, after_ms: 1000 } };

test("a restart in the promised time is not announced", async () => {
  const it = await live();
  it.take();
  await it.socket.say(BYE);
  await it.socket.end(1012, "restart");
  it.chat.send("lobby", "meanwhile");
  // The first attempts come too early.
  await it.clock.pass(1000);
  await it.socket.end(1006);
  await it.clock.pass(500);
  assert.equal(it.sockets.length, 3);
  assert.equal(it.chat.phase, "live");
  await comeBack(it);
  const sent = it.socket.take().find(({ type }) => type === "send_message");
  assert.equal(sent.payload.content, "meanwhile");
  await it.socket.say({ type: "ack", re: sent.id, room: "lobby", seq: 1, payload: { mid: 1 } });
  await it.clock.pass(20_000);
  assert.deepEqual(it.take("phase"), []);
});

test("a restart that takes longer than promised is announced", async () => {
  const it = await live();
  it.take();
  await it.socket.say(BYE);
  await it.socket.end(1012, "restart");
  for (let ms = 0; ms < 10_900; ms += 100) {
    await it.clock.pass(100);
    if (it.socket.readyState === 0) await it.socket.end(1006);
  }
  assert.deepEqual(it.take("phase"), []);
  await it.clock.pass(100);
  const [{ payload }] = it.take("phase");
  assert.equal(payload.phase, "offline");
  assert.ok(payload.retry_in_ms > 0, JSON.stringify(payload));
  assert.equal(it.chat.phase, "offline");
  await it.clock.pass(payload.retry_in_ms);
  await comeBack(it);
  assert.deepEqual(it.take("phase").map(({ payload: { phase } }) => phase), ["connecting", "catching_up", "live"]);
});

test("a restart that is to take long is announced at once", async () => {
  const it = await live();
  await it.socket.say({ ...BYE, payload: { ...BYE.payload, after_ms: 60_000 } });
  await it.socket.end(1012, "restart");
  assert.deepEqual(it.take("phase").map(({ payload }) => [payload.phase, payload.retry_in_ms]), [["offline", 60_000]]);
});

test("a loss after a restart is announced", async () => {
  const it = await live();
  await it.socket.say(BYE);
  await it.socket.end(1012, "restart");
  await it.clock.pass(1000);
  await comeBack(it);
  it.take();
  await it.socket.end(1006);
  assert.equal(it.take("phase")[0].payload.phase, "offline");
});

test("a connection that is stopped during a restart is stopped", async () => {
  const it = await live();
  await it.socket.say(BYE);
  await it.socket.end(1012, "restart");
  it.take();
  it.chat.stop();
  await it.clock.pass(60_000);
  assert.deepEqual(it.take("phase").map(({ payload: { phase } }) => phase), ["stopped"]);
  assert.equal(it.sockets.length, 1);
});

test("close codes 40xx stop the connection until connect", async () => {
  for (const code of [4000, 4001, 4003, 4004, 4005, 4099]) {
    const it = await live();
    await it.socket.end(code, "kicked by Eve");
    assert.deepEqual(it.take("phase").at(-1).payload, { phase: "stopped", code, reason: "kicked by Eve" });
    it.chat.probe();
    await it.clock.pass(60_000);
    assert.equal(it.sockets.length, 1, String(code));
    it.chat.connect();
    assert.equal(it.sockets.length, 2);
  }
});

test("close codes 41xx back off, all others reconnect soon", async () => {
  const waits = {};
  for (const code of [1000, 1006, 1009, 1012, 4100, 4102, 4201, 4202, 4999]) {
    const it = await live();
    await it.socket.end(code);
    waits[code] = it.told.at(-1).payload.retry_in_ms;
  }
  assert.deepEqual(waits, { 1000: 500, 1006: 500, 1009: 500, 1012: 500, 4100: 8000, 4102: 8000, 4201: 500, 4202: 500, 4999: 500 });
});

test("a probe skips the delay", async () => {
  let probe;
  const it = world({ wake: (run) => (probe = run) });
  it.chat.connect();
  await it.socket.end();
  probe();
  assert.equal(it.sockets.length, 2);
  probe();
  assert.equal(it.sockets.length, 2, "an attempt is under way already");
});

test("a probe detects a dead connection within seconds", async () => {
  const it = await live();
  it.chat.probe();
  assert.equal(it.socket.take()[0].type, "ping");
  await it.clock.pass(4_000);
  assert.equal(it.chat.phase, "offline");
});

test("a probe of a living connection leaves it alone", async () => {
  const it = await live();
  it.chat.probe();
  const [ping] = it.socket.take();
  await it.clock.pass(3_000);
  await it.socket.say({ type: "pong", re: ping.id, payload: { rooms: { lobby: 0 } } });
  await it.clock.pass(5_000);
  assert.equal(it.chat.phase, "live");
});

test("a silent connection is pinged, and given up without an answer", async () => {
  const it = await live();
  await it.clock.pass(25_000);
  assert.equal(it.socket.take()[0].type, "ping");
  await it.clock.pass(10_000);
  assert.equal(it.chat.phase, "offline");
});

test("a server that never says welcome is given up", async () => {
  const it = world();
  it.chat.connect();
  await it.clock.pass(15_000);
  assert.equal(it.chat.phase, "offline");
  assert.equal(it.socket.closed, 1000);
});

test("messages of an abandoned socket are ignored", async () => {
  const it = await live();
  const old = it.socket;
  await old.end();
  await it.clock.pass(500);
  await it.socket.open();
  it.told.length = 0;
  await old.say(message(1));
  await old.end(4003, "late");
  assert.deepEqual(it.told, []);
});

test("requests get their own answers, or fail with the connection", async () => {
  const it = await live();
  const rooms = it.chat.ask("list_rooms");
  const people = it.chat.ask("list_users", undefined, "lobby");
  const [first, second] = it.socket.take();
  await it.socket.say({ type: "room_list", re: first.id, payload: { rooms: [] } }, { type: "error", re: second.id, payload: { code: "no_such_room" } });
  assert.equal((await rooms).type, "room_list");
  await assert.rejects(people, { code: "no_such_room" });
  const third = it.chat.ask("list_rooms");
  await it.socket.end();
  await assert.rejects(third, /offline/);
  await assert.rejects(it.chat.ask("list_rooms"), /offline/);
});

test("a request without an answer times out", async () => {
  const it = await live();
  const question = it.chat.ask("list_rooms");
  const expectation = assert.rejects(question, /no answer/);
  for (let i = 0; i < 3; i += 1) {
    await it.clock.pass(5_000);
    await it.socket.say({ type: "pong", payload: {} });
  }
  await expectation;
});

test("a command goes to the room it was typed in", async () => {
  const it = await live({}, { rooms: { lobby: { seq: 0 }, dev: { seq: 0 } }, current: "lobby" });
  await it.chat.command("lobby", "/who");
  assert.deepEqual(it.socket.take(), ["/who"]);
  const elsewhere = it.chat.command("dev", "/topic");
  const [join] = it.socket.take();
  assert.deepEqual([join.type, join.payload], ["join_room", { room: "dev", history: 0 }]);
  await it.socket.say({ type: "joined", re: join.id, room: "dev", payload: { seq: 0 } });
  await elsewhere;
  assert.deepEqual(it.socket.take(), ["/topic"]);
});

test("an unsupported hint is not repeated", async () => {
  const it = await live();
  it.chat.typing("lobby", true);
  const [hint] = it.socket.take();
  await it.socket.say({ type: "error", re: hint.id, payload: { code: "unknown_type" } });
  it.chat.typing("lobby", true);
  it.chat.read("lobby", 3);
  assert.deepEqual(it.socket.take().map(({ type }) => type), ["read"]);
  assert.deepEqual(it.take("error"), []);
});

test("rooms that do not fit into the URL are joined after welcome", async () => {
  const rooms = Array.from({ length: 32 }, (_, i) => `${"ß".repeat(60)}${i}`);
  const it = world({ rooms });
  it.chat.connect();
  assert.ok(it.socket.url.href.length < 7_000);
  const inAddress = it.socket.url.searchParams.getAll("room");
  await it.socket.open({ rooms: Object.fromEntries(inAddress.map((room) => [room, { seq: 0 }])) });
  const joins = it.socket.take().filter(({ type }) => type === "join_room").map(({ payload }) => payload.room);
  assert.deepEqual([...inAddress, ...joins], rooms);
});

test("joined and left rooms are saved", async () => {
  const storage = new FakeStorage();
  const it = await live({ storage });
  const joining = it.chat.join("Dev");
  const [join] = it.socket.take();
  await it.socket.say({ type: "joined", re: join.id, room: "dev", payload: { seq: 3, count: 1, users: [] } });
  assert.equal((await joining).room, "dev");
  await it.socket.say(message(4, "x", "Bob", "dev"), { type: "left", room: "lobby" });
  assert.deepEqual(remembered(storage).rooms, ["dev"]);
  assert.deepEqual(seqs(it.take("message")), [4]);
});

test("nonsense from the server changes nothing", async () => {
  const it = await live();
  await it.socket.say(
    "not json", "[]", "null", "7", '"text"', "{}",
    { type: 7 }, { type: "message", room: 7, seq: 1 }, { type: "message", room: "lobby", seq: "1" },
    { type: "message", room: "lobby", seq: 1.5 }, { type: "message", room: "lobby", seq: -1 },
    { type: "message", room: "lobby", seq: 1, payload: "text" }, { type: "pong", payload: { rooms: { lobby: "many" } } },
    { type: "live", room: "lobby" }, { type: "gap", room: "lobby", payload: { to: {} } }, { type: "resumed" },
    { type: "ack", re: "never", room: "lobby", seq: 1 }, { type: "joined" }, { type: "history", room: "lobby" },
  );
  await it.clock.pass(5_000);
  assert.deepEqual(it.take("message"), []);
  await it.socket.say(message(1));
  assert.deepEqual(seqs(it.take("message")), [1]);
  assert.equal(it.chat.phase, "live");
});

test("a throwing listener does not affect the others", async (context) => {
  const it = await live();
  const heard = [];
  const later = context.mock.method(globalThis, "queueMicrotask", () => {});
  it.chat.on("message", () => {
    throw new Error("my fault");
  });
  const end = it.chat.on("message", ({ seq }) => heard.push(seq));
  await it.socket.say(message(1));
  assert.throws(later.mock.calls[0].arguments[0], /my fault/, "it is told as an uncaught error");
  end();
  assert.deepEqual(heard, [1]);
});

test("a message larger than the server's limit fails locally", async () => {
  const it = await live({}, { limits: { frame: 200 } });
  const { done } = it.chat.send("lobby", "x".repeat(300));
  await assert.rejects(done, { code: "too_long" });
  assert.deepEqual(it.socket.take(), []);
});

test("stop is final until connect", async () => {
  const it = await live();
  it.chat.stop();
  await settle();
  assert.equal(it.chat.phase, "stopped");
  await it.clock.pass(60_000);
  assert.equal(it.sockets.length, 1);
  it.chat.connect();
  assert.equal(it.sockets.length, 2);
});

test("two tabs that share an outbox send an entry once", async () => {
  const storage = new FakeStorage();
  const first = world({ storage });
  const { done } = first.chat.send("lobby", "only once");
  const second = world({ storage });
  assert.equal(second.chat.outbox.entries.length, 1, "the second takes over what it finds");
  for (const it of [first, second]) {
    it.chat.connect();
    await it.socket.open();
  }
  const [[one], [two]] = [first, second].map((it) => it.socket.take());
  assert.deepEqual(one, two, "the server knows them for the same by their id");
  const ack = (duplicate) => ({ type: "ack", re: one.id, room: "lobby", seq: 1, ts: 5, payload: { mid: 1, durable: "memory", duplicate } });
  const told = { type: "message", room: "lobby", seq: 1, ts: 5, payload: { mid: 1, sender: "Alice", content: "only once" } };
  await second.socket.say(ack(false));
  await first.socket.say(told, ack(true));
  await second.socket.say(told);
  assert.equal((await done).seq, 1);
  for (const it of [first, second]) {
    assert.deepEqual(seqs(it.take("message")), [1]);
    assert.equal(it.chat.outbox.entries.length, 0);
  }
  assert.equal([...Array(storage.length).keys()].filter((at) => storage.key(at).includes("outbox")).length, 0);
});
