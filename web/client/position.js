/**
 * How far a room's record has been told, and what still has to wait.
 *
 * The server numbers everything that changes a room from 1 without holes (`seq`). This keeps the
 * promise of the library: each numbered event is told once and in order. It knows no socket and no
 * timer; asking for what is missing is the business of `../chinwag.js`.
 *
 * @module
 */

/** Events that came before their turn and are kept; what is beyond is fetched again with the hole. */
export const BUFFERED_MAX = 1000;

/** @template {{ seq?: number }} T */
export class Position {
  /** Everything up to here has been told. */
  seq = 0;

  /** The highest number heard of; `seq <= top`. */
  top = 0;

  /** False until the server has said where the room stands: then the first number sets the place. */
  known = false;

  /** @type {Map<number, T>} */
  #buffered = new Map();

  /** Whether something is known to exist that has not been told. */
  get hasGap() {
    return this.known && this.seq < this.top;
  }

  /**
   * Takes a numbered event and returns what may be told now, in order: nothing for one that was
   * told before or that came too early, several when it closed a hole.
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
   * Moves on over what has been told another way (a history page, a range that is lost) and
   * returns the waiting events that follow.
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
   * Notes that the record reaches at least this far.
   *
   * @param {number} seq
   */
  noteTop(seq) {
    if (seq > this.top) this.top = seq;
  }

  /**
   * Starts anew after this number: the room was just joined, or its old numbers mean nothing.
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
