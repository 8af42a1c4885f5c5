import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { log, say, sees, setUp, statusIs, texts, until } from "./world.js";

// The test plays the server, for what the real one does rarely or never.

const world = setUp({ isFake: true });
let alice;

beforeEach(async () => {
  alice = await world.enter("Alice");
});

/** Sends events from the server to the page. */
function tell(...events) {
  for (const client of world.server.clients) for (const event of events) client.tell(event);
}

function message(seq, content) {
  return { type: "message", room: "lobby", seq, ts: Date.now(), payload: { mid: seq, sender: "Bob", content } };
}

test("messages out of order are shown in order", async () => {
  tell(message(3, "three"), message(2, "two"), message(1, "one"), message(2, "two"), message(4, "four"));
  await sees(alice, "four");
  assert.deepEqual(await texts(alice), ["one", "two", "three", "four"]);
});

test("a lost range is shown in its place", async () => {
  tell(message(1, "one"), { type: "resumed", payload: { rooms: { lobby: { from: 2, to: 91, complete: false, lost: { from: 2, to: 90, why: "retention" } } } } }, message(91, "ninety-one"));
  await sees(alice, "ninety-one");
  const line = log(alice).getByText("Messages 2–90 are no longer available.");
  await line.waitFor();
  assert.match(await line.evaluate((it) => it.parentElement.previousElementSibling.innerText), /one/);
});

test("a closed connection shows the reason and is reopened on demand", async () => {
  for (const { ws } of world.server.clients) ws.close(4004, "kicked: too loud");
  await statusIs(alice, "Disconnected: kicked: too loud");
  await alice.getByRole("button", { name: "Reconnect" }).click();
  await statusIs(alice, "Connected");
});

test("the delay that the server requests is counted down", async () => {
  tell({ type: "bye", payload: { code: 1012, reason: "restart", reconnect: true, after_ms: 60_000 } });
  for (const { ws } of world.server.clients) ws.close(1012);
  await statusIs(alice, "Offline");
  await alice.getByText(/retrying in (60|59) s/).waitFor();
  await alice.getByText("retrying in 58 s").waitFor();
  await alice.getByRole("button", { name: "Reconnect" }).click();
  await statusIs(alice, "Connected");
});

test("typing notices are shown and expire", async () => {
  const typing = (user, on = true) => ({ type: "typing", room: "lobby", payload: { user, on, ttl_ms: 2_000 } });
  tell(typing("Bob"));
  await alice.getByText("Bob is typing…").waitFor();
  tell(typing("Eve"));
  await alice.getByText("Bob, Eve are typing…").waitFor();
  await until(async () => (await alice.locator("#typing").innerText()) === "", "the line to be empty");
});

test("a rate limit delays and loses nothing", async () => {
  let refused = 0;
  const real = world.server.append.bind(world.server);
  for (const client of world.server.clients) {
    const { tell: send } = client;
    client.tell = (event) => {
      if (event.type !== "ack" || refused >= 2) return send(event);
      refused += 1;
      return send({ type: "error", re: event.re, room: "lobby", payload: { code: "rate_limited", message: "wait", retryable: true, retry_after_ms: 200 } });
    };
  }
  world.server.append = (room, type, payload, except) => {
    if (refused < 2 && type === "message") return { seq: 0, ts: 0, payload: {} };
    return real(room, type, payload, except);
  };
  world.server.seen = { get: () => undefined, set: () => {} };
  for (const text of ["first", "second", "third"]) await say(alice, text);
  await sees(alice, "third");
  assert.deepEqual(await texts(alice), ["first", "second", "third"]);
  assert.equal(refused, 2);
});

test("nonsense from the server leaves the page usable", async () => {
  for (const { ws } of world.server.clients) {
    for (const text of ["", "{", "null", "[]", '{"type":"welcome"}', '{"type":"message","room":"lobby","seq":1}', '{"type":"history","room":"lobby","payload":{"messages":[null,7,{}]}}', '{"type":"user_list","room":"lobby","payload":{"users":[null,{},7]}}', '{"type":"room_list","payload":{"rooms":[null,{}]}}', '{"type":"topic","room":"lobby","seq":2,"payload":{"topic":7}}']) {
      ws.send(text);
    }
  }
  tell(message(3, "still there"));
  await sees(alice, "still there");
});
