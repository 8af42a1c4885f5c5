/**
 * Who hears of which events.
 *
 * @module
 */

/** @typedef {import("./event.js").ChatEvent} ChatEvent */

export class Listeners {
  /** @type {Map<string, Set<(event: any) => void>>} */
  #byType = new Map();

  /**
   * @param {string} type
   * @param {(event: any) => void} listener
   * @returns {() => void} ends it
   */
  add(type, listener) {
    const listeners = this.#byType.get(type) ?? new Set();
    this.#byType.set(type, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /** @param {ChatEvent} event */
  emit(event) {
    for (const type of [event.type, "*"]) {
      for (const listener of this.#byType.get(type) ?? []) {
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
}
