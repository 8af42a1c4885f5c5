/**
 * A client for chinwag, for browsers and for Node (20 or later), without DOM.
 *
 * ```js
 * // Node before 22 has no global WebSocket: pass one to the constructor, `{ WebSocket }`.
 * const chat = new Chinwag({ url: "ws://127.0.0.1:8080/ws", name: "Bot", rooms: ["lobby"] });
 * chat.on("message", ({ room, payload }) => {
 *   if (payload.content === "!time") chat.send(room, new Date().toISOString());
 * });
 * chat.connect();
 * ```
 *
 * Files are uploaded first, and sent with a message to the same room: `const file = await
 * chat.upload(room, blob, { name, onProgress, signal })`, then `chat.send(room, "", { files: [file] })`;
 * `chat.download(id)` returns a blob.
 *
 * Guarantees: each numbered event of a room is emitted once and in order, across reconnects; a
 * submitted event is sent until the server has answered, and takes effect once; a lost connection is
 * re-established, unless the server forbids it.
 *
 * A guest is identified by a session key. To use an account, pass a `token` (of an identity provider,
 * for example), or call `register` or `logIn`, before `connect` or later. When a login ends, the `phase`
 * becomes `stopped` and its event has the `code`: 4001 after a logout, 4105 for an expired token, 401
 * where a token is missing or rejected. A bot can log in again:
 *
 * ```js
 * chat.on("phase", ({ payload: { phase, code } }) => {
 *   if (phase === "stopped" && [401, 4105].includes(code)) chat.logIn("Bot", password);
 * });
 * ```
 *
 * Events of the server are emitted under their own `type` (`message`, `user_joined`, …). Others are `phase` when the
 * connection changes, unless the server only restarts; `queued`, `settled`, `failed` and `discarded` for submitted events;
 * `reset` when the known state of a room is invalid; `lost` for a range that the server no longer has. `*` receives all.
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
import { encode } from "./client/encode.js";
import { HttpApi } from "./client/http-api.js";
import { entriesOf, isDirect, isNumbered, parse } from "./client/event.js";
import { idGenerator } from "./client/ids.js";
import { Listeners } from "./client/listeners.js";
import { OwnAccount } from "./client/own-account.js";
import { Outbox, eventOfAck } from "./client/outbox.js";
import { PendingRequests } from "./client/pending-requests.js";
import { PhaseTracker } from "./client/phase.js";
import { RoomSync } from "./client/room-sync.js";
import { Requests } from "./client/requests.js";
import { Sender } from "./client/sender.js";
import { Session } from "./client/session.js";
import { Timers, realClock } from "./client/timers.js";

export { Refusal } from "./client/event.js";
export { remembered } from "./client/saved-session.js";

/** @typedef {import("./client/event.js").ChatEvent} ChatEvent */
/** @typedef {import("./client/requests.js").Submission} Submission */
/** @typedef {import("./client/options.js").Options} Options */
/** @typedef {import("./client/options.js").Phase} Phase */

export class Chinwag extends Requests {
  /** Sizes and rates of the last `welcome`. @type {Record<string, number>} */
  limits = {};

  /** Submitted events without an answer. @type {Outbox} */
  outbox;

  #url;
  #http;
  #history;
  #memberships;
  #timers;
  #connection;
  #sync;
  #sender;
  #pending;
  #session;
  /** Rooms that did not fit into the URL. @type {string[]} */
  #remaining = [];
  #listeners = new Listeners();
  /** @param {ChatEvent} event */
  #emit = (event) => this.#listeners.emit(event);
  #newId = idGenerator();
  #phase = new PhaseTracker((phase, why) => this.#emit({ type: "phase", payload: { phase, ...why } }));

  /** @param {Options} options */
  constructor(options) {
    super();
    const { url, storage = null, storageKey = "chinwag", clock = realClock } = options;
    this.#url = url;
    this.#http = new HttpApi(url, options.fetch);
    this.#history = options.history ?? 50;
    this.#memberships = options.memberships === true;
    this.#session = new Session(options);
    this.ownAccount = new OwnAccount(this.#http, this.#session);
    this.outbox = new Outbox(storage, storageKey);

    /** @param {string} text */
    const send = (text) => this.#connection.send(text);
    this.#timers = new Timers(clock);
    this.#pending = new PendingRequests(this.#timers, (event) => send(encode(event)));
    this.#sender = new Sender({ outbox: this.outbox, timers: this.#timers, send, emit: this.#emit, probe: () => this.probe() });
    this.#sync = new RoomSync({
      timers: this.#timers,
      emit: this.#emit,
      ask: (type, payload, room) => this.ask(type, payload, room),
      isOpen: () => this.#connection.isOpen,
      changed: () => this.#advance(),
      history: this.#history,
    });
    this.#connection = new Connection(
      {
        url: () => this.#connectUrl(),
        received: (data) => this.#onReceive(data),
        ping: () => void send(encode({ type: "ping", id: this.#newId() })),
        connecting: () => this.#phase.set("connecting"),
        paused: () => {
          this.#onDisconnect();
          this.#phase.pause();
        },
        explainFailure: () => this.#http.explainFailure(this.#session.credential),
        lost: (why) => this.#onClosed("offline", why),
        stopped: (why) => this.#onClosed("stopped", why),
      },
      { ...options, clock },
    );
    options.wake?.(() => this.probe());
  }

  /** The announced phase. */
  get phase() {
    return this.#phase.announced;
  }

  /** The user's name on the server. */
  get you() {
    return this.#session.you;
  }

  /** Requested and joined rooms, in the order of joining. */
  get rooms() {
    return this.#session.rooms;
  }

  /** Known private conversations, such as `@Bob`, which are neither joined nor left. */
  get direct() {
    return this.#session.direct;
  }

  /** Whether the user has an account; false for a guest. */
  get account() {
    return this.#session.account;
  }

  /** Sent on connecting; empty for a guest, and where the browser has a cookie. */
  get token() {
    return this.#session.token;
  }

  set token(token) {
    this.#session.token = token;
  }

  /** Calls `listener` for each event of this type; returns a function that removes it. @param {string} type @param {(event: any) => void} listener */
  on(type, listener) {
    return this.#listeners.add(type, listener);
  }

  /** Connects, and reconnects when the connection is lost. Skips the delay before a retry. */
  connect() {
    this.#connection.open();
  }

  /**
   * Registers an account and continues as it. A guest may register its own name, and keeps its rooms
   * and conversations. Rejects with a `Refusal` if the server refuses.
   *
   * @param {string} name
   * @param {string} password  is not stored
   */
  async register(name, password) {
    await this.#continueAs(await this.#http.register(name, password, this.account ? "" : this.#session.key));
  }

  /** Logs in and continues as the account, see `register`. @param {string} name @param {string} password */
  async logIn(name, password) {
    await this.#continueAs(await this.#http.logIn(name, password));
  }

  /** Ends the login everywhere; the server closes its connections with 4001. */
  async logOut() {
    await this.#http.logOut(this.token);
    this.token = "";
    this.stop();
  }

  /** Connects again with the saved session: another page of the same storage may have logged in. */
  reconnect() {
    this.#session.reload();
    this.#onDisconnect();
    this.#connection.reopen();
  }

  /** Closes the connection for good; `connect` opens it again. */
  stop() {
    this.#connection.stop();
  }

  /** Checks the connection now, as when the network is back: skips the delay before a retry, pings an open one. */
  probe() {
    this.#connection.probe();
  }

  /** @override @param {string} type @param {string} room @param {any} payload @returns {Submission} */
  submit(type, room, payload) {
    const id = this.#newId();
    return { id, done: this.#sender.submit(id, type, room, payload) };
  }

  /** Sends a failed entry again, after all others. @param {string} id */
  retry(id) {
    this.#sender.retry(id);
  }

  /** Removes an entry that has no answer. @param {string} id */
  discard(id) {
    this.#sender.discard(id);
  }

  /** Joins a room; without a connection, with the next one. @param {string} room @param {{ history?: number }} [options] */
  join(room, { history = this.#history } = {}) {
    if (!this.#connection.isOpen) this.#session.want(room);
    return this.ask("join_room", { room, history });
  }

  /** @param {string} name */
  async setName(name) {
    const answer = await this.ask("set_name", name);
    const { you } = answer.payload ?? {};
    this.#session.rename(typeof you === "string" ? you : name);
    return answer;
  }

  /**
   * Sends a line as typed, for the commands of the server: `/who`, `/away lunch`. They apply to the
   * current room of the connection, which is changed first if necessary.
   *
   * @param {string} room
   * @param {string} text
   */
  async command(room, text) {
    if (this.#session.current !== room && (this.rooms.includes(room) || this.direct.has(room))) {
      await this.join(room, { history: 0 });
    }
    if (!this.#connection.send(text)) throw new Error("offline");
  }

  /** @override @param {string} type @param {any} [payload] @param {string} [room] @returns {Promise<ChatEvent>} */
  ask(type, payload, room) {
    return this.#pending.ask({ type, id: this.#newId(), room, payload });
  }

  /** @override @param {string} type @param {string} room @param {any} payload */
  hint(type, room, payload) {
    this.#pending.hint({ type, id: this.#newId(), room, payload });
  }

  /** @override @param {string} path */
  access(path) {
    return this.#http.access(path, this.token || this.#session.key);
  }

  /** Returns the URL of the next connection. */
  #connectUrl() {
    const { href, remaining } = connectUrl(this.#url, {
      name: this.you,
      session: this.#session.key,
      token: this.token,
      epoch: this.#sync.epoch,
      history: this.#history,
      rooms: new Set([...this.rooms, ...this.direct]),
      seqOf: (room) => this.#sync.seqOf(room),
      memberships: this.#memberships,
      isNamed: (room) => this.#session.isNamed(room),
    });
    this.#remaining = remaining;
    return href;
  }

  /** @param {Phase} phase @param {object} why */
  #onClosed(phase, why) {
    this.#onDisconnect();
    this.#phase.set(phase, why);
  }

  /** Ends everything that belongs to the lost connection. */
  #onDisconnect() {
    this.#timers.stopAll();
    this.#sender.onDisconnect();
    this.#sync.onDisconnect();
    this.#pending.rejectAll();
  }

  /** Continues with a login. @param {import("./client/http-api.js").Login} login */
  async #continueAs(login) {
    // This transfers the rooms and conversations of the guest to the account.
    await this.ask("auth", { token: login.token }).catch(() => {});
    // `welcome` has the conversations of the account.
    for (const room of this.direct) this.#sync.forget(room);
    this.#session.continueAs(login);
    this.reconnect();
  }

  /** @param {unknown} data */
  #onReceive(data) {
    const event = parse(data);
    if (!event || this.#pending.isHintAnswer(event)) return;
    if (event.type === "welcome") {
      // Only the first `welcome` of a connection is valid.
      if (this.#phase.current === "connecting" && event.payload.rooms) this.#onWelcome(event);
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
    const { epoch, limits, account, session } = event.payload;
    if (this.account && account !== true) {
      // The login has ended meanwhile: nobody becomes a guest without wanting to.
      this.#connection.refuse({ code: 401, reason: "" });
      return;
    }
    this.limits = Object.fromEntries(entriesOf(limits));
    this.#sender.frameMax = this.limits.frame ?? Infinity;
    const isNewEpoch = epoch !== this.#sync.epoch;
    // In a new epoch nothing that was sent before is part of the record.
    const isKnown = account === true || session === this.#session.key || (isNewEpoch && this.#sync.epoch !== "");
    const rooms = this.#session.applyWelcome(event.payload, { isNewEpoch, remaining: this.#remaining });
    this.#connection.welcomed();
    this.#emit(event);
    this.#sync.welcomed(rooms, this.#session.key, String(epoch ?? ""));
    this.#sender.welcomed({ as: this.account ? this.you : "", isKnown });
    for (const room of this.#remaining) this.join(room).catch(() => {});
    this.#phase.set("catching_up");
    this.#advance();
  }

  /** Updates the connection from an event, before it is emitted. @param {ChatEvent} event */
  #updateConnection(event) {
    const { type, room = "", payload } = event;
    this.#session.observe(event);
    if (type === "bye") this.#connection.bye(payload);
    else if (type === "left") this.#sync.forget(room);
  }

  /** Emits a numbered event in its turn. @param {ChatEvent & { room: string, seq: number }} event */
  #applyNumbered(event) {
    if (isDirect(event.room)) this.direct.add(event.room);
    const entry = this.outbox.entryOf(event, this.you);
    if (event.type !== "ack") {
      this.#sync.receive(entry ? { ...event, local: entry.id } : event);
      return;
    }
    const acknowledged = entry && eventOfAck(entry, event, this);
    if (acknowledged) this.#sync.receive(acknowledged);
  }

  /** Fills gaps, and becomes `live` when there are none. */
  #advance() {
    const phase = this.#phase.current;
    if (phase !== "live" && phase !== "catching_up") return;
    this.#sync.fillGaps();
    if (phase === "live" || !this.#sync.isComplete) return;
    this.#connection.restarted();
    this.#phase.set("live");
    this.#sender.goLive();
  }
}
