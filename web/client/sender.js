/**
 * Sends what stands in the outbox until the server has answered.
 *
 * One entry is under way per room, so that a refusal never changes the order.
 *
 * @module
 */

import { Refusal } from "./event.js";

/** @typedef {import("./event.js").ChatEvent} ChatEvent */
/** @typedef {import("./outbox.js").Entry} Entry */
/** @typedef {import("./pending-requests.js").Waiting} Waiting */

/** A refusal may ask for a wait; no longer than this is believed. */
const POSTPONE_MAX_MS = 60_000;
/** And if it names none. */
const POSTPONE_MS = 1_000;

export class Sender {
  /** Bytes that the server takes in one WebSocket message. */
  frameMax = Infinity;

  #outbox;
  #timers;
  #send;
  #tell;
  /** Who waits for an answer, by id. @type {Map<string, Waiting>} */
  #waiting = new Map();
  /** The entry on its way in each room, by room. @type {Map<string, string>} */
  #underWay = new Map();
  #isLive = false;
  #saidAt = 0;

  /**
   * @param {import("./outbox.js").Outbox} outbox
   * @param {import("./timers.js").Timers} timers
   * @param {(text: string) => boolean} send
   * @param {(event: ChatEvent) => void} tell
   */
  constructor(outbox, timers, send, tell) {
    this.#outbox = outbox;
    this.#timers = timers;
    this.#send = send;
    this.#tell = tell;
  }

  /**
   * @param {string} id
   * @param {string} type
   * @param {string} room
   * @param {any} payload
   * @returns {Promise<ChatEvent>} the answer
   */
  submit(id, type, room, payload) {
    // A clock that goes back must not change the order.
    this.#saidAt = Math.max(Date.now(), this.#saidAt + 1);
    const entry = { id, type, room, payload, at: this.#saidAt, tried: false };
    /** @type {Promise<ChatEvent>} */
    const done = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    // Who does not wait for the answer hears of a failure through `failed`.
    done.catch(() => {});
    this.#outbox.add(entry);
    this.#tell({ type: "queued", room, payload: { entry } });
    this.#flush();
    return done;
  }

  /** @param {string} id */
  retry(id) {
    const entry = this.#outbox.retry(id);
    if (!entry) return;
    this.#tell({ type: "queued", room: entry.room, payload: { entry } });
    this.#flush();
  }

  /** @param {string} id */
  discard(id) {
    const entry = this.#outbox.find(id);
    if (!entry) return;
    this.#outbox.remove(id);
    this.#waiting.delete(id);
    this.#tell({ type: "discarded", room: entry.room, payload: { entry } });
  }

  /** All that was missed is told: what is said now has its place behind it. */
  goLive() {
    this.#isLive = true;
    this.#flush();
  }

  /** The connection is gone; what was under way may or may not have arrived. */
  halt() {
    this.#isLive = false;
    this.#underWay.clear();
  }

  /** Takes the answer to an entry. @param {ChatEvent} event */
  answer(event) {
    const entry = this.#outbox.find(event.re ?? "");
    if (!entry) return;
    this.#underWay.delete(entry.room);
    const refusal = event.type === "error" ? new Refusal(event.payload) : null;
    if (!refusal) this.#settle(entry, event);
    else if (refusal.retryable) this.#postpone(entry.room, refusal.retryAfterMs);
    else this.#fail(entry, refusal);
    this.#flush();
  }

  #flush() {
    if (!this.#isLive) return;
    for (const entry of this.#outbox.heads()) {
      const { id, type, room, payload } = entry;
      if (this.#underWay.has(room) || this.#timers.runs(`pause ${room}`)) continue;
      const named = type === "direct_message" ? {} : { room };
      const text = JSON.stringify({ type, id, ...named, payload });
      if (new TextEncoder().encode(text).length > this.frameMax) {
        // The server would close the connection over it, again and again.
        this.#fail(entry, new Refusal({ code: "too_long" }));
        continue;
      }
      this.#outbox.tried(entry);
      if (this.#send(text)) this.#underWay.set(room, id);
    }
  }

  /**
   * @param {Entry} entry
   * @param {ChatEvent} answer
   */
  #settle(entry, answer) {
    this.#outbox.remove(entry.id);
    this.#tell({ type: "settled", room: entry.room, payload: { entry, answer } });
    this.#waiting.get(entry.id)?.resolve(answer);
    this.#waiting.delete(entry.id);
  }

  /**
   * Lets the whole room wait, so that nothing overtakes.
   *
   * @param {string} room
   * @param {number} after
   */
  #postpone(room, after) {
    const wait = after < 0 ? POSTPONE_MS : Math.min(after, POSTPONE_MAX_MS);
    this.#timers.start(`pause ${room}`, wait, () => this.#flush());
  }

  /**
   * @param {Entry} entry
   * @param {Refusal} refusal
   */
  #fail(entry, refusal) {
    const { code, message } = refusal;
    this.#outbox.fail(entry.id, { code, message });
    this.#tell({ type: "failed", room: entry.room, payload: { entry } });
    this.#waiting.get(entry.id)?.reject(refusal);
    this.#waiting.delete(entry.id);
  }
}
