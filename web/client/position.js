/**
 * The position in a room's event sequence, and the events that arrived too early.
 *
 * The server numbers everything that changes a room from 1 without gaps (`seq`). A position releases
 * each numbered event once and in order. It knows no socket and no timer; `room-sync.js` requests what
 * is missing.
 *
 * @module
 */

/** Early events that are buffered; others are fetched again with the gap. */
export const BUFFERED_MAX = 1000;

/** @template {{ seq?: number }} T */
export class Position {
  /** The last released number. */
  seq = 0;

  /** The highest known number; `seq <= top`. */
  top = 0;

  /** False until the position is set, by the server or by the first event. */
  known = false;

  /** @type {Map<number, T>} */
  #buffered = new Map();

  /** Whether numbers up to `top` are missing. */
  get hasGap() {
    return this.known && this.seq < this.top;
  }

  /**
   * Takes a numbered event and returns the events that are released, in order: none if it is a duplicate
   * or too early, several if it closes a gap.
   *
   * @param {T & { seq: number }} event
   * @returns {T[]}
   */
  receive(event) {
    if (!this.known) this.start(event.seq - 1);
    if (event.seq <= this.seq) return [];
    this.noteTop(event.seq);
    if (event.seq > this.seq + 1) {
      if (this.#buffered.size < BUFFERED_MAX) this.#buffered.set(event.seq, event);
      return [];
    }
    this.seq = event.seq;
    return [event, ...this.#release()];
  }

  /**
   * Skips what was delivered another way (a history page, a lost range) and returns the buffered events
   * that follow.
   *
   * @param {number} seq
   * @returns {T[]}
   */
  advance(seq) {
    this.known = true;
    this.noteTop(seq);
    if (seq > this.seq) this.seq = seq;
    return this.#release();
  }

  /**
   * Records that the sequence reaches at least this number.
   *
   * @param {number} seq
   */
  noteTop(seq) {
    if (seq > this.top) this.top = seq;
  }

  /**
   * Restarts after this number: the room was just joined, or its old numbers are invalid.
   *
   * @param {number} seq
   */
  start(seq) {
    this.seq = seq;
    this.top = seq;
    this.known = true;
    this.#buffered.clear();
  }

  /** @returns {T[]} */
  #release() {
    const ready = [];
    for (const seq of this.#buffered.keys()) if (seq <= this.seq) this.#buffered.delete(seq);
    for (let next = this.#buffered.get(this.seq + 1); next; next = this.#buffered.get(this.seq + 1)) {
      this.seq += 1;
      this.#buffered.delete(this.seq);
      ready.push(next);
    }
    return ready;
  }
}
