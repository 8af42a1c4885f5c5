/**
 * What is asked over one connection and answered over the same, or never; and hints, which want no
 * answer at all.
 *
 * @module
 */

import { Refusal } from "./event.js";

/** @typedef {import("./event.js").ChatEvent} ChatEvent */
/** @typedef {{ resolve: (event: ChatEvent) => void, reject: (error: Error) => void, payload?: any }} Callbacks */

/** An answer that takes longer will not come. */
const ANSWER_MS = 15_000;

export class PendingRequests {
  #timers;
  #post;
  /** By id. @type {Map<string, Callbacks>} */
  #asked = new Map();
  /** The last hint of each type, by id. @type {Map<string, string>} */
  #hints = new Map();
  /** Types of hints that this server does not know. @type {Set<string>} */
  #unknown = new Set();

  /**
   * @param {import("./timers.js").Timers} timers
   * @param {(event: object) => boolean} post
   */
  constructor(timers, post) {
    this.#timers = timers;
    this.#post = post;
  }

  /**
   * Sends an event with an id and waits for its answer.
   *
   * @param {{ id: string, type: string, room?: string, payload?: any }} event
   * @returns {Promise<ChatEvent>}
   */
  ask(event) {
    const { id, payload } = event;
    return new Promise((resolve, reject) => {
      if (!this.#post(event)) {
        reject(new Error("offline"));
        return;
      }
      this.#asked.set(id, { resolve, reject, payload });
      this.#timers.start(`answer ${id}`, ANSWER_MS, () => {
        this.#asked.delete(id);
        reject(new Error("no answer"));
      });
    });
  }

  /**
   * Sends what may be lost. A server that does not know it is not told again: it counts errors.
   *
   * @param {{ id: string, type: string, room: string, payload: any }} event
   */
  hint(event) {
    const { id, type } = event;
    if (this.#unknown.has(type)) return;
    for (const [old, kind] of this.#hints) if (kind === type) this.#hints.delete(old);
    this.#hints.set(id, type);
    this.#post(event);
  }

  /** Whether this answers a hint: nobody else wants to hear of it. @param {ChatEvent} event */
  isHintAnswer({ re = "", payload }) {
    const type = this.#hints.get(re);
    if (type === undefined) return false;
    if (payload?.code === "unknown_type") this.#unknown.add(type);
    return true;
  }

  /** The payload of the question that this answers. @param {ChatEvent} event */
  asked({ re = "" }) {
    return this.#asked.get(re)?.payload;
  }

  /** Hands an answer to who asked. @param {ChatEvent} event */
  answer(event) {
    const { re = "" } = event;
    const asked = this.#asked.get(re);
    if (!asked) return;
    this.#asked.delete(re);
    this.#timers.stop(`answer ${re}`);
    if (event.type === "error") asked.reject(new Refusal(event.payload));
    else asked.resolve(event);
  }

  /** The connection is gone, and all answers with it. */
  rejectAll() {
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    this.#hints.clear();
    this.#unknown.clear();
    for (const { reject } of asked) reject(new Error("offline"));
  }
}
