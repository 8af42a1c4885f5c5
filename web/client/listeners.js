/**
 * Listeners by event type.
 *
 * @module
 */

/** @typedef {import("./event.js").ChatEvent} ChatEvent */

export class Listeners {
  /** @type {Map<string, Set<(event: any) => void>>} */
  #byType = new Map();

  /**
   * Adds a listener.
   *
   * @param {string} type  `*` for all
   * @param {(event: any) => void} listener
   * @returns {() => void} removes it
   */
  add(type, listener) {
    const listeners = this.#byType.get(type) ?? new Set();
    this.#byType.set(type, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /** Calls the listeners of an event. @param {ChatEvent} event */
  emit(event) {
    for (const type of [event.type, "*"]) {
      for (const listener of this.#byType.get(type) ?? []) {
        try {
          listener(event);
        } catch (error) {
          // A listener's error is reported as uncaught and does not affect the others.
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    }
  }
}
