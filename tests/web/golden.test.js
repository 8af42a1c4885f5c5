import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { parse } from "../../web/client/event.js";
import { reduce } from "../../web/state/reducer.js";
import { initialState } from "../../web/state/state.js";
import { settle } from "./fake-clock.js";
import { world } from "./fake-socket.js";

/** Each event of the server, from the golden files of its own tests. */
const GOLDEN = new URL("../golden/", import.meta.url);

/** Events that only the library interprets. */
const UNSEEN = new Set(["ack", "bye", "gap", "live", "pong", "resumed", "stats", "search_results", "room_list", "membership", "invitation", "member_list", "message_pinned", "pins"]);

const names = existsSync(GOLDEN) ? readdirSync(GOLDEN).filter((name) => name.endsWith(".json")) : [];
const golden = names.flatMap((name) => {
  const { event } = JSON.parse(readFileSync(new URL(name, GOLDEN), "utf8"));
  return event ? [{ name, event }] : [];
});
const skip = golden.length === 0 && "there are no golden files";

test("the library parses every event of the server", { skip }, () => {
  for (const { name, event } of golden) assert.deepEqual(parse(JSON.stringify(event)), { payload: {}, ...event }, name);
});

test("every visible event changes the state", { skip }, () => {
  const now = 1_732_104_000_000;
  for (const { name, event } of golden) {
    const room = event.room ?? "lobby";
    const before = [
      { type: "welcome", ts: now, payload: { you: "Zoe", current: room, rooms: { [room]: { seq: 0, users: 1, topic: "before" } } } },
      { type: "message", room, seq: event.payload?.mid, ts: now, payload: { mid: event.payload?.mid ?? 1, sender: "Bob", content: "before" } },
    ];
    const known = event.type === "message" ? before.slice(0, 1) : before;
    const state = known.reduce((it, each) => reduce(it, each, now), initialState());
    const next = reduce(state, event, now);
    if (!UNSEEN.has(event.type) && event.re === undefined) assert.notEqual(next, state, name);
  }
});

test("the library survives any first event", { skip }, async () => {
  for (const { event } of golden) {
    const it = world();
    it.chat.connect();
    await it.socket.open();
    await it.socket.say(event);
    await settle();
    await it.clock.pass(1_000);
    assert.ok(["live", "catching_up", "stopped", "offline"].includes(it.chat.phase));
  }
});
