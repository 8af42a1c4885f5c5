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
 * A guest comes back by the key of its session. To be an account, give a `token` (of an identity
 * provider, say), or call `register` or `logIn`, before `connect` or later. When a login ends, the
 * `phase` becomes `stopped`, its event says which `code`: 4001 after a logout, 4105 when the token
 * has expired, 401 where a token or the lack of one is refused. A bot that wants to stay logs in:
 *
 * ```js
 * chat.on("phase", ({ payload: { phase, code } }) => {
 *   if (phase === "stopped" && [401, 4105].includes(code)) chat.logIn("Bot", password);
 * });
 * ```
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

import { connectUrl } from "./client/connect-url.js";
import { Connection } from "./client/connection.js";
import { HttpApi } from "./client/http-api.js";
import { entriesOf, isDirect, isNumbered, parse } from "./client/event.js";
import { Listeners } from "./client/listeners.js";
import { Outbox, eventOfAck } from "./client/outbox.js";
import { PendingRequests } from "./client/pending-requests.js";
import { RoomSync } from "./client/room-sync.js";
import { Requests } from "./client/requests.js";
import { Sender } from "./client/sender.js";
import { Timers, realClock } from "./client/timers.js";
import { remember, remembered } from "./client/saved-session.js";

export { Refusal } from "./client/event.js";
export { remembered } from "./client/saved-session.js";

/** @typedef {import("./client/event.js").ChatEvent} ChatEvent */
/** @typedef {import("./client/outbox.js").Store} Store */
/** @typedef {import("./client/requests.js").Submission} Submission */

/** @typedef {"idle" | "connecting" | "catching_up" | "live" | "offline" | "stopped"} Phase */

/**
 * @typedef {object} Options
 * @property {string | URL} url        `ws://HOST/ws`
 * @property {string} [name]           display name; the server may add a number to it
 * @property {string[]} [rooms]        joined at the start, besides those of the last saved
 * @property {string} [token]          of an account; where there is none, one is a guest
 * @property {boolean} [cookies]       the browser shows the login by itself: nothing keeps the token
 * @property {any} [WebSocket]         implementation, where there is no global one
 * @property {typeof fetch} [fetch]    the same for HTTP
 * @property {Store | null} [storage]  keeps session, rooms and outbox over a reload
 * @property {string} [storageKey]     prefix of its keys, by default `chinwag`
 * @property {number} [history]        past messages wanted on joining a room, 0–200, by default 50
 * @property {(probe: () => void) => void} [wake]  calls `probe` when the network may be back
 * @property {() => number} [random]   for the jitter
 * @property {import("./client/timers.js").Clock} [clock]
 */

export class Chinwag extends Requests {
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

  /** Shown on connecting; empty for a guest, and where the browser has a cookie. */
  token;

  /** Sizes and rates, from the last `welcome`. @type {Record<string, number>} */
  limits = {};

  /** What was said and not yet answered. @type {Outbox} */
  outbox;

  #url;
  #http;
  #cookies;
  #history;
  #store;
  #storageKey;
  #timers;
  #connection;
  #sync;
  #sender;
  #pending;
  #session;
  /** The room that bare text goes to. */
  #current = "";
  /** Rooms that did not fit into the URL. @type {string[]} */
  #remaining = [];
  #listeners = new Listeners();
  #tag = randomTag();
  #ids = 0;

  /** @param {Options} options */
  constructor(options) {
    super();
    const { url, storage = null, storageKey = "chinwag", clock = realClock } = options;
    const saved = remembered(storage, storageKey);
    this.#url = url;
    this.#http = new HttpApi(url, options.fetch);
    this.#cookies = options.cookies ?? false;
    this.token = options.token ?? "";
    this.#history = options.history ?? 50;
    this.#store = storage;
    this.#storageKey = storageKey;
    this.#session = saved.session;
    this.you = options.name || saved.name;
    this.rooms = [...new Set([...(options.rooms ?? []), ...saved.rooms])];
    this.outbox = new Outbox(storage, storageKey);

    /** @param {ChatEvent} event */
    const emit = (event) => this.#emit(event);
    /** @param {string} text */
    const send = (text) => this.#connection.send(text);
    this.#timers = new Timers(clock);
    this.#pending = new PendingRequests(this.#timers, (event) => send(JSON.stringify(event)));
    this.#sender = new Sender(this.outbox, this.#timers, send, emit);
    this.#sync = new RoomSync({
      timers: this.#timers,
      emit,
      ask: (type, payload, room) => this.ask(type, payload, room),
      isOpen: () => this.#connection.isOpen,
      changed: () => this.#advance(),
      history: this.#history,
    });
    this.#connection = new Connection(
      {
        url: () => this.#connectUrl(),
        received: (data) => this.#onReceive(data),
        ping: () => void send(JSON.stringify({ type: "ping", id: this.#id() })),
        connecting: () => this.#setPhase("connecting"),
        explainFailure: () => this.#http.explainFailure(this.token || (this.#cookies ? "" : this.#session)),
        lost: (why) => this.#onClosed("offline", why),
        stopped: (why) => this.#onClosed("stopped", why),
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
    return this.#listeners.add(type, listener);
  }

  /** Opens the connection and keeps it; a waiting retry happens now. */
  connect() {
    this.#connection.open();
  }

  /**
   * Makes an account and goes on as it. A guest may register the name it has, and keeps its rooms
   * and conversations. Rejects with a `Refusal` that says why not.
   *
   * @param {string} name
   * @param {string} password  is not kept
   */
  async register(name, password) {
    await this.#continueAs(await this.#http.register(name, password, this.account ? "" : this.#session));
  }

  /** Goes on as an account, see `register`. @param {string} name @param {string} password */
  async logIn(name, password) {
    await this.#continueAs(await this.#http.logIn(name, password));
  }

  /** Ends the login, everywhere it is used; the server closes its connections with 4001. */
  async logOut() {
    await this.#http.logOut(this.token);
    this.token = "";
    this.stop();
  }

  /** Connects anew, as whoever one is now: another page of the same storage may have logged in. */
  reconnect() {
    const { account, name } = remembered(this.#store, this.#storageKey);
    if (account && !this.account) {
      this.#session = "";
      this.account = true;
      this.you = name;
    }
    this.#onDisconnect();
    this.#connection.reopen();
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
   * @override
   * @param {string} type
   * @param {string} room
   * @param {any} payload
   * @returns {Submission}
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
   * Sends text as typed, for the commands of the server: `/who`, `/away lunch`. They mean the
   * current room of the connection, which is changed first if it is another.
   *
   * @param {string} room
   * @param {string} text
   */
  async command(room, text) {
    if (this.#current !== room && (this.rooms.includes(room) || this.direct.has(room))) {
      await this.join(room, { history: 0 });
    }
    if (!this.#connection.send(text)) throw new Error("offline");
  }

  /**
   * @override
   * @param {string} type
   * @param {any} [payload]
   * @param {string} [room]
   * @returns {Promise<ChatEvent>}
   */
  ask(type, payload, room) {
    return this.#pending.ask({ type, id: this.#id(), room, payload });
  }

  /** @override @param {string} type @param {string} room @param {any} payload */
  hint(type, room, payload) {
    this.#pending.hint({ type, id: this.#id(), room, payload });
  }

  /** The URL that takes this user back to where they were. */
  #connectUrl() {
    const { href, remaining } = connectUrl(this.#url, {
      name: this.you,
      session: this.#session,
      token: this.token,
      epoch: this.#sync.epoch,
      history: this.#history,
      rooms: new Set([...this.rooms, ...this.direct]),
      seqOf: (room) => this.#sync.seqOf(room),
    });
    this.#remaining = remaining;
    return href;
  }

  /**
   * @param {Phase} phase
   * @param {object} why
   */
  #onClosed(phase, why) {
    this.#onDisconnect();
    this.#setPhase(phase, why);
  }

  /** What was under way on a connection ends with it. */
  #onDisconnect() {
    this.#timers.stopAll();
    this.#sender.onDisconnect();
    this.#sync.onDisconnect();
    this.#pending.rejectAll();
  }

  /** Goes on with a login. @param {import("./client/http-api.js").Login} login */
  async #continueAs({ token, name }) {
    // What the guest of this connection was, its account is from then on, if the guest shows it.
    await this.ask("auth", { token }).catch(() => {});
    this.token = this.#cookies ? "" : token;
    this.you = name;
    this.#session = "";
    this.account = true;
    // Whom the account talks with it will be told.
    for (const room of this.direct) this.#sync.forget(room);
    this.direct.clear();
    this.#save();
    this.reconnect();
  }

  /**
   * @param {Phase} phase
   * @param {object} [why]
   */
  #setPhase(phase, why = {}) {
    this.phase = phase;
    this.#emit({ type: "phase", payload: { phase, ...why } });
  }

  /** @param {unknown} data */
  #onReceive(data) {
    const event = parse(data);
    if (!event || this.#pending.isHintAnswer(event)) return;
    if (event.type === "welcome") {
      // Only the first of a connection can be meant.
      if (this.phase === "connecting" && event.payload.rooms) this.#onWelcome(event);
      return;
    }
    this.#updateConnection(event);
    this.#sync.observe(event);
    const asked = this.#pending.asked(event);
    if (isNumbered(event)) this.#applyNumbered(event);
    else this.#emit(asked === undefined ? event : { ...event, asked });
    if (event.re !== undefined) {
      this.#pending.answer(event);
      this.#sender.answer(event);
    }
    this.#advance();
  }

  /** @param {ChatEvent} event */
  #onWelcome(event) {
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
    const conversations = entriesOf(direct).filter(([room]) => isDirect(room));
    // The newest are listed; others that were known before are still there, unless all is new.
    if (epoch !== this.#sync.epoch) this.direct.clear();
    for (const [room] of conversations) this.direct.add(room);
    const kept = this.rooms.filter((room) => isDirect(room) || this.#remaining.includes(room));
    this.rooms = [...new Set([...standing.map(([room]) => room), ...kept])];
    this.#save();
    this.#connection.welcomed();
    this.#emit(event);
    this.#sync.welcomed([...standing, ...conversations], this.#session, String(epoch ?? ""));
    for (const room of this.#remaining) this.join(room).catch(() => {});
    this.#setPhase("catching_up");
    this.#advance();
  }

  /**
   * Learns from an event what it means for the connection, before it is told.
   *
   * @param {ChatEvent} event
   */
  #updateConnection({ type, room = "", payload = {} }) {
    if (type === "bye") {
      this.#connection.bye(payload);
    } else if (type === "joined") {
      if (!this.rooms.includes(room) && !isDirect(room)) this.rooms = [...this.rooms, room];
      this.#current = room;
      this.#save();
    } else if (type === "left") {
      this.rooms = this.rooms.filter((other) => other !== room);
      this.direct.delete(room);
      this.#sync.forget(room);
      if (this.#current === room) this.#current = "";
      this.#save();
    }
  }

  /**
   * Puts a numbered event into its place.
   *
   * @param {ChatEvent & { room: string, seq: number }} event
   */
  #applyNumbered(event) {
    if (isDirect(event.room)) this.direct.add(event.room);
    const entry = this.outbox.entryOf(event, this.you);
    if (event.type !== "ack") {
      this.#sync.receive(entry ? { ...event, local: entry.id } : event);
      return;
    }
    const told = entry && eventOfAck(entry, event, this.you);
    if (told) this.#sync.receive(told);
  }

  /** @param {ChatEvent} event */
  #emit(event) {
    this.#listeners.emit(event);
  }

  /** Looks what is missing, and whether all is caught up. */
  #advance() {
    if (this.phase !== "live" && this.phase !== "catching_up") return;
    this.#sync.fillGaps();
    if (this.phase === "live" || !this.#sync.isComplete) return;
    this.#setPhase("live");
    this.#sender.goLive();
  }

  #save() {
    const { you: name, rooms, account } = this;
    remember(this.#store, this.#storageKey, { session: this.#session, name, rooms, account });
  }

  #id() {
    this.#ids += 1;
    return `${this.#tag}-${this.#ids}`;
  }
}

function randomTag() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(36).padStart(2, "0")).join("");
}
