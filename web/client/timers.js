/**
 * Timers named by purpose, which a lost connection can stop together.
 *
 * @module
 */

/**
 * A source of time; tests use their own.
 *
 * @typedef {object} Clock
 * @property {() => number} now  milliseconds from any origin
 * @property {(run: () => void, ms: number) => any} set
 * @property {(timer: any) => void} clear
 */

/** @type {Clock} */
export const realClock = {
  now: () => performance.now(),
  set: (run, ms) => setTimeout(run, ms),
  clear: (timer) => clearTimeout(timer),
};

export class Timers {
  #clock;
  /** @type {Map<string, any>} */
  #running = new Map();

  /** @param {Clock} clock */
  constructor(clock) {
    this.#clock = clock;
  }

  now() {
    return this.#clock.now();
  }

  /**
   * Starts a timer, replacing one of the same purpose.
   *
   * @param {string} purpose
   * @param {number} ms
   * @param {() => void} run
   */
  start(purpose, ms, run) {
    this.stop(purpose);
    const timer = this.#clock.set(() => {
      this.#running.delete(purpose);
      run();
    }, ms);
    this.#running.set(purpose, timer);
  }

  /** @param {string} purpose */
  stop(purpose) {
    this.#clock.clear(this.#running.get(purpose));
    this.#running.delete(purpose);
  }

  /** @param {string} purpose */
  runs(purpose) {
    return this.#running.has(purpose);
  }

  stopAll() {
    for (const timer of this.#running.values()) this.#clock.clear(timer);
    this.#running.clear();
  }
}
