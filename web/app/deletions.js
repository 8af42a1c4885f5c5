/**
 * Deletions that the reader can still undo. Each is sent when its time is over, or when the page goes.
 *
 * @module
 */

/** Time in which a deletion can be undone. */
const UNDO_MS = 8_000;

export class Deletions {
  #send;
  #dispatch;
  /** Timers by room and message. @type {Map<string, { timer: ReturnType<typeof setTimeout>, finish: () => void }>} */
  #waiting = new Map();

  /**
   * @param {(room: string, mid: number) => void} send
   * @param {(event: import("../client/event.js").ChatEvent) => void} dispatch
   */
  constructor(send, dispatch) {
    this.#send = send;
    this.#dispatch = dispatch;
    addEventListener("pagehide", () => this.finishAll());
  }

  /** @param {string} room @param {number} mid */
  begin(room, mid) {
    const key = keyOf(room, mid);
    if (this.#waiting.has(key)) return;
    const finish = () => {
      this.#send(room, mid);
      this.#end(room, mid);
    };
    this.#waiting.set(key, { timer: setTimeout(finish, UNDO_MS), finish });
    this.#dispatch({ type: "ui_deleting", room, payload: { mid, on: true } });
  }

  /** @param {string} room @param {number} mid */
  undo(room, mid) {
    this.#end(room, mid);
  }

  finishAll() {
    for (const { finish } of [...this.#waiting.values()]) finish();
  }

  /** @param {string} room @param {number} mid */
  #end(room, mid) {
    const key = keyOf(room, mid);
    clearTimeout(this.#waiting.get(key)?.timer);
    this.#waiting.delete(key);
    this.#dispatch({ type: "ui_deleting", room, payload: { mid, on: false } });
  }
}

/** @param {string} room @param {number} mid */
function keyOf(room, mid) {
  return `${mid} ${room}`;
}
