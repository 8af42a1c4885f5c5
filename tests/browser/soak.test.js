import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { after, before, test } from "node:test";

import WebSocket from "ws";

import { Chinwag } from "../../web/chinwag.js";
import { FREELY } from "./world.js";
import { startServer, until } from "../server.js";

const MESSAGES = 1_000;
const WITHIN_MS = 120_000;

let server;

before(async () => {
  server = await startServer({ args: [...FREELY, "--data", "none"] });
});

after(() => server?.kill());

/** Returns a seeded random number generator. */
function dice(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/**
 * A way to the server that is cut, for good and without a word, after a random number of bytes in
 * either direction: in the middle of a handshake, of a frame, between a message and its answer.
 */
async function cuttingProxy(port, roll) {
  const it = { cuts: 0, isCutting: true, port: 0, close: () => proxy.close() };
  const proxy = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    let left = 300 + roll(roll(2) ? 2_000 : 12_000);
    const cut = () => {
      near.destroy();
      far.destroy();
    };
    const pass = (to) => (data) => {
      if (it.isCutting && data.length >= left) {
        it.cuts += 1;
        to.write(data.subarray(0, left), cut);
        left = Infinity;
        return;
      }
      left -= data.length;
      to.write(data);
    };
    near.on("data", pass(far)).on("close", cut).on("error", cut);
    far.on("data", pass(near)).on("close", cut).on("error", cut);
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  it.port = proxy.address().port;
  return it;
}

test("2,000 messages through a proxy that cuts at random bytes are each emitted once and in order", async () => {
  const seed = Number(process.env.SOAK_SEED ?? Date.now() % 1e9);
  console.log(`SOAK_SEED=${seed}`);
  const roll = dice(seed);
  const proxies = [await cuttingProxy(server.port, roll), await cuttingProxy(server.port, roll)];
  const people = ["Alice", "Bob"].map((name, index) => {
    const heard = [];
    const chat = new Chinwag({
      url: `ws://127.0.0.1:${proxies[index].port}/ws`,
      name,
      rooms: ["soak"],
      history: 0,
      WebSocket,
      // Two minutes are too short for the normal delays.
      random: () => 0.002,
    });
    chat.on("message", (event) => heard.push(event));
    chat.on("*", ({ type, payload }) => {
      if (type === "lost" || type === "failed" || type === "reset") heard.push({ type, payload });
    });
    return { name, chat, heard };
  });
  try {
    // Both connect before the first message, so both receive all.
    for (const proxy of proxies) proxy.isCutting = false;
    for (const { chat } of people) chat.connect();
    await until(() => people.every(({ chat }) => chat.phase === "live"), "both to be live");
    for (const proxy of proxies) proxy.isCutting = true;

    for (const { name, chat } of people) {
      for (let i = 1; i <= MESSAGES; i += 1) chat.send("soak", `${name} ${i}`);
    }
    const all = MESSAGES * people.length;
    await until(
      () => people.every(({ heard, chat }) => heard.length >= all && chat.outbox.entries.length === 0),
      "everything to be told",
      () => people.map(({ name, heard, chat }) => `${name}: ${heard.length} told, ${chat.outbox.entries.length} unsent, ${chat.phase}`).join("; "),
      WITHIN_MS,
    );
    console.log(`${proxies[0].cuts + proxies[1].cuts} cuts`);
    assert.ok(proxies[0].cuts + proxies[1].cuts > 50);
    const [alice, bob] = people.map(({ heard }) => heard.map(({ type, seq, payload }) => `${type} ${seq} ${payload.sender}: ${payload.content}`));
    assert.equal(alice.length, all);
    assert.deepEqual(alice, bob, "both are told the same");
    assert.deepEqual(people[0].heard.map(({ seq }) => seq), Array.from({ length: all }, (_, i) => i + 1));
    for (const { name } of people) {
      const own = people[0].heard.filter(({ payload }) => payload.sender === name).map(({ payload }) => payload.content);
      assert.deepEqual(own, Array.from({ length: MESSAGES }, (_, i) => `${name} ${i + 1}`), `${name}'s words in their order`);
    }
  } finally {
    for (const { chat } of people) chat.stop();
    for (const proxy of proxies) proxy.close();
  }
});
