/**
 * A client for chinwag, for browsers and for Node (20 or later), without DOM.
 *
 * ```js
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
import { entriesOf, eventOfAck, isNumbered, isSeq, parse } from "./client/event.js";
import { Outbox } from "./client/outbox.js";
import { Position } from "./client/position.js";
import { Timers, realClock } from "./client/timers.js";

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

/** @typedef {{ resolve: (event: ChatEvent) => void, reject: (error: Error) => void }} Waiting */

/** How long missing numbers may take to come by themselves, before they are asked for. */
const HOLE_MS = 300;
const RESUME_MS = 2_000;
/** An answer that takes longer will not come. */
const ANSWER_MS = 15_000;
/** The server reads 8 KiB of request head; rooms beyond are joined after the welcome. */
const URL_MAX = 6_000;
/** A history page asked for to fill a hole. */
const PAGE_MAX = 200;
/** A refusal may ask for a wait; no longer than this is believed. */
const POSTPONE_MAX_MS = 60_000;

export class Chinwag {
  /** @type {Phase} */
  phase = "idle";

  /** The name the server knows this user by. */
  you;

  /** Rooms wanted and joined, in the order of joining. @type {string[]} */
  rooms;

  /** Sizes and rates, from the last `welcome`. @type {Record<string, number>} */
  limits = {};

  /** What was said and not yet answered. @type {Outbox} */
  outbox;

  #url;
  #history;
  #store;
  #key;
  #connection;
  #timers;
  #session = "";
  #epoch = "";
  /** The room that bare text goes to. */
  #current = "";
  /** Rooms that did not fit into the URL. @type {string[]} */
  #later = [];

  /** @type {Map<string, Set<(event: any) => void>>} */
  #listeners = new Map();
  /** @type {Map<string, Position<any>>} */
  #positions = new Map();
  /** Rooms whose missed events are on their way. @type {Set<string>} */
  #awaited = new Set();
  /** Rooms being filled. @type {Set<string>} */
  #filling = new Set();
  /** Who waits for a room's `live`. @type {Map<string, () => void>} */
  #resuming = new Map();

  /** @type {Map<string, Waiting>} */
  #asked = new Map();
  /** @type {Map<string, Waiting>} */
  #said = new Map();
  /** The last hint of each type, by id. @type {Map<string, string>} */
  #hints = new Map();
  /** Types of hints that this server does not know. @type {Set<string>} */
  #unknown = new Set();
  /** The entry on its way in each room. @type {Map<string, string>} */
  #underWay = new Map();

  #tag = randomTag();
  #ids = 0;
  #saidAt = 0;

  /** @param {Options} options */
  constructor(options) {
    const { url, storage = null, storageKey = "chinwag", clock = realClock } = options;
    this.#url = url;
    this.#history = options.history ?? 50;
    this.#store = storage;
    this.#key = storageKey;
    this.#timers = new Timers(clock);
    this.#connection = new Connection(
      {
        address: () => this.#address(),
        received: (data) => this.#received(data),
        ping: () => void this.#post({ type: "ping", id: this.#id() }),
        connecting: () => this.#become("connecting"),
        lost: (why) => this.#disconnected("offline", why),
        stopped: (why) => this.#disconnected("stopped", why),
      },
      { WebSocket: options.WebSocket, clock, random: options.random },
    );
    const saved = remembered(storage, storageKey);
    this.you = options.name || saved.name;
    this.rooms = [...new Set([...(options.rooms ?? []), ...saved.rooms])];
    this.#session = saved.session;
    this.outbox = new Outbox(storage, storageKey);
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

  /** @param {string} to @param {string} content */
  sendTo(to, content) {
    return this.submit("direct_message", `@${to}`, { to, content });
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
    this.#saidAt = Math.max(Date.now(), this.#saidAt + 1);
    const id = this.#id();
    const entry = { id, type, room, payload, at: this.#saidAt, tried: false };
    /** @type {Promise<ChatEvent>} */
    const done = new Promise((resolve, reject) => this.#said.set(id, { resolve, reject }));
    // Who does not wait for the answer hears of a failure through `failed`.
    done.catch(() => {});
    this.outbox.add(entry);
    this.#tell({ type: "queued", room, payload: { entry } });
    this.#flush();
    return { id, done };
  }

  /** Sends a failed entry again, behind what was said since. @param {string} id */
  retry(id) {
    const entry = this.outbox.retry(id);
    if (!entry) return;
    this.#tell({ type: "queued", room: entry.room, payload: { entry } });
    this.#flush();
  }

  /** Forgets an entry that has not been answered. @param {string} id */
  discard(id) {
    const entry = this.outbox.find(id);
    if (!entry) return;
    this.outbox.remove(id);
    this.#said.delete(id);
    this.#tell({ type: "discarded", room: entry.room, payload: { entry } });
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
   *
   * @param {string} room
   * @param {{ before?: number, after?: number, around?: number, limit?: number }} [page]
   */
  history(room, page = {}) {
    return this.ask("history", page, room);
  }

  /** @param {string} room @param {boolean} on */
  typing(room, on) {
    this.#hint("typing", room, on);
  }

  /** @param {string} room @param {number} seq */
  read(room, seq) {
    this.#hint("read", room, { seq });
  }

  /**
   * Sends text as typed, for the commands of the server: `/who`, `/away lunch`. They mean the
   * current room of the connection, which is changed first if it is another.
   *
   * @param {string} room
   * @param {string} text
   */
  async command(room, text) {
    if (this.#current !== room && this.rooms.includes(room) && !room.startsWith("@")) {
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
    const id = this.#id();
    return new Promise((resolve, reject) => {
      if (!this.#post({ type, id, room, payload })) {
        reject(new Error("offline"));
        return;
      }
      this.#asked.set(id, { resolve, reject });
      this.#timers.start(`answer ${id}`, ANSWER_MS, () => {
        this.#asked.delete(id);
        reject(new Error("no answer"));
      });
    });
  }

  /** The URL that takes this user back to where they were. */
  #address() {
    const url = new URL(this.#url);
    const query = url.searchParams;
    query.set("echo", "1");
    query.set("history", String(this.#history));
    if (this.you) query.set("name", this.you);
    if (this.#session) query.set("session", this.#session);
    if (this.#epoch) query.set("epoch", this.#epoch);
    this.#later = [];
    for (const room of this.rooms) {
      if (url.href.length > URL_MAX) {
        this.#later.push(room);
        continue;
      }
      if (!room.startsWith("@")) query.append("room", room);
      const position = this.#epoch ? this.#positions.get(room) : undefined;
      if (position?.known) query.append("after", `${room}:${position.seq}`);
    }
    return url.href;
  }

  /**
   * @param {Phase} phase
   * @param {object} why
   */
  #disconnected(phase, why) {
    this.#timers.stopAll();
    this.#hints.clear();
    this.#unknown.clear();
    this.#underWay.clear();
    this.#awaited.clear();
    this.#filling.clear();
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject } of asked) reject(new Error("offline"));
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
    if (!event) return;
    if (event.type === "welcome") {
      this.#welcomed(event);
      return;
    }
    const hint = this.#hints.get(event.re ?? "");
    if (hint !== undefined) {
      if (event.payload?.code === "unknown_type") this.#unknown.add(hint);
      return;
    }
    this.#learn(event);
    if (isNumbered(event)) this.#record(event);
    else this.#tell(event);
    if (event.re !== undefined) this.#answered(event, event.re);
    this.#goOn();
  }

  /** @param {ChatEvent} event */
  #welcomed(event) {
    const { you, session, epoch, current, limits, rooms } = event.payload ?? {};
    const epochBefore = this.#epoch;
    if (typeof you === "string") this.you = you;
    if (typeof session === "string") this.#session = session;
    if (typeof epoch === "string") this.#epoch = epoch;
    if (typeof current === "string") this.#current = current;
    this.limits = Object.fromEntries(entriesOf(limits));
    const standing = entriesOf(rooms);
    const kept = this.rooms.filter((room) => room.startsWith("@") || this.#later.includes(room));
    this.rooms = [...new Set([...standing.map(([room]) => room), ...kept])];
    this.#save();
    this.#connection.welcomed();
    this.#tell(event);

    const isNewEpoch = epochBefore !== "" && epochBefore !== this.#epoch;
    for (const room of isNewEpoch ? [...this.#positions.keys()] : []) {
      this.#positions.delete(room);
      this.#tell({ type: "reset", room, payload: { why: "epoch" } });
      this.#refresh(room);
    }
    for (const [room, { seq }] of standing) {
      if (!isSeq(seq)) continue;
      const position = this.#position(room);
      if (position.known) this.#awaited.add(room);
      position.heardOf(seq);
      if (!position.known) position.start(seq);
    }
    for (const room of this.#later) this.join(room).catch(() => {});
    this.#become("catching_up");
    this.#timers.start("resume", RESUME_MS, () => {
      this.#awaited.clear();
      if (this.phase === "catching_up") this.#become("live");
      this.#goOn();
    });
    this.#goOn();
  }

  /**
   * Learns from an event where its room stands, before it is told.
   *
   * @param {ChatEvent} event
   */
  #learn({ type, room = "", payload = {} }) {
    switch (type) {
      case "bye":
        return this.#connection.bye(payload);
      case "resumed":
        return this.#resumed(payload.rooms);
      case "pong":
        return this.#heardOf(payload.rooms ?? payload);
      case "history":
        return this.#heardOf({ [room]: payload.top });
      case "gap":
        return this.#heardOf({ [room]: payload.to });
      case "live":
        this.#awaited.delete(room);
        this.#resuming.get(room)?.();
        return this.#heardOf({ [room]: payload.seq });
      case "joined":
        return this.#joined(room, payload.seq);
      case "left":
        return this.#left(room);
      default:
        return undefined;
    }
  }

  /** @param {any} rooms */
  #resumed(rooms) {
    for (const [room, { complete, lost, to }] of entriesOf(rooms)) {
      const position = this.#position(room);
      if (complete !== false || !lost) continue;
      if (lost.why === "unknown") {
        position.start(isSeq(to) ? to : 0);
        this.#tell({ type: "reset", room, payload: { why: "unknown" } });
        this.#refresh(room);
      } else if (lost.why !== "page" && isSeq(lost.to)) {
        this.#tell({ type: "lost", room, payload: lost });
        this.#tellAll(position.advance(lost.to));
      }
    }
  }

  /** @param {unknown} tops */
  #heardOf(tops) {
    for (const [room, top] of entriesOf(tops)) {
      const seq = typeof top === "object" ? top?.seq : top;
      const position = this.#positions.get(room);
      if (position && isSeq(seq)) position.heardOf(seq);
    }
  }

  /**
   * @param {string} room
   * @param {unknown} seq
   */
  #joined(room, seq) {
    if (!this.rooms.includes(room)) this.rooms = [...this.rooms, room];
    this.#current = room;
    const position = this.#position(room);
    if (isSeq(seq)) {
      if (position.known) position.heardOf(seq);
      else position.start(seq);
    }
    this.#save();
  }

  /** @param {string} room */
  #left(room) {
    this.rooms = this.rooms.filter((other) => other !== room);
    this.#positions.delete(room);
    if (this.#current === room) this.#current = "";
    this.#save();
  }

  /**
   * Puts a numbered event into its place.
   *
   * @param {ChatEvent & { room: string, seq: number }} event
   */
  #record(event) {
    const entry = this.#entryOf(event);
    const position = this.#position(event.room);
    if (event.type !== "ack") {
      this.#tellAll(position.take(entry ? { ...event, local: entry.id } : event));
      return;
    }
    const told = entry && eventOfAck(entry, event, this.you);
    if (told) this.#tellAll(position.take(told));
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
      (entry) => entry.tried && entry.room === room && entry.payload?.content === payload.content,
    );
  }

  /** @param {ChatEvent[]} events */
  #tellAll(events) {
    for (const event of events) this.#tell(event);
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

  /** Looks what is missing, whether all is caught up, and what can be sent. */
  #goOn() {
    if (this.phase !== "live" && this.phase !== "catching_up") return;
    let isWhole = this.#awaited.size === 0;
    for (const [room, position] of this.#positions) {
      if (position.hasHole && !this.#awaited.has(room)) this.#fillSoon(room, HOLE_MS);
      isWhole &&= !position.hasHole;
    }
    if (isWhole && this.phase === "catching_up") this.#become("live");
    this.#flush();
  }

  /**
   * @param {string} room
   * @param {number} ms
   */
  #fillSoon(room, ms) {
    const purpose = `hole ${room}`;
    if (this.#filling.has(room) || this.#timers.runs(purpose)) return;
    this.#timers.start(purpose, ms, () => this.#fill(room));
  }

  /**
   * Asks for what is missing in a room until nothing is: the events themselves by `resume`, and
   * where the server does not send these, the messages by `history`.
   *
   * @param {string} room
   */
  async #fill(room) {
    const position = this.#position(room);
    this.#filling.add(room);
    try {
      while (position.hasHole) {
        const before = position.seq;
        await this.#resume(room, before);
        if (position.seq === before) await this.#page(room, position);
        if (position.seq === before) this.#giveUp(room, position);
      }
      this.#filling.delete(room);
      this.#goOn();
    } catch (error) {
      this.#filling.delete(room);
      if (error instanceof Refusal && !error.retryable) this.#giveUp(room, position);
      else if (this.#connection.isOpen) this.#fillSoon(room, RESUME_MS);
    }
  }

  /**
   * Asks for the events after `seq` and waits until they are here.
   *
   * @param {string} room
   * @param {number} seq
   */
  async #resume(room, seq) {
    const epoch = this.#epoch;
    /** @type {Promise<void>} */
    const live = new Promise((resolve) => {
      this.#resuming.set(room, resolve);
      this.#timers.start(`live ${room}`, RESUME_MS, resolve);
    });
    try {
      await this.ask("resume", { session: this.#session, epoch, rooms: { [room]: seq } });
      await live;
    } catch (error) {
      // A server that does not know how may still have a history.
      if (!(error instanceof Refusal) || error.retryable) throw error;
    } finally {
      this.#resuming.delete(room);
      this.#timers.stop(`live ${room}`);
    }
  }

  /**
   * @param {string} room
   * @param {Position<any>} position
   */
  async #page(room, position) {
    const { payload = {} } = await this.history(room, { after: position.seq, limit: PAGE_MAX });
    const end = payload.more ? payload.last : Math.max(payload.last ?? 0, payload.top ?? 0);
    if (isSeq(end)) this.#tellAll(position.advance(end));
  }

  /**
   * Says honestly that a range cannot be had, and goes on behind it.
   *
   * @param {string} room
   * @param {Position<any>} position
   */
  #giveUp(room, position) {
    const lost = { from: position.seq + 1, to: position.top, why: "unknown" };
    this.#tell({ type: "lost", room, payload: lost });
    this.#tellAll(position.advance(position.top));
  }

  /**
   * Fetches the latest page of a room whose old numbers mean nothing.
   *
   * @param {string} room
   */
  #refresh(room) {
    this.history(room, { limit: this.#history }).catch(() => {});
  }

  /**
   * @param {string} room
   * @returns {Position<any>}
   */
  #position(room) {
    let position = this.#positions.get(room);
    if (!position) this.#positions.set(room, (position = new Position()));
    return position;
  }

  /**
   * Sends what stands at the head of each room's line. One entry is under way per room, so that a
   * refusal never changes the order.
   */
  #flush() {
    if (this.phase !== "live") return;
    for (const entry of this.outbox.heads()) {
      const { id, type, room, payload } = entry;
      if (this.#underWay.has(room) || this.#timers.runs(`pause ${room}`)) continue;
      const named = type === "direct_message" ? {} : { room };
      const text = JSON.stringify({ type, id, ...named, payload });
      if (new TextEncoder().encode(text).length > (this.limits.frame ?? Infinity)) {
        // The server would close the connection over it, again and again.
        this.#refused(entry, new Refusal({ code: "too_long" }));
        continue;
      }
      this.outbox.tried(entry);
      if (this.#connection.send(text)) this.#underWay.set(room, id);
    }
  }

  /**
   * Sends what needs no answer and may be lost. A server that does not know it is not told again:
   * it would count the errors.
   *
   * @param {string} type
   * @param {string} room
   * @param {any} payload
   */
  #hint(type, room, payload) {
    if (this.#unknown.has(type)) return;
    const id = this.#id();
    for (const [old, of] of this.#hints) if (of === type) this.#hints.delete(old);
    this.#hints.set(id, type);
    this.#post({ type, id, room, payload });
  }

  /** @param {object} event */
  #post(event) {
    return this.#connection.send(JSON.stringify(event));
  }

  /**
   * @param {ChatEvent} event
   * @param {string} id
   */
  #answered(event, id) {
    const isError = event.type === "error";
    const asked = this.#asked.get(id);
    if (asked) {
      this.#asked.delete(id);
      this.#timers.stop(`answer ${id}`);
      if (isError) asked.reject(new Refusal(event.payload));
      else asked.resolve(event);
      return;
    }
    const entry = this.outbox.find(id);
    if (!entry) return;
    this.#underWay.delete(entry.room);
    const refusal = isError ? new Refusal(event.payload) : null;
    if (!refusal) this.#settle(entry, event);
    else if (refusal.retryable) this.#postpone(entry.room, event.payload?.retry_after_ms);
    else this.#refused(entry, refusal);
  }

  /**
   * @param {Entry} entry
   * @param {ChatEvent} answer
   */
  #settle(entry, answer) {
    this.outbox.remove(entry.id);
    this.#tell({ type: "settled", room: entry.room, payload: { entry, answer } });
    this.#said.get(entry.id)?.resolve(answer);
    this.#said.delete(entry.id);
  }

  /**
   * Lets the whole room wait, so that nothing overtakes.
   *
   * @param {string} room
   * @param {unknown} after
   */
  #postpone(room, after) {
    const wait = typeof after === "number" && after >= 0 ? Math.min(after, POSTPONE_MAX_MS) : 1_000;
    this.#timers.start(`pause ${room}`, wait, () => this.#flush());
  }

  /**
   * @param {Entry} entry
   * @param {Refusal} refusal
   */
  #refused(entry, refusal) {
    const { code, message } = refusal;
    this.outbox.fail(entry.id, { code, message });
    this.#tell({ type: "failed", room: entry.room, payload: { entry } });
    this.#said.get(entry.id)?.reject(refusal);
    this.#said.delete(entry.id);
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

/** The server's no: `code` is one of the protocol's words. */
export class Refusal extends Error {
  /** @param {any} payload */
  constructor(payload) {
    const code = String(payload?.code ?? "internal");
    super(String(payload?.message ?? code));
    this.code = code;
    this.retryable = payload?.retryable === true;
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

function randomTag() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(36).padStart(2, "0")).join("");
}
