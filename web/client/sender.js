/**
 * Sends the entries of the outbox until the server has answered.
 *
 * One entry per room is in flight, so that a refusal never changes the order.
 *
 * @module
 */

import { encode } from "./encode.js";
import { Refusal } from "./event.js";
import { sentPayload } from "./outbox.js";

/** @typedef {import("./event.js").ChatEvent} ChatEvent */
/** @typedef {import("./outbox.js").Entry} Entry */
/** @typedef {import("./pending-requests.js").Callbacks} Callbacks */

/** Upper limit for the delay that a refusal requests. */
const PAUSE_MAX_MS = 60_000;
/** The delay if a refusal names none. */
const PAUSE_MS = 1_000;
/** Time without an answer after which the connection is checked, and the user is told. */
const SLOW_MS = 3_000;
/** Time limit for an answer on a connection that works: what gets none must not block its room. */
const ANSWER_MS = 15_000;

export class Sender {
  /** Bytes that the server accepts in one WebSocket message. */
  frameMax = Infinity;

  #outbox;
  #timers;
  #send;
  #emit;
  #probe;
  /** The account that is connected; empty for a guest. */
  #as = "";
  /** Callbacks by id. @type {Map<string, Callbacks>} */
  #callbacks = new Map();
  /** The id of the entry in flight, by room. @type {Map<string, string>} */
  #inFlight = new Map();
  #isLive = false;
  #lastAt = 0;

  /**
   * @param {object} context
   * @param {import("./outbox.js").Outbox} context.outbox
   * @param {import("./timers.js").Timers} context.timers
   * @param {(text: string) => boolean} context.send
   * @param {(event: ChatEvent) => void} context.emit
   * @param {() => void} context.probe  checks the connection
   */
  constructor({ outbox, timers, send, emit, probe }) {
    this.#outbox = outbox;
    this.#timers = timers;
    this.#send = send;
    this.#emit = emit;
    this.#probe = probe;
  }

  /**
   * @param {string} id
   * @param {string} type
   * @param {string} room
   * @param {any} payload
   * @returns {Promise<ChatEvent>} the answer
   */
  submit(id, type, room, payload) {
    // A clock that is set back must not change the order.
    this.#lastAt = Math.max(Date.now(), this.#lastAt + 1);
    const entry = { id, type, room, payload, at: this.#lastAt, tried: false, ...(this.#as ? { as: this.#as } : {}) };
    /** @type {Promise<ChatEvent>} */
    const done = new Promise((resolve, reject) => this.#callbacks.set(id, { resolve, reject }));
    // Callers that ignore the promise are informed by `failed`.
    done.catch(() => {});
    this.#outbox.add(entry);
    this.#emit({ type: "queued", room, payload: { entry } });
    this.#flush();
    return done;
  }

  /** @param {string} id */
  retry(id) {
    const entry = this.#outbox.retry(id);
    if (!entry) return;
    this.#emit({ type: "queued", room: entry.room, payload: { entry } });
    this.#flush();
  }

  /** @param {string} id */
  discard(id) {
    const entry = this.#outbox.find(id);
    if (!entry) return;
    this.#outbox.remove(id);
    this.#callbacks.delete(id);
    this.#emit({ type: "discarded", room: entry.room, payload: { entry } });
  }

  /**
   * Handles `welcome`. Another session does not recognise what an earlier one sent: messages that may
   * have arrived then wait for `retry`, so that nobody reads them twice.
   *
   * @param {{ as: string, isKnown: boolean }} user  `as`: the account; empty for a guest
   */
  welcomed({ as, isKnown }) {
    this.#as = as;
    const unconfirmed = isKnown ? [] : this.#outbox.unconfirmed().filter((entry) => entry.as === undefined);
    for (const entry of unconfirmed) this.#fail(entry, new Refusal({ code: "unconfirmed" }));
  }

  /** Starts sending: all missed events were emitted, so new messages follow them. */
  goLive() {
    this.#isLive = true;
    this.#flush();
  }

  /** Stops sending; entries in flight may or may not have arrived. */
  onDisconnect() {
    this.#isLive = false;
    this.#inFlight.clear();
  }

  /** Handles the answer to an entry. @param {ChatEvent} event */
  answer(event) {
    const entry = this.#outbox.find(event.re ?? "");
    if (!entry) return;
    this.#landed(entry);
    const refusal = event.type === "error" ? new Refusal(event.payload) : null;
    if (!refusal) this.#settle(entry, event);
    else if (refusal.retryable) this.#pauseRoom(entry.room, refusal.retryAfterMs);
    else this.#fail(entry, refusal);
    this.#flush();
  }

  #flush() {
    if (!this.#isLive) return;
    for (const entry of this.#outbox.heads(this.#as)) {
      const { id, type, room, payload } = entry;
      if (this.#inFlight.has(room) || this.#timers.runs(`pause ${room}`)) continue;
      const named = type === "direct_message" ? {} : { room };
      const text = encode({ type, id, ...named, payload: sentPayload(payload) });
      if (new TextEncoder().encode(text).length > this.frameMax) {
        // The server would close the connection each time.
        this.#fail(entry, new Refusal({ code: "too_long" }));
        continue;
      }
      this.#outbox.tried(entry);
      if (!this.#send(text)) continue;
      this.#inFlight.set(room, id);
      this.#await(entry);
    }
  }

  /** Watches for the answer to an entry. @param {Entry} entry */
  #await(entry) {
    const { id, room } = entry;
    this.#timers.start(`slow ${room}`, SLOW_MS, () => {
      this.#emit({ type: "slow", room, payload: { entry } });
      this.#probe();
    });
    this.#timers.start(`answer to ${id}`, ANSWER_MS, () => {
      this.#landed(entry);
      this.#fail(entry, new Refusal({ code: "no_answer" }));
      this.#flush();
    });
  }

  /** Handles that an entry is not in flight any more. @param {Entry} entry */
  #landed({ id, room }) {
    this.#inFlight.delete(room);
    this.#timers.stop(`slow ${room}`);
    this.#timers.stop(`answer to ${id}`);
  }

  /**
   * @param {Entry} entry
   * @param {ChatEvent} answer
   */
  #settle(entry, answer) {
    this.#outbox.remove(entry.id);
    this.#emit({ type: "settled", room: entry.room, payload: { entry, answer } });
    this.#callbacks.get(entry.id)?.resolve(answer);
    this.#callbacks.delete(entry.id);
  }

  /**
   * Pauses the whole room, to keep its order.
   *
   * @param {string} room
   * @param {number} after
   */
  #pauseRoom(room, after) {
    const wait = after < 0 ? PAUSE_MS : Math.min(after, PAUSE_MAX_MS);
    this.#timers.start(`pause ${room}`, wait, () => this.#flush());
  }

  /**
   * @param {Entry} entry
   * @param {Refusal} refusal
   */
  #fail(entry, refusal) {
    const { code, message } = refusal;
    this.#outbox.fail(entry.id, { code, message });
    this.#emit({ type: "failed", room: entry.room, payload: { entry } });
    this.#callbacks.get(entry.id)?.reject(refusal);
    this.#callbacks.delete(entry.id);
  }
}
