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
 * @typedef {object} Means
 * @property {import("./timers.js").Timers} timers
 * @property {(event: ChatEvent) => void} tell
 * @property {(type: string, payload: any, room?: string) => Promise<ChatEvent>} ask
 * @property {() => boolean} isOpen
 * @property {() => void} changed  something was filled
 * @property {number} history      messages of a page that shows a room anew
 */

/** How long missing numbers may take to come by themselves, before they are asked for. */
const HOLE_MS = 300;
/** How long the server may take to send what it announced. */
const RESUME_MS = 2_000;
/** A history page asked for to fill a hole. */
const PAGE_MAX = 200;

export class Records {
  #means;
  #session = "";
  #epoch = "";
  /** @type {Map<string, Position<any>>} */
  #positions = new Map();
  /** Rooms whose missed events are on their way. @type {Set<string>} */
  #awaited = new Set();
  /** Rooms being filled. @type {Set<string>} */
  #filling = new Set();
  /** Rooms that the server cannot fill now: nothing else waits for them. @type {Set<string>} */
  #stuck = new Set();
  /** Who waits for a room's `live`. @type {Map<string, () => void>} */
  #resuming = new Map();

  /** @param {Means} means */
  constructor(means) {
    this.#means = means;
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
  get isWhole() {
    if (this.#awaited.size > 0) return false;
    for (const [room, { hasHole }] of this.#positions) {
      if (hasHole && !this.#stuck.has(room)) return false;
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
      if (position.known) this.#awaited.add(room);
      if (isSeq(standing?.seq)) this.#standsAt(room, standing.seq);
    }
    this.#means.timers.start("resume", RESUME_MS, () => {
      this.#awaited.clear();
      this.#means.changed();
    });
  }

  /** The connection is gone. */
  halt() {
    this.#awaited.clear();
    this.#filling.clear();
    this.#stuck.clear();
    this.#resuming.clear();
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
  learn({ type, room = "", payload = {} }) {
    switch (type) {
      case "resumed":
        for (const [name, missed] of entriesOf(payload.rooms)) this.#resumed(name, missed);
        break;
      case "pong":
        this.#heardOf(payload.rooms);
        break;
      case "history":
        this.#heardOf({ [room]: payload.top });
        break;
      case "gap":
        this.#heardOf({ [room]: payload.to });
        break;
      case "live":
        this.#awaited.delete(room);
        this.#resuming.get(room)?.();
        this.#heardOf({ [room]: payload.seq });
        break;
      case "joined":
        if (isSeq(payload.seq)) this.#standsAt(room, payload.seq);
        break;
      default:
    }
  }

  /** Tells a numbered event in its turn. @param {ChatEvent & { room: string, seq: number }} event */
  take(event) {
    this.#tellAll(this.#position(event.room).take(event));
  }

  /** Sees to it that holes are filled. */
  fillHoles() {
    for (const [room, position] of this.#positions) {
      if (position.hasHole && !this.#awaited.has(room)) this.#fillSoon(room, HOLE_MS);
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
      this.#means.tell({ type: "lost", room, payload: lost });
      this.#tellAll(position.advance(lost.to));
    }
  }

  /** What is known of the room is void: it is shown anew. @param {string} room @param {string} why */
  #reset(room, why) {
    this.#means.tell({ type: "reset", room, payload: { why } });
    this.#means.ask("history", { limit: this.#means.history }, room).catch(() => {});
  }

  /** @param {string} room @param {number} seq */
  #standsAt(room, seq) {
    const position = this.#position(room);
    if (position.known) position.heardOf(seq);
    else position.start(seq);
  }

  /** @param {unknown} tops  by room */
  #heardOf(tops) {
    for (const [room, top] of entriesOf(tops)) {
      if (isSeq(top)) this.#positions.get(room)?.heardOf(top);
    }
  }

  /** @param {string} room @param {number} ms */
  #fillSoon(room, ms) {
    const { timers } = this.#means;
    if (this.#filling.has(room) || timers.runs(`hole ${room}`)) return;
    timers.start(`hole ${room}`, ms, () => this.#fill(room));
  }

  /** @param {string} room */
  async #fill(room) {
    const position = this.#position(room);
    this.#filling.add(room);
    try {
      while (position.hasHole) {
        const before = position.seq;
        await this.#resume(room, before);
        if (position.seq === before) await this.#page(room, position);
        if (position.seq === before) this.#giveUp(room, position);
      }
      this.#stuck.delete(room);
    } catch (error) {
      // Only a server that refuses for good can be known not to have it.
      if (error instanceof Refusal && !error.retryable) this.#giveUp(room, position);
      else this.#stuck.add(room);
    }
    this.#filling.delete(room);
    if (!this.#means.isOpen()) return;
    if (position.hasHole) this.#fillSoon(room, RESUME_MS);
    this.#means.changed();
  }

  /**
   * Asks for the events after `seq` and waits until they are here.
   *
   * @param {string} room
   * @param {number} seq
   */
  async #resume(room, seq) {
    const { timers, ask } = this.#means;
    /** @type {Promise<void>} */
    const live = new Promise((resolve) => {
      this.#resuming.set(room, resolve);
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
      this.#resuming.delete(room);
      timers.stop(`live ${room}`);
    }
  }

  /** @param {string} room @param {Position<any>} position */
  async #page(room, position) {
    const page = { after: position.seq, limit: PAGE_MAX };
    const { payload = {} } = await this.#means.ask("history", page, room);
    // The last page stands for all up to the top: what is no message there was folded in.
    const end = payload.more ? payload.last : Math.max(payload.last ?? 0, payload.top ?? 0);
    if (isSeq(end)) this.#tellAll(position.advance(end));
  }

  /**
   * Says honestly that a range cannot be had, and goes on behind it.
   *
   * @param {string} room
   * @param {Position<any>} position
   */
  #giveUp(room, position) {
    const lost = { from: position.seq + 1, to: position.top, why: "unknown" };
    this.#means.tell({ type: "lost", room, payload: lost });
    this.#tellAll(position.advance(position.top));
  }

  /** @param {ChatEvent[]} events */
  #tellAll(events) {
    for (const event of events) this.#means.tell(event);
  }

  /** @param {string} room @returns {Position<any>} */
  #position(room) {
    let position = this.#positions.get(room);
    if (!position) this.#positions.set(room, (position = new Position()));
    return position;
  }
}
