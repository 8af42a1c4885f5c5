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
    const key = `${mid} ${room}`;
    if (this.#waiting.has(key)) return;
    const finish = () => {
      this.#end(key);
      this.#send(room, mid);
    };
    this.#waiting.set(key, { timer: setTimeout(finish, UNDO_MS), finish });
    this.#dispatch({ type: "ui_deleting", room, payload: { mid, on: true } });
  }

  /** @param {string} room @param {number} mid */
  undo(room, mid) {
    this.#end(`${mid} ${room}`);
    this.#dispatch({ type: "ui_deleting", room, payload: { mid, on: false } });
  }

  finishAll() {
    for (const { finish } of [...this.#waiting.values()]) finish();
  }

  /** @param {string} key */
  #end(key) {
    clearTimeout(this.#waiting.get(key)?.timer);
    this.#waiting.delete(key);
  }
}
