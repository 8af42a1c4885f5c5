/**
 * Requests that are answered on the same connection or never, and hints, which need no answer.
 *
 * @module
 */

import { Refusal } from "./event.js";

/** @typedef {import("./event.js").ChatEvent} ChatEvent */
/** @typedef {{ resolve: (event: ChatEvent) => void, reject: (error: Error) => void, payload?: any }} Callbacks */

/** Time limit for an answer. */
const ANSWER_MS = 15_000;

export class PendingRequests {
  #timers;
  #send;
  /** By id. @type {Map<string, Callbacks>} */
  #requests = new Map();
  /** The last hint of each type, by id. @type {Map<string, string>} */
  #hints = new Map();
  /** Types of hints that the server does not support. @type {Set<string>} */
  #unknown = new Set();

  /**
   * @param {import("./timers.js").Timers} timers
   * @param {(event: object) => boolean} send
   */
  constructor(timers, send) {
    this.#timers = timers;
    this.#send = send;
  }

  /**
   * Sends a request; resolves with its answer.
   *
   * @param {{ id: string, type: string, room?: string, payload?: any }} event
   * @returns {Promise<ChatEvent>}
   */
  ask(event) {
    const { id, payload } = event;
    return new Promise((resolve, reject) => {
      if (!this.#send(event)) {
        reject(new Error("offline"));
        return;
      }
      this.#requests.set(id, { resolve, reject, payload });
      this.#timers.start(`answer ${id}`, ANSWER_MS, () => {
        this.#requests.delete(id);
        reject(new Error("no answer"));
      });
    });
  }

  /**
   * Sends a hint, which may be lost. A type that the server does not support is not sent again, because
   * the server counts errors.
   *
   * @param {{ id: string, type: string, room: string, payload: any }} event
   */
  hint(event) {
    const { id, type } = event;
    if (this.#unknown.has(type)) return;
    for (const [old, kind] of this.#hints) if (kind === type) this.#hints.delete(old);
    this.#hints.set(id, type);
    this.#send(event);
  }

  /** Whether this answers a hint, and is thus of no interest to others. @param {ChatEvent} event */
  isHintAnswer({ re = "", payload }) {
    const type = this.#hints.get(re);
    if (type === undefined) return false;
    if (payload?.code === "unknown_type") this.#unknown.add(type);
    return true;
  }

  /** Returns the payload of the request that this answers. @param {ChatEvent} event */
  asked({ re = "" }) {
    return this.#requests.get(re)?.payload;
  }

  /** Settles the request that this answers. @param {ChatEvent} event */
  answer(event) {
    const { re = "" } = event;
    const request = this.#requests.get(re);
    if (!request) return;
    this.#requests.delete(re);
    this.#timers.stop(`answer ${re}`);
    if (event.type === "error") request.reject(new Refusal(event.payload));
    else request.resolve(event);
  }

  /** Rejects all requests: the connection is lost. */
  rejectAll() {
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    this.#hints.clear();
    this.#unknown.clear();
    for (const { reject } of requests) reject(new Error("offline"));
  }
}
