/**
 * The records of all rooms: what has been told, what is on its way, and how what is missing is got.
 *
 * After a reconnect the server sends by itself what was missed. A hole that shows later (an event
 * that came too early, a `gap`, a `pong` that knows of more) is filled: with the events themselves
 * by `resume`, and where the server does not send these, with messages by `history`.
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
 * @property {() => void} changed  something was filled
 * @property {number} history      messages of a page that shows a room anew
 */

/** How long missing numbers may receive to come by themselves, before they are asked for. */
const GAP_MS = 300;
/** How long the server may receive to send what it announced. */
const RESUME_MS = 2_000;
/** A history page asked for to fill a hole. */
const PAGE_MAX = 200;

export class RoomSync {
  #context;
  #session = "";
  #epoch = "";
  /** @type {Map<string, Position<any>>} */
  #positions = new Map();
  /** Rooms whose missed events are on their way. @type {Set<string>} */
  #replaying = new Set();
  /** Rooms being filled. @type {Set<string>} */
  #filling = new Set();
  /** Rooms that the server cannot fill now: nothing else waits for them. @type {Set<string>} */
  #unavailable = new Set();
  /** Who waits for a room's `live`. @type {Map<string, () => void>} */
  #waitingForLive = new Map();

  /** @param {Context} context */
  constructor(context) {
    this.#context = context;
  }

  get epoch() {
    return this.#epoch;
  }

  /** The last `seq` told of a room, if numbers mean anything. @param {string} room */
  seqOf(room) {
    const position = this.#epoch ? this.#positions.get(room) : undefined;
    return position?.known ? position.seq : undefined;
  }

  /** Whether nothing is missing that will soon be there. */
  get isComplete() {
    if (this.#replaying.size > 0) return false;
    for (const [room, { hasGap }] of this.#positions) {
      if (hasGap && !this.#unavailable.has(room)) return false;
    }
    return true;
  }

  /**
   * The server has said where the rooms stand.
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
    for (const [room, standing] of rooms) {
      const position = this.#position(room);
      if (position.known) this.#replaying.add(room);
      if (isSeq(standing?.seq)) this.#startAt(room, standing.seq);
    }
    this.#context.timers.start("resume", RESUME_MS, () => {
      this.#replaying.clear();
      this.#context.changed();
    });
  }

  /** The connection is gone. */
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
   * Learns from an event where its room stands, before the event is told.
   *
   * @param {ChatEvent} event
   */
  observe({ type, room = "", payload = {} }) {
    switch (type) {
      case "resumed":
        for (const [name, missed] of entriesOf(payload.rooms)) this.#resumed(name, missed);
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

  /** Tells a numbered event in its turn. @param {ChatEvent & { room: string, seq: number }} event */
  receive(event) {
    this.#emitAll(this.#position(event.room).receive(event));
  }

  /** Sees to it that holes are filled. */
  fillGaps() {
    for (const [room, position] of this.#positions) {
      if (position.hasGap && !this.#replaying.has(room)) this.#fillSoon(room, GAP_MS);
    }
  }

  /** @param {string} room @param {any} missed */
  #resumed(room, { complete, lost, to } = /** @type {any} */ ({})) {
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

  /** What is known of the room is void: it is shown anew. @param {string} room @param {string} why */
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
    if (this.#filling.has(room) || timers.runs(`hole ${room}`)) return;
    timers.start(`hole ${room}`, ms, () => this.#fill(room));
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
      // Only a server that refuses for good can be known not to have it.
      if (error instanceof Refusal && !error.retryable) this.#skipGap(room, position);
      else this.#unavailable.add(room);
    }
    this.#filling.delete(room);
    if (!this.#context.isOpen()) return;
    if (position.hasGap) this.#fillSoon(room, RESUME_MS);
    this.#context.changed();
  }

  /**
   * Asks for the events after `seq` and waits until they are here.
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
      // A server that does not know how may still have a history.
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
    // The last page stands for all up to the top: what is no message there was folded in.
    const end = payload.more ? payload.last : Math.max(payload.last ?? 0, payload.top ?? 0);
    if (isSeq(end)) this.#emitAll(position.advance(end));
  }

  /**
   * Says honestly that a range cannot be had, and goes on behind it.
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
