/**
 * A client for chinwag, for browsers and for Node (20 or later), without DOM.
 *
 * ```js
 * // Node before 22 has no WebSocket of its own: give the constructor one, `{ WebSocket }`.
 * const chat = new Chinwag({ url: "ws://127.0.0.1:8080/ws", name: "Bot", rooms: ["lobby"] });
 * chat.on("message", ({ room, payload }) => {
 *   if (payload.content === "!time") chat.send(room, new Date().toISOString());
 * });
 * chat.connect();
 * ```
 *
 * What it promises: each numbered event of a room is told once and in order, also over a lost
 * connection; what is said is sent until the server has answered, and appears once; a connection
 * that is gone comes back by itself, unless the server says to stay away.
 *
 * Events of the server are told under their own `type` (`message`, `user_joined`, …). Besides:
 * `phase` when the connection changes; `queued`, `settled`, `failed` and `discarded` for what was
 * said; `reset` when what is known of a room is void; `lost` where a range is no longer kept.
 * `*` hears everything.
 *
 *     idle ──connect──▶ connecting ──welcome──▶ catching_up ──▶ live
 *                        ▲      │                    │           │
 *                        │      └────────┬───────────┴───────────┘
 *                        └─timer, probe─ offline        40xx or stop() ─▶ stopped
 *
 * @module
 */

import { Connection } from "./client/connection.js";
import { entriesOf, eventOfAck, isDirect, isNumbered, parse } from "./client/event.js";
import { Outbox } from "./client/outbox.js";
import { Questions } from "./client/questions.js";
import { Records } from "./client/record.js";
import { Sender } from "./client/sender.js";
import { Timers, realClock } from "./client/timers.js";

export { Refusal } from "./client/refusal.js";

/** @typedef {import("./client/event.js").ChatEvent} ChatEvent */
/** @typedef {import("./client/outbox.js").Entry} Entry */
/** @typedef {import("./client/outbox.js").Store} Store */

/** @typedef {"idle" | "connecting" | "catching_up" | "live" | "offline" | "stopped"} Phase */

/**
 * @typedef {object} Options
 * @property {string | URL} url        `ws://HOST/ws`
 * @property {string} [name]           display name; the server may add a number to it
 * @property {string[]} [rooms]        joined at the start, besides those of the last visit
 * @property {any} [WebSocket]         implementation, where there is no global one
 * @property {Store | null} [storage]  keeps session, rooms and outbox over a reload
 * @property {string} [storageKey]     prefix of its keys, by default `chinwag`
 * @property {number} [history]        past messages wanted on joining a room, 0–200, by default 50
 * @property {(probe: () => void) => void} [wake]  calls `probe` when the network may be back
 * @property {() => number} [random]   for the jitter
 * @property {import("./client/timers.js").Clock} [clock]
 */

/**
 * Something said: `id` names it in `settled` and `failed`, `done` is its answer.
 *
 * @typedef {object} Said
 * @property {string} id
 * @property {Promise<ChatEvent>} done
 */

/** The server reads 8 KiB of request head; rooms beyond are joined after the welcome. */
const URL_MAX = 6_000;

export class Chinwag {
  /** @type {Phase} */
  phase = "idle";

  /** The name the server knows this user by. */
  you;

  /** Rooms wanted and joined, in the order of joining. @type {string[]} */
  rooms;

  /** Private conversations that are known, `@Bob` and the like: nobody joins or leaves these. @type {Set<string>} */
  direct = new Set();

  /** Whether this user has an account here; a guest comes back by the key of its session. */
  account = false;

  /** Sizes and rates, from the last `welcome`. @type {Record<string, number>} */
  limits = {};

  /** What was said and not yet answered. @type {Outbox} */
  outbox;

  #url;
  #history;
  #store;
  #key;
  #timers;
  #connection;
  #records;
  #sender;
  #questions;
  #session;
  /** The room that bare text goes to. */
  #current = "";
  /** Rooms that did not fit into the URL. @type {string[]} */
  #later = [];
  /** @type {Map<string, Set<(event: any) => void>>} */
  #listeners = new Map();
  #tag = randomTag();
  #ids = 0;

  /** @param {Options} options */
  constructor(options) {
    const { url, storage = null, storageKey = "chinwag", clock = realClock } = options;
    const saved = remembered(storage, storageKey);
    this.#url = url;
    this.#history = options.history ?? 50;
    this.#store = storage;
    this.#key = storageKey;
    this.#session = saved.session;
    this.you = options.name || saved.name;
    this.rooms = [...new Set([...(options.rooms ?? []), ...saved.rooms])];
    this.outbox = new Outbox(storage, storageKey);

    /** @param {ChatEvent} event */
    const tell = (event) => this.#tell(event);
    /** @param {string} text */
    const send = (text) => this.#connection.send(text);
    this.#timers = new Timers(clock);
    this.#questions = new Questions(this.#timers, (event) => send(JSON.stringify(event)));
    this.#sender = new Sender(this.outbox, this.#timers, send, tell);
    this.#records = new Records({
      timers: this.#timers,
      tell,
      ask: (type, payload, room) => this.ask(type, payload, room),
      isOpen: () => this.#connection.isOpen,
      changed: () => this.#goOn(),
      history: this.#history,
    });
    this.#connection = new Connection(
      {
        address: () => this.#address(),
        received: (data) => this.#received(data),
        ping: () => void send(JSON.stringify({ type: "ping", id: this.#id() })),
        connecting: () => this.#become("connecting"),
        lost: (why) => this.#disconnected("offline", why),
        stopped: (why) => this.#disconnected("stopped", why),
      },
      { WebSocket: options.WebSocket, clock, random: options.random },
    );
    options.wake?.(() => this.probe());
  }

  /**
   * Calls `listener` for each event of this type; returns the function that ends it.
   *
   * @param {string} type
   * @param {(event: any) => void} listener
   */
  on(type, listener) {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /** Opens the connection and keeps it; a waiting retry happens now. */
  connect() {
    this.#connection.open();
  }

  /** Closes for good; `connect` starts again. */
  stop() {
    this.#connection.stop();
  }

  /**
   * Looks at once whether there is a connection, to be called when the network or the page came
   * back: a waiting retry happens now, and an open connection has to show that it lives.
   */
  probe() {
    this.#connection.probe();
  }

  /**
   * Says something in a room. It is kept until the server has answered, over reconnects and, with
   * a storage, over reloads.
   *
   * @param {string} room
   * @param {string} content
   * @param {{ replyTo?: number, ttl?: number }} [options]  `ttl` in seconds
   */
  send(room, content, { replyTo, ttl } = {}) {
    return this.submit("send_message", room, { content, reply_to: replyTo, ttl });
  }

  /**
   * Says something to one person. The answer names the room of the conversation, which is the one
   * to `send` to from then on.
   *
   * @param {string} to
   * @param {string} content
   * @param {{ ttl?: number }} [options]
   */
  sendTo(to, content, { ttl } = {}) {
    return this.submit("direct_message", `@${to}`, { to, content, ttl });
  }

  /** @param {string} room @param {number} mid @param {string} content */
  edit(room, mid, content) {
    return this.submit("edit_message", room, { mid, content });
  }

  /** @param {string} room @param {number} mid */
  delete(room, mid) {
    return this.submit("delete_message", room, { mid });
  }

  /** @param {string} room @param {number} mid @param {string} emoji @param {boolean} on */
  react(room, mid, emoji, on) {
    return this.submit("react", room, { mid, emoji, on });
  }

  /** @param {string} room @param {string} topic */
  setTopic(room, topic) {
    return this.submit("set_topic", room, topic);
  }

  /**
   * Puts an event that changes a room's record into the outbox.
   *
   * @param {string} type
   * @param {string} room
   * @param {any} payload
   * @returns {Said}
   */
  submit(type, room, payload) {
    const id = this.#id();
    return { id, done: this.#sender.submit(id, type, room, payload) };
  }

  /** Sends a failed entry again, behind what was said since. @param {string} id */
  retry(id) {
    this.#sender.retry(id);
  }

  /** Forgets an entry that has not been answered. @param {string} id */
  discard(id) {
    this.#sender.discard(id);
  }

  /**
   * Joins a room. Without a connection it is remembered for the next one.
   *
   * @param {string} room
   * @param {{ history?: number }} [options]
   */
  join(room, { history = this.#history } = {}) {
    if (!this.#connection.isOpen && !this.rooms.includes(room)) {
      this.rooms = [...this.rooms, room];
      this.#save();
    }
    return this.ask("join_room", { room, history });
  }

  /** @param {string} room */
  leave(room) {
    return this.ask("leave_room", { room });
  }

  /** @param {string} name */
  async setName(name) {
    const answer = await this.ask("set_name", name);
    const { you } = answer.payload ?? {};
    this.you = typeof you === "string" ? you : name;
    this.#save();
    return answer;
  }

  /**
   * A page of the past; `before`, `after` and `around` are `seq` numbers, none means the latest.
   * Whoever hears of the `history` event sees in its `asked` which page was wanted.
   *
   * @param {string} room
   * @param {{ before?: number, after?: number, around?: number, limit?: number }} [page]
   */
  history(room, page = {}) {
    return this.ask("history", page, room);
  }

  /**
   * What was said with these words, the newest first. Without a room: in all that one is in.
   *
   * @param {string} query  words, and phrases in quotes
   * @param {{ room?: string, before?: number, limit?: number }} [options]  `before` needs a room
   */
  search(query, { room, before, limit } = {}) {
    return this.ask("search", { query, before, limit }, room);
  }

  /** Tells others that something is being written. @param {string} room @param {boolean} on */
  typing(room, on) {
    this.#questions.hint({ type: "typing", id: this.#id(), room, payload: on });
  }

  /** Tells the server how far a room was read; it keeps that for accounts. @param {string} room @param {number} seq */
  read(room, seq) {
    this.#questions.hint({ type: "read", id: this.#id(), room, payload: { seq } });
  }

  /**
   * Sends text as typed, for the commands of the server: `/who`, `/away lunch`. They mean the
   * current room of the connection, which is changed first if it is another.
   *
   * @param {string} room
   * @param {string} text
   */
  async command(room, text) {
    if (this.#current !== room && this.rooms.includes(room) && !isDirect(room)) {
      await this.join(room, { history: 0 });
    }
    if (!this.#connection.send(text)) throw new Error("offline");
  }

  /**
   * Asks something that has an answer. Rejects with a `Refusal` when the server refuses, with an
   * `Error` when the connection is lost first.
   *
   * @param {string} type
   * @param {any} [payload]
   * @param {string} [room]
   * @returns {Promise<ChatEvent>}
   */
  ask(type, payload, room) {
    return this.#questions.ask({ type, id: this.#id(), room, payload });
  }

  /** The URL that takes this user back to where they were. */
  #address() {
    const url = new URL(this.#url);
    const query = url.searchParams;
    query.set("echo", "1");
    query.set("history", String(this.#history));
    if (this.you) query.set("name", this.you);
    if (this.#session) query.set("session", this.#session);
    if (this.#records.epoch) query.set("epoch", this.#records.epoch);
    this.#later = [];
    for (const room of new Set([...this.rooms, ...this.direct])) {
      const isJoined = !isDirect(room);
      if (url.href.length > URL_MAX) {
        if (isJoined) this.#later.push(room);
        continue;
      }
      if (isJoined) query.append("room", room);
      const seq = this.#records.seqOf(room);
      if (seq !== undefined) query.append("after", `${room}:${seq}`);
    }
    return url.href;
  }

  /**
   * @param {Phase} phase
   * @param {object} why
   */
  #disconnected(phase, why) {
    this.#timers.stopAll();
    this.#sender.halt();
    this.#records.halt();
    this.#questions.giveUp();
    this.#become(phase, why);
  }

  /**
   * @param {Phase} phase
   * @param {object} [why]
   */
  #become(phase, why = {}) {
    this.phase = phase;
    this.#tell({ type: "phase", payload: { phase, ...why } });
  }

  /** @param {unknown} data */
  #received(data) {
    const event = parse(data);
    if (!event || this.#questions.isAboutHint(event)) return;
    if (event.type === "welcome") {
      // Only the first of a connection can be meant.
      if (this.phase === "connecting" && event.payload.rooms) this.#welcomed(event);
      return;
    }
    this.#learn(event);
    this.#records.learn(event);
    const asked = this.#questions.asked(event);
    if (isNumbered(event)) this.#record(event);
    else this.#tell(asked === undefined ? event : { ...event, asked });
    if (event.re !== undefined) {
      this.#questions.answer(event);
      this.#sender.answer(event);
    }
    this.#goOn();
  }

  /** @param {ChatEvent} event */
  #welcomed(event) {
    const { you, session, account, epoch, current, limits, rooms, direct } = event.payload ?? {};
    if (typeof you === "string") this.you = you;
    this.account = account === true;
    // An account comes back by its token: a key of the guest it was before would say otherwise.
    if (this.account) this.#session = "";
    if (typeof session === "string") this.#session = session;
    if (typeof current === "string") this.#current = current;
    this.limits = Object.fromEntries(entriesOf(limits));
    this.#sender.frameMax = this.limits.frame ?? Infinity;
    const standing = entriesOf(rooms);
    const talks = entriesOf(direct).filter(([room]) => isDirect(room));
    // The newest are listed; others that were known before are still there, unless all is new.
    if (epoch !== this.#records.epoch) this.direct.clear();
    for (const [room] of talks) this.direct.add(room);
    const kept = this.rooms.filter((room) => isDirect(room) || this.#later.includes(room));
    this.rooms = [...new Set([...standing.map(([room]) => room), ...kept])];
    this.#save();
    this.#connection.welcomed();
    this.#tell(event);
    this.#records.welcomed([...standing, ...talks], this.#session, String(epoch ?? ""));
    for (const room of this.#later) this.join(room).catch(() => {});
    this.#become("catching_up");
    this.#goOn();
  }

  /**
   * Learns from an event what it means for the connection, before it is told.
   *
   * @param {ChatEvent} event
   */
  #learn({ type, room = "", payload = {} }) {
    if (type === "bye") {
      this.#connection.bye(payload);
    } else if (type === "joined") {
      if (!this.rooms.includes(room)) this.rooms = [...this.rooms, room];
      this.#current = room;
      this.#save();
    } else if (type === "left") {
      this.rooms = this.rooms.filter((other) => other !== room);
      this.direct.delete(room);
      this.#records.forget(room);
      if (this.#current === room) this.#current = "";
      this.#save();
    }
  }

  /**
   * Puts a numbered event into its place.
   *
   * @param {ChatEvent & { room: string, seq: number }} event
   */
  #record(event) {
    if (isDirect(event.room)) this.direct.add(event.room);
    const entry = this.#entryOf(event);
    if (event.type !== "ack") {
      this.#records.take(entry ? { ...event, local: entry.id } : event);
      return;
    }
    const told = entry && eventOfAck(entry, event, this.you);
    if (told) this.#records.take(told);
  }

  /**
   * The entry that became this event. An answer names it; a message of ours that comes while its
   * answer is under way (after a reload, say) is known by its words.
   *
   * @param {ChatEvent} event
   */
  #entryOf({ type, re = "", room, payload = {} }) {
    if (type === "ack") return this.outbox.find(re);
    if (type !== "message" || payload.sender !== this.you) return undefined;
    return this.outbox.entries.find(
      (entry) => entry.room === room && isSpoken(entry) && entry.payload?.content === payload.content,
    );
  }

  /** @param {ChatEvent} event */
  #tell(event) {
    for (const type of [event.type, "*"]) {
      for (const listener of this.#listeners.get(type) ?? []) {
        try {
          listener(event);
        } catch (error) {
          // A listener's fault is reported as an uncaught error and costs the others nothing.
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    }
  }

  /** Looks what is missing, and whether all is caught up. */
  #goOn() {
    if (this.phase !== "live" && this.phase !== "catching_up") return;
    this.#records.fillHoles();
    if (this.phase === "live" || !this.#records.isWhole) return;
    this.#become("live");
    this.#sender.goLive();
  }

  #save() {
    const saved = { session: this.#session, name: this.you, rooms: this.rooms };
    try {
      this.#store?.setItem(this.#key, JSON.stringify(saved));
    } catch {
      // Full or forbidden: a reload will have to ask again.
    }
  }

  #id() {
    this.#ids += 1;
    return `${this.#tag}-${this.#ids}`;
  }
}

/**
 * What the storage knows of the last visit; empty where there was none.
 *
 * @param {Store | null} storage
 * @returns {{ session: string, name: string, rooms: string[] }}
 */
export function remembered(storage, key = "chinwag") {
  /** @type {any} */
  let saved = {};
  try {
    saved = JSON.parse(storage?.getItem(key) ?? "{}") ?? {};
  } catch {
    // Forbidden, or not ours.
  }
  /** @param {unknown} value */
  const text = (value) => (typeof value === "string" ? value : "");
  const rooms = Array.isArray(saved.rooms) ? saved.rooms.map(text).filter(Boolean) : [];
  return { session: text(saved.session), name: text(saved.name), rooms };
}

/** Whether this may have become a message. @param {Entry} entry */
function isSpoken({ type, tried, error }) {
  return tried && !error && (type === "send_message" || type === "direct_message");
}

function randomTag() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(36).padStart(2, "0")).join("");
}
