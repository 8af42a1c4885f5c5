/**
 * The synchronisation of all rooms: which events were emitted, and how missing ones are fetched.
 *
 * After a reconnect the server replays missed events by itself. A gap that appears later (an early
 * event, a `gap`, a `pong` with a higher number) is filled with the events themselves by `resume`, or,
 * if the server does not send them, with messages by `history`.
 *
 * @module
 */

import { Refusal, entriesOf, isSeq } from "./event.js";
import { Position } from "./position.js";

/** @typedef {import("./event.js").ChatEvent} ChatEvent */

/**
 * @typedef {object} Context
 * @property {import("./timers.js").Timers} timers
 * @property {(event: ChatEvent) => void} emit
 * @property {(type: string, payload: any, room?: string) => Promise<ChatEvent>} ask
 * @property {() => boolean} isOpen
 * @property {() => void} changed  a gap was filled or given up
 * @property {number} history      messages requested after a reset
 */

/** Delay before missing events are requested: they may arrive by themselves. */
const GAP_MS = 300;
/** Time limit for events that the server announced. */
const RESUME_MS = 2_000;
/** Messages per page that fills a gap. */
const PAGE_MAX = 200;

export class RoomSync {
  #context;
  #session = "";
  #epoch = "";
  /** @type {Map<string, Position<any>>} */
  #positions = new Map();
  /** Rooms whose missed events are being replayed. @type {Set<string>} */
  #replaying = new Set();
  /** Rooms with a gap that is being filled. @type {Set<string>} */
  #filling = new Set();
  /** Rooms with a gap that the server cannot fill now; they do not delay the others. @type {Set<string>} */
  #unavailable = new Set();
  /** Callbacks for the `live` of a room. @type {Map<string, () => void>} */
  #waitingForLive = new Map();

  /** @param {Context} context */
  constructor(context) {
    this.#context = context;
  }

  get epoch() {
    return this.#epoch;
  }

  /** Returns the last emitted `seq` of a room, if it is known. @param {string} room */
  seqOf(room) {
    const position = this.#epoch ? this.#positions.get(room) : undefined;
    return position?.known ? position.seq : undefined;
  }

  /** Whether no room waits for events. */
  get isComplete() {
    if (this.#replaying.size > 0) return false;
    for (const [room, { hasGap }] of this.#positions) {
      if (hasGap && !this.#unavailable.has(room)) return false;
    }
    return true;
  }

  /**
   * Handles `welcome`, which has the position of each room.
   *
   * @param {[string, any][]} rooms
   * @param {string} session
   * @param {string} epoch
   */
  welcomed(rooms, session, epoch) {
    const isNewEpoch = this.#epoch !== "" && this.#epoch !== epoch;
    this.#session = session;
    this.#epoch = epoch;
    for (const room of isNewEpoch ? [...this.#positions.keys()] : []) {
      this.#positions.delete(room);
      this.#reset(room, "epoch");
    }
    for (const [room, fields] of rooms) {
      const position = this.#position(room);
      if (position.known) this.#replaying.add(room);
      if (isSeq(fields?.seq)) this.#startAt(room, fields.seq);
    }
    this.#context.timers.start("resume", RESUME_MS, () => {
      this.#replaying.clear();
      this.#context.changed();
    });
  }

  /** Resets what belongs to the lost connection. */
  onDisconnect() {
    this.#replaying.clear();
    this.#filling.clear();
    this.#unavailable.clear();
    this.#waitingForLive.clear();
  }

  /** @param {string} room */
  forget(room) {
    this.#positions.delete(room);
  }

  /**
   * Updates positions from an event, before it is emitted.
   *
   * @param {ChatEvent} event
   */
  observe({ type, room = "", payload = {} }) {
    switch (type) {
      case "resumed":
        for (const [name, missed] of entriesOf(payload.rooms)) this.#onResumed(name, missed);
        break;
      case "pong":
        this.#noteTops(payload.rooms);
        break;
      case "history":
        this.#noteTops({ [room]: payload.top });
        break;
      case "gap":
        this.#noteTops({ [room]: payload.to });
        break;
      case "live":
        this.#replaying.delete(room);
        this.#waitingForLive.get(room)?.();
        this.#noteTops({ [room]: payload.seq });
        break;
      case "joined":
        if (isSeq(payload.seq)) this.#startAt(room, payload.seq);
        break;
      default:
    }
  }

  /** Emits a numbered event in its turn. @param {ChatEvent & { room: string, seq: number }} event */
  receive(event) {
    this.#emitAll(this.#position(event.room).receive(event));
  }

  /** Starts filling gaps. */
  fillGaps() {
    for (const [room, position] of this.#positions) {
      if (position.hasGap && !this.#replaying.has(room)) this.#fillSoon(room, GAP_MS);
    }
  }

  /** @param {string} room @param {any} missed */
  #onResumed(room, { complete, lost, to } = /** @type {any} */ ({})) {
    if (complete !== false || !lost) return;
    const position = this.#position(room);
    if (lost.why === "unknown") {
      position.start(isSeq(to) ? to : 0);
      this.#reset(room, "unknown");
    } else if (lost.why !== "page" && isSeq(lost.to)) {
      this.#context.emit({ type: "lost", room, payload: lost });
      this.#emitAll(position.advance(lost.to));
    }
  }

  /** Discards what is known of a room and loads its history again. @param {string} room @param {string} why */
  #reset(room, why) {
    this.#context.emit({ type: "reset", room, payload: { why } });
    this.#context.ask("history", { limit: this.#context.history }, room).catch(() => {});
  }

  /** @param {string} room @param {number} seq */
  #startAt(room, seq) {
    const position = this.#position(room);
    if (position.known) position.noteTop(seq);
    else position.start(seq);
  }

  /** @param {unknown} tops  by room */
  #noteTops(tops) {
    for (const [room, top] of entriesOf(tops)) {
      if (isSeq(top)) this.#positions.get(room)?.noteTop(top);
    }
  }

  /** @param {string} room @param {number} ms */
  #fillSoon(room, ms) {
    const { timers } = this.#context;
    if (this.#filling.has(room) || timers.runs(`gap ${room}`)) return;
    timers.start(`gap ${room}`, ms, () => this.#fill(room));
  }

  /** @param {string} room */
  async #fill(room) {
    const position = this.#position(room);
    this.#filling.add(room);
    try {
      while (position.hasGap) {
        const before = position.seq;
        await this.#resume(room, before);
        if (position.seq === before) await this.#page(room, position);
        if (position.seq === before) this.#skipGap(room, position);
      }
      this.#unavailable.delete(room);
    } catch (error) {
      // Only a final refusal means that the server does not have the events.
      if (error instanceof Refusal && !error.retryable) this.#skipGap(room, position);
      else this.#unavailable.add(room);
    }
    this.#filling.delete(room);
    if (!this.#context.isOpen()) return;
    if (position.hasGap) this.#fillSoon(room, RESUME_MS);
    this.#context.changed();
  }

  /**
   * Requests the events after `seq` and waits until they have arrived.
   *
   * @param {string} room
   * @param {number} seq
   */
  async #resume(room, seq) {
    const { timers, ask } = this.#context;
    /** @type {Promise<void>} */
    const live = new Promise((resolve) => {
      this.#waitingForLive.set(room, resolve);
      timers.start(`live ${room}`, RESUME_MS, resolve);
    });
    try {
      const rooms = { [room]: seq };
      await ask("resume", { session: this.#session, epoch: this.#epoch, rooms });
      await live;
    } catch (error) {
      // A server without `resume` may still have `history`.
      if (!(error instanceof Refusal) || error.retryable) throw error;
    } finally {
      this.#waitingForLive.delete(room);
      timers.stop(`live ${room}`);
    }
  }

  /** @param {string} room @param {Position<any>} position */
  async #page(room, position) {
    const page = { after: position.seq, limit: PAGE_MAX };
    const { payload = {} } = await this.#context.ask("history", page, room);
    // The last page covers everything up to the top: other events are applied to its messages.
    const end = payload.more ? payload.last : Math.max(payload.last ?? 0, payload.top ?? 0);
    if (isSeq(end)) this.#emitAll(position.advance(end));
  }

  /**
   * Reports a gap as lost and continues after it.
   *
   * @param {string} room
   * @param {Position<any>} position
   */
  #skipGap(room, position) {
    const lost = { from: position.seq + 1, to: position.top, why: "unknown" };
    this.#context.emit({ type: "lost", room, payload: lost });
    this.#emitAll(position.advance(position.top));
  }

  /** @param {ChatEvent[]} events */
  #emitAll(events) {
    for (const event of events) this.#context.emit(event);
  }

  /** @param {string} room @returns {Position<any>} */
  #position(room) {
    let position = this.#positions.get(room);
    if (!position) this.#positions.set(room, (position = new Position()));
    return position;
  }
}
