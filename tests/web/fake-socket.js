/**
 * A WebSocket without a network: the test plays the server.
 *
 * @module
 */

import { Chinwag } from "../../web/chinwag.js";
import { FakeClock, settle } from "./fake-clock.js";

/** A `Storage` in memory. */
export class FakeStorage {
  #items = new Map();
  get length() {
    return this.#items.size;
  }
  key(index) {
    return [...this.#items.keys()][index] ?? null;
  }
  getItem(key) {
    return this.#items.get(key) ?? null;
  }
  setItem(key, value) {
    this.#items.set(key, String(value));
  }
  removeItem(key) {
    this.#items.delete(key);
  }
}

/**
 * A client, the sockets it opens, and all it tells.
 *
 * @param {object} [options]  those of `Chinwag`
 */
export function world(options = {}) {
  const clock = new FakeClock();
  const sockets = [];
  class Socket {
    readyState = 0;
    sent = [];
    closed = null;
    constructor(url, protocol) {
      this.url = new URL(url);
      this.protocol = protocol;
      sockets.push(this);
    }
    send(text) {
      this.sent.push(text);
    }
    close(code) {
      this.closed = code;
      this.readyState = 3;
    }
    /** Returns what was sent since the last call, as events; plain text as text. */
    take() {
      return this.sent.splice(0).map((text) => (text.startsWith("{") ? JSON.parse(text) : text));
    }
    /** Sends an event from the server. */
    async say(...events) {
      for (const event of events) this.onmessage({ data: typeof event === "string" ? event : JSON.stringify(event) });
      await settle();
    }
    async open(welcome = {}) {
      this.readyState = 1;
      this.onopen?.();
      await this.say({
        type: "welcome",
        ts: 0,
        payload: { v: 1, you: "Alice", session: "s1", epoch: "e1", current: "lobby", rooms: { lobby: { seq: 0, users: 1, topic: "" } }, limits: { content: 4000, frame: 65536 }, ...welcome },
      });
    }
    async end(code = 1006, reason = "") {
      this.readyState = 3;
      this.onclose({ code, reason });
      await settle();
    }
  }
  const chat = new Chinwag({ url: "ws://test/ws", name: "Alice", rooms: ["lobby"], WebSocket: Socket, clock, random: () => 1, fetch: nobody, ...options });
  const told = [];
  chat.on("*", (event) => told.push(event));
  return {
    chat,
    clock,
    sockets,
    told,
    get socket() {
      return sockets.at(-1);
    },
    /** Returns the emitted events of these types since the last call. */
    take(...types) {
      const found = told.filter(({ type }) => types.includes(type));
      told.length = 0;
      return found;
    },
  };
}

/** A `fetch` that always fails. */
function nobody() {
  return Promise.reject(new TypeError("nobody"));
}

/** A message event. */
export function message(seq, content = `text ${seq}`, sender = "Bob", room = "lobby") {
  return { type: "message", room, seq, ts: seq, payload: { mid: seq, sender, content } };
}
