/**
 * The phase of the connection, and how much of it is announced: a restart of the server that is over
 * in the promised time is not.
 *
 * @module
 */

/** @typedef {import("./options.js").Phase} Phase */

export class PhaseTracker {
  /** The phase. @type {Phase} */
  current = "idle";

  /** The phase as it was last announced. @type {Phase} */
  announced = "idle";

  #isPaused = false;
  #announce;

  /** @param {(phase: Phase, why: object) => void} announce */
  constructor(announce) {
    this.#announce = announce;
  }

  /** @param {Phase} phase @param {object} [why] */
  set(phase, why = {}) {
    this.current = phase;
    if (this.#isPaused && (phase === "connecting" || phase === "catching_up")) return;
    const isOver = this.#isPaused && phase === this.announced;
    this.#isPaused = false;
    if (isOver) return;
    this.announced = phase;
    this.#announce(phase, why);
  }

  /** Handles a loss that is not announced, nor what follows, until the connection is live again or gone. */
  pause() {
    this.current = "offline";
    this.#isPaused = true;
  }
}
