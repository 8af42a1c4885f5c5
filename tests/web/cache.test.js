import assert from "node:assert/strict";
import { test } from "node:test";

import { CHARS_MAX, forget, MESSAGES_MAX, ROOMS_MAX, cacheView } from "../../web/app/cache.js";
import { reduce } from "../../web/state/reducer.js";
import { initialState } from "../../web/state/state.js";

/** A store in memory that clones values as a database does. */
class Memory {
  entries = new Map();

  async load() {
    return structuredClone([...this.entries.values()]);
  }

  async save(changed, gone) {
    for (const entry of structuredClone(changed)) this.entries.set(entry.room, entry);
    for (const room of gone) this.entries.delete(room);
  }

  async clear() {
    this.entries.clear();
  }

  texts(room) {
    return this.entries.get(room)?.messages.map(({ content }) => content);
  }
}

/** Returns a minimal page: a state and its events. */
function page(store, you = "Alice", active = "") {
  let state = initialState(active);
  const listeners = [];
  const chat = { you, on: (_, listener) => listeners.push(listener) };
  const dispatch = (event) => {
    state = reduce(state, event, 1_000);
    view.update(state);
  };
  const view = cacheView(chat, dispatch, { active: () => state.active, store });
  return {
    get state() {
      return state;
    },
    tell: dispatch,
    welcome(rooms, more = {}) {
      const event = { type: "welcome", ts: 1_000, payload: { you, rooms, current: Object.keys(rooms)[0], ...more } };
      for (const listener of listeners) listener(event);
      dispatch(event);
    },
    live: () => dispatch({ type: "phase", payload: { phase: "live" } }),
    texts: (room) => state.rooms.get(room)?.messages.map(({ content }) => content),
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const message = (room, seq, content, more = {}) => ({ type: "message", room, seq, ts: seq, payload: { sender: "Bob", content, ...more } });
const standing = { seq: 0, users: 1, topic: "" };

/** Runs a visit with a mocked clock. */
async function visit(context, store, work, you) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const it = page(store, you);
  await settled();
  await work(it);
  context.mock.timers.tick(1_000);
  await settled();
  context.mock.timers.reset();
}

test("cached messages are shown without a server", async (context) => {
  const store = new Memory();
  await visit(context, store, (it) => {
    it.welcome({ lobby: standing, dev: { ...standing, topic: "Release day" } });
    it.tell(message("lobby", 1, "one"));
    it.tell(message("dev", 1, "two", { reply_to: 1 }));
    it.tell({ type: "reaction", room: "dev", payload: { mid: 1, emoji: "🎉", user: "Alice", on: true, count: 1 } });
    it.live();
  });
  const later = page(store);
  await settled();
  assert.deepEqual([...later.state.rooms.keys()], ["lobby", "dev"]);
  assert.deepEqual([later.texts("lobby"), later.texts("dev")], [["one"], ["two"]]);
  const dev = later.state.rooms.get("dev");
  assert.deepEqual([dev?.topic, dev?.more, dev?.unread], ["Release day", false, 0]);
  assert.deepEqual(dev?.messages[0].reactions, [{ emoji: "🎉", users: ["Alice"], count: 1, mine: true }]);
  assert.equal(dev?.messages[0].replyTo, 1);
  assert.deepEqual([later.state.active, later.state.you], ["lobby", "Alice"]);
});

test("a cached message has its files", async (context) => {
  const store = new Memory();
  const file = { file: "0a".repeat(16), name: "cat.png", type: "image/png", bytes: 9, width: 4, height: 3 };
  await visit(context, store, (it) => {
    it.welcome({ lobby: standing });
    it.tell(message("lobby", 1, "", { files: [file] }));
    it.live();
  });
  const later = page(store);
  await settled();
  assert.deepEqual(later.state.rooms.get("lobby")?.messages[0].files, [file]);
});

test("the requested room stays open", async (context) => {
  const store = new Memory();
  await visit(context, store, (it) => {
    it.welcome({ lobby: standing, dev: standing });
    it.live();
  });
  const known = page(store, "Alice", "dev");
  const unknown = page(store, "Alice", "elsewhere");
  await settled();
  assert.deepEqual([known.state.active, unknown.state.active], ["dev", "elsewhere"]);
});

test("the server's history replaces the cached one", async (context) => {
  const store = new Memory();
  await visit(context, store, (it) => {
    it.welcome({ lobby: standing, gone: standing });
    it.tell(message("lobby", 1, "deleted meanwhile"));
    it.tell(message("gone", 1, "of a room that was left"));
    it.live();
  });
  await visit(context, store, (it) => {
    assert.deepEqual(it.texts("lobby"), ["deleted meanwhile"]);
    it.tell({ type: "queued", room: "lobby", payload: { entry: { id: "a", type: "send_message", room: "lobby", payload: { content: "x" }, at: 1 } } });
    it.welcome({ lobby: standing });
    assert.deepEqual(it.texts("lobby"), []);
    assert.equal(it.state.rooms.get("lobby")?.pending.length, 1, "what is unsent stays");
    it.tell({ type: "history", room: "lobby", payload: { messages: [{ mid: 2, ts: 2, sender: "Bob", content: "still there" }], first: 2 } });
    it.live();
  });
  assert.deepEqual([store.texts("lobby"), store.texts("gone")], [["still there"], undefined]);
});

test("a reconnect does not replace what is shown", async (context) => {
  const store = new Memory();
  await visit(context, store, (it) => {
    it.welcome({ lobby: standing });
    it.tell(message("lobby", 1, "one"));
    it.live();
    it.welcome({ lobby: standing });
    assert.deepEqual(it.texts("lobby"), ["one"]);
  });
});

test("a conversation that no longer exists is removed", async (context) => {
  const store = new Memory();
  await visit(context, store, (it) => {
    it.welcome({ lobby: standing });
    it.tell(message("@Bob", 1, "secret"));
    it.tell(message("@Eve", 1, "other"));
    it.live();
  });
  const later = page(store);
  await settled();
  assert.deepEqual(later.texts("@Bob"), ["secret"]);
  later.welcome({ lobby: standing }, { direct: { "@Eve": { with: "Eve", seq: 1 } } });
  assert.deepEqual([...later.state.rooms.keys()], ["lobby", "@Eve"]);
});

test("disappearing and deleted messages are not cached", async (context) => {
  const store = new Memory();
  await visit(context, store, (it) => {
    it.welcome({ lobby: standing });
    it.tell(message("lobby", 1, "stays"));
    it.tell(message("lobby", 2, "disappears", { expires: 9_999_999_999_999 }));
    it.tell(message("lobby", 3, "deleted"));
    it.tell({ type: "message_deleted", room: "lobby", payload: { mid: 3 } });
    it.live();
  });
  assert.deepEqual(store.texts("lobby"), ["stays"]);
  assert.doesNotMatch(JSON.stringify([...store.entries.values()]), /disappears|deleted/);
});

test("a deleted message is removed from the store", async (context) => {
  const store = new Memory();
  await visit(context, store, async (it) => {
    it.welcome({ lobby: standing });
    it.tell(message("lobby", 1, "regretted"));
    it.live();
    context.mock.timers.tick(1_000);
    await settled();
    assert.deepEqual(store.texts("lobby"), ["regretted"]);
    it.tell({ type: "message_deleted", room: "lobby", payload: { mid: 1 } });
  });
  assert.deepEqual(store.texts("lobby"), []);
});

test("nothing is written before the page is live", async (context) => {
  const store = new Memory();
  await visit(context, store, (it) => {
    it.welcome({ lobby: standing });
    it.tell(message("lobby", 1, "one"));
    it.live();
  });
  await visit(context, store, (it) => {
    it.welcome({ lobby: standing });
    it.tell({ type: "phase", payload: { phase: "catching_up" } });
  });
  assert.deepEqual(store.texts("lobby"), ["one"]);
});

test("the cache is bounded", async (context) => {
  const store = new Memory();
  await visit(context, store, (it) => {
    const rooms = Object.fromEntries(Array.from({ length: ROOMS_MAX + 5 }, (_, at) => [`r${at}`, standing]));
    it.welcome(rooms);
    for (let seq = 1; seq <= MESSAGES_MAX + 5; seq += 1) it.tell(message("r0", seq, `short ${seq}`));
    for (let seq = 1; seq <= 20; seq += 1) it.tell(message("r1", seq, String(seq % 10).repeat(4_000)));
    it.live();
  });
  assert.equal(store.entries.size, ROOMS_MAX);
  assert.equal(store.texts("r0").length, MESSAGES_MAX);
  assert.equal(store.texts("r0").at(-1), `short ${MESSAGES_MAX + 5}`);
  assert.equal(store.texts("r1").length, Math.floor(CHARS_MAX / 4_000));
  assert.equal(store.texts("r1").at(-1)[0], "0");
});

test("messages of another user are not shown but removed", async (context) => {
  const store = new Memory();
  await visit(context, store, (it) => {
    it.welcome({ lobby: standing });
    it.tell(message("lobby", 1, "to Alice"));
    it.live();
  });
  const other = page(store, "Eve");
  await settled();
  assert.equal(other.state.rooms.size, 0);
  assert.equal(store.entries.size, 0);
});

test("forget clears the store", async (context) => {
  const store = new Memory();
  await visit(context, store, (it) => {
    it.welcome({ lobby: standing });
    it.live();
  });
  assert.equal(store.entries.size, 1);
  await forget(store);
  assert.equal(store.entries.size, 0);
});

test("a failing store changes nothing else", async (context) => {
  const fail = () => Promise.reject(new Error("full"));
  await visit(context, { load: fail, save: fail, clear: fail }, (it) => {
    it.welcome({ lobby: standing });
    it.tell(message("lobby", 1, "one"));
    it.live();
    assert.deepEqual(it.texts("lobby"), ["one"]);
  });
  await forget({ load: fail, save: fail, clear: fail });
});
