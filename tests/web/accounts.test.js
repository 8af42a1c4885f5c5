import assert from "node:assert/strict";
import { test } from "node:test";

import { Refusal, remembered } from "../../web/chinwag.js";
import { clearSession } from "../../web/client/saved-session.js";
import { reduce } from "../../web/state/reducer.js";
import { asMessage } from "../../web/state/room.js";
import { initialState } from "../../web/state/state.js";
import { timeline } from "../../web/state/timeline.js";
import { withoutMark } from "../../web/view/account-sign.js";
import { settle } from "./fake-clock.js";
import { FakeStorage, world } from "./fake-socket.js";

const LOBBY = { rooms: { lobby: { seq: 3, users: 1, topic: "" } } };

/** Returns a `fetch` with given responses, and its requests. */
function http(...answers) {
  const asked = [];
  const fetch = async (url, { method, headers, body }) => {
    asked.push({ url: String(url), method, bearer: headers.authorization, body: body && JSON.parse(body) });
    const answer = answers.shift();
    if (!answer) throw new TypeError("nobody");
    const { status, headers: more, ...payload } = answer;
    return new Response(status === 204 ? null : JSON.stringify(payload), { status, headers: more });
  };
  return { fetch, asked };
}

async function live(options, welcome = LOBBY) {
  const it = world(options);
  it.chat.connect();
  await it.socket.open(welcome);
  it.socket.take();
  it.told.length = 0;
  return it;
}

test("messages and people say who has an account", async () => {
  const it = world();
  it.chat.connect();
  await it.socket.open({ session: undefined, account: true });
  const { id } = it.chat.send("lobby", "mine");
  await it.socket.say({ type: "ack", re: id, room: "lobby", seq: 1, ts: 5, payload: { mid: 1 } });
  assert.equal(it.take("message")[0].payload.account, true, "without an echo, too");

  const said = (mid, account) => ({ type: "message", room: "lobby", seq: mid, ts: mid, payload: { mid, sender: "Bob", content: "hi", ...(account ? { account } : {}) } });
  const users = { type: "user_list", room: "lobby", payload: { count: 1, users: [{ name: "Bob", account: true }] } };
  let state = initialState("lobby");
  for (const event of [{ type: "joined", room: "lobby", payload: {} }, said(1, true), said(2, false), users]) state = reduce(state, event, 0);
  const room = state.rooms.get("lobby");
  assert.deepEqual(room.messages.map(({ account }) => account), [true, undefined]);
  const rows = timeline(room, 0, 2, state).filter(({ kind }) => kind === "message");
  assert.deepEqual(rows.map(({ isHead }) => isHead), [true, true], "a guest of that name does not go on with what the account said");
  assert.equal(room.people[0].account, true);
  state = reduce(state, { type: "presence", room: "lobby", payload: { user: "Bob", was: "Bob", status: "away" } }, 0);
  assert.equal(state.rooms.get("lobby").people[0].account, false, "a guest has the name now");
});

test("a message says which hook posted it", () => {
  const raw = { mid: 1, ts: 1, sender: "Grafana [hook alerts]", hook: "alerts", content: "down" };
  assert.equal(asMessage(raw, "Ann").hook, "alerts");
  for (const hook of [undefined, 7, ""]) assert.equal(asMessage({ ...raw, hook }, "Ann").hook, undefined);
  for (const sender of ["Grafana [hook alerts]", "Grafana [hook]"]) assert.equal(withoutMark(sender), "Grafana");
  assert.equal(withoutMark("Grafana"), "Grafana");
});

test("a guest that registers shows its key, hands its rooms over, and comes back as the account", async () => {
  const { fetch, asked } = http({ status: 201, token: "t.o.k", name: "Alice" });
  const storage = new FakeStorage();
  const it = await live({ fetch, storage });
  const done = it.chat.register("Alice", "secret word");
  await settle();
  assert.deepEqual(asked, [{ url: "http://test/api/register", method: "POST", bearer: "Bearer s1", body: { name: "Alice", password: "secret word" } }]);
  const [auth] = it.socket.take();
  assert.deepEqual([auth.type, auth.payload], ["auth", { token: "t.o.k" }]);
  const guest = it.socket;
  await guest.say({ type: "ack", re: auth.id, payload: { you: "Alice" } });
  await done;
  assert.equal(guest.closed, 1000);
  const query = it.socket.url.searchParams;
  assert.deepEqual([query.get("token"), query.get("session"), query.getAll("room"), query.getAll("after")], ["t.o.k", null, ["lobby"], ["lobby:3"]]);
  assert.deepEqual(remembered(storage), { session: "", name: "Alice", rooms: ["lobby"], account: true });
  assert.doesNotMatch(JSON.stringify([...Array(storage.length).keys()].map((i) => storage.getItem(storage.key(i)))), /secret|t\.o\.k/);
});

test("a token is not stored where the browser has a cookie", async () => {
  const { fetch } = http({ status: 200, token: "t.o.k", name: "Alice" });
  const it = await live({ fetch, cookies: true });
  const done = it.chat.logIn("Alice", "secret word");
  await settle();
  await it.socket.say({ type: "ack", re: it.socket.take()[0].id, payload: {} });
  await done;
  assert.deepEqual([it.chat.token, it.socket.url.searchParams.has("token"), it.socket.url.searchParams.has("session")], ["", false, false]);
});

test("a failed login is explained and changes nothing", async () => {
  const { fetch } = http(
    { status: 401, code: "unauthorized", message: "wrong", retryable: false },
    { status: 429, code: "rate_limited", message: "wait", retryable: true, headers: { "retry-after": "30" } },
  );
  const it = await live({ fetch });
  await assert.rejects(it.chat.logIn("Alice", "x"), (error) => error instanceof Refusal && error.code === "unauthorized");
  await assert.rejects(it.chat.logIn("Alice", "x"), (error) => error.code === "rate_limited" && error.retryAfterMs === 30_000);
  await assert.rejects(it.chat.logIn("Alice", "x"), /offline/);
  assert.deepEqual([it.chat.phase, it.sockets.length, it.chat.account], ["live", 1, false]);
});

test("a bot logs in before it connects, and reconnects with its token", async () => {
  const { fetch } = http({ status: 200, token: "t.o.k", name: "Bot" }, { status: 204 });
  const it = world({ fetch, name: "" });
  await it.chat.logIn("Bot", "secret word");
  assert.deepEqual([it.socket.url.searchParams.get("token"), it.socket.url.searchParams.get("name")], ["t.o.k", "Bot"]);
  await it.socket.open({ ...LOBBY, you: "Bot", session: undefined, account: true });
  await it.chat.logOut();
  assert.deepEqual([it.chat.phase, it.chat.token], ["stopped", ""]);
});

test("the end of a login stops the connection", async () => {
  for (const code of [4001, 4105]) {
    const it = await live({ token: "t.o.k" });
    await it.socket.end(code, "over");
    await it.clock.pass(60_000);
    assert.deepEqual([it.chat.phase, it.sockets.length], ["stopped", 1], String(code));
    assert.deepEqual(it.take("phase").map(({ payload }) => payload), [{ phase: "stopped", code, reason: "over" }]);
  }
});

test("a rejected connection is explained by one request and not retried", async () => {
  const { fetch, asked } = http({ status: 401, code: "auth_required", message: "log in first", retryable: false });
  const it = world({ fetch, token: "bad" });
  it.chat.connect();
  await it.socket.end(1006);
  assert.deepEqual(asked, [{ url: "http://test/api/rooms", method: "GET", bearer: "Bearer bad", body: undefined }]);
  assert.deepEqual(it.told.at(-1).payload, { phase: "stopped", code: 401, reason: "log in first" });
  await it.clock.pass(120_000);
  assert.equal(it.sockets.length, 1);
});

test("a rejection with a delay is reported with its reason and waited for", async () => {
  const { fetch } = http({ status: 429, code: "rate_limited", message: "too many from your network", retryable: true, headers: { "retry-after": "20" } });
  const it = world({ fetch });
  it.chat.connect();
  await it.socket.end(1006);
  assert.deepEqual(it.told.at(-1).payload, { phase: "offline", code: 429, reason: "too many from your network", retry_in_ms: 20_000 });
  await it.clock.pass(19_000);
  assert.equal(it.sockets.length, 1);
  await it.clock.pass(2_000);
  assert.equal(it.sockets.length, 2);
});

test("without an explanation a rejected connection is retried", async () => {
  for (const answers of [[], [{ status: 200 }]]) {
    const it = world(http(...answers));
    it.chat.connect();
    await it.socket.end(1006);
    assert.equal(it.chat.phase, "offline");
    await it.clock.pass(1_000);
    assert.equal(it.sockets.length, 2);
  }
});

test("a late explanation does not disturb a new connection", async () => {
  let answer;
  const it = world({ fetch: () => new Promise((resolve) => (answer = resolve)) });
  it.chat.connect();
  await it.socket.end(1006);
  it.chat.connect();
  await it.socket.open(LOBBY);
  answer(new Response("{}", { status: 401 }));
  await settle();
  assert.equal(it.chat.phase, "live");
});

test("a connection that was open is not explained", async () => {
  const { fetch, asked } = http();
  const it = await live({ fetch });
  await it.socket.end(1006);
  assert.deepEqual(asked, []);
});

test("clearing the session removes the outbox and nothing else", () => {
  const storage = new FakeStorage();
  for (const key of ["chinwag", "chinwag:outbox:a", "chinwag:outbox:b", "chinwag2", "other"]) storage.setItem(key, "{}");
  clearSession(storage);
  assert.deepEqual([...Array(storage.length).keys()].map((i) => storage.key(i)), ["chinwag2", "other"]);
});

test("moderation fails without a connection", async () => {
  const it = await live();
  const done = it.chat.moderate("lobby", "mute", { user: "Eve", seconds: 600 });
  const [{ type, id, room, payload }] = it.socket.take();
  assert.deepEqual([type, room, payload], ["moderate", "lobby", { action: "mute", user: "Eve", seconds: 600 }]);
  await it.socket.say(
    { type: "ack", re: id, room: "lobby", seq: 4, ts: 1, payload: {} },
    { type: "moderated", room: "lobby", seq: 4, ts: 1, payload: { action: "mute", by: "Alice", user: "Eve" } },
  );
  assert.equal((await done).seq, 4);
  assert.equal(it.take("moderated").length, 1);
  await it.socket.end(1006);
  await assert.rejects(it.chat.moderate("lobby", "ban", { user: "Eve" }), /offline/);
});
