/**
 * A WebSocket connection that is re-established when it is lost.
 *
 * It decides when to reconnect and when not to, and detects a dead connection by pings. `../chinwag.js`
 * interprets the messages and reports `welcome` and `bye` to it.
 *
 * @module
 */

import { Timers } from "./timers.js";

/** JSON whatever the server's default, and 1012 when it restarts. */
const SUBPROTOCOL = "chat.v1";
/** Full jitter: the delay is random between zero and this, doubled with each failure. */
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 30_000;
/** The longest delay while somebody looks. */
const RETRY_WATCHED_MAX_MS = 5_000;
/** Close code of an expired login: reconnecting would mean becoming a guest. */
const EXPIRED = 4105;
/** Failures that a close code 41xx, which asks for a longer delay, counts as at least. */
const BACK_OFF_FAILURES = 4;
/** Time after which a connection counts as a success. */
const STABLE_MS = 10_000;
/** Time limit from opening the socket to `welcome`. */
const WELCOME_MS = 15_000;
/** Silence after which a ping is sent, and the time limit for its answer. */
const SILENCE_MS = 25_000;
const PONG_MS = 10_000;
/** Time limit for the answer to a ping after the page slept or the network changed. */
const PROBE_MS = 4_000;
/** Time beyond that named by `bye` in which a restart is not reported as a loss. */
const RESTART_MS = 10_000;
/** The longest delay of a restart that is kept quiet: who waits longer is to know why. */
const RESTART_DELAY_MAX_MS = 15_000;

/**
 * @typedef {object} Handlers
 * @property {() => string} url            URL of the next attempt
 * @property {(data: unknown) => void} received
 * @property {() => void} ping                 sends an event that the server answers
 * @property {() => void} connecting           an attempt starts
 * @property {() => Promise<import("./http-api.js").Rejection | null>} explainFailure  returns why an attempt failed, if known
 * @property {(why: { code: number, reason: string, retry_in_ms: number }) => void} lost
 * @property {() => void} paused               the server restarts, and the connection will be back shortly
 * @property {(why: { code: number, reason: string }) => void} stopped  no attempt follows
 */

export class Connection {
  #Socket;
  #handlers;
  #random;
  #isWatched;
  #timers;
  /** @type {any} */
  #socket = null;
  #failures = 0;
  /** The delay requested by `bye`, in ms. @type {number | null} */
  #retryAfter = null;
  #isFinal = false;
  /** Until when the loss of the connection is part of a restart. */
  #restartUntil = -Infinity;
  #hasOpened = false;
  #receivedAt = 0;

  /**
   * @param {Handlers} handlers
   * @param {{ WebSocket?: any, clock: import("./timers.js").Clock, random?: () => number, isWatched?: () => boolean }} context
   */
  constructor(handlers, { WebSocket, clock, random, isWatched }) {
    this.#handlers = handlers;
    this.#Socket = WebSocket ?? globalThis.WebSocket;
    this.#random = random ?? Math.random;
    this.#isWatched = isWatched ?? (() => false);
    this.#timers = new Timers(clock);
  }

  get isOpen() {
    return this.#socket?.readyState === 1;
  }

  /** Connects now, unless there is a socket. */
  open() {
    if (this.#socket) return;
    this.#timers.stop("retry");
    this.#retryAfter = null;
    this.#isFinal = false;
    this.#handlers.connecting();
    let socket;
    try {
      socket = new this.#Socket(this.#handlers.url(), SUBPROTOCOL);
    } catch (error) {
      this.#lost(1006, String(error));
      return;
    }
    this.#socket = socket;
    this.#hasOpened = false;
    const isOurs = () => this.#socket === socket;
    socket.onmessage = (/** @type {{ data: unknown }} */ { data }) => {
      if (!isOurs()) return;
      this.#receivedAt = this.#timers.now();
      this.#handlers.received(data);
    };
    socket.onopen = () => {
      if (isOurs()) this.#hasOpened = true;
    };
    // An error is followed by a close.
    socket.onerror = () => {};
    socket.onclose = (/** @type {{ code: number, reason: string }} */ { code, reason }) => {
      if (!isOurs()) return;
      this.#lost(code, String(reason));
      if (!this.#hasOpened && code === 1006) this.#explainFailure();
    };
    this.#timers.start("welcome", WELCOME_MS, () => this.#lost(1006, ""));
  }

  /** Closes the connection for good. */
  stop() {
    this.refuse({ code: 1000, reason: "" });
  }

  /** Closes the connection for a reason; no attempt follows. @param {{ code: number, reason: string }} why */
  refuse(why) {
    this.#detach();
    this.#handlers.stopped(why);
  }

  /** Closes the connection and connects again. */
  reopen() {
    this.#detach();
    this.#failures = 0;
    this.open();
  }

  /** Checks the connection now: skips the delay before a retry, or pings. */
  probe() {
    if (this.#timers.runs("retry")) this.open();
    else if (this.isOpen && !this.#timers.runs("welcome")) this.#ping(PROBE_MS);
  }

  /**
   * @param {string} text
   * @returns {boolean} whether the socket accepted it
   */
  send(text) {
    if (!this.isOpen) return false;
    try {
      this.#socket.send(text);
      return true;
    } catch {
      return false;
    }
  }

  /** Handles `welcome`: the connection is established. */
  welcomed() {
    this.#timers.stop("welcome");
    this.#timers.start("stable", STABLE_MS, () => {
      this.#failures = 0;
    });
    this.#watchSilence();
  }

  /**
   * Handles `bye`: it may set the delay before the next attempt, or forbid attempts.
   *
   * @param {{ after_ms?: unknown, reconnect?: unknown }} payload
   */
  bye({ after_ms, reconnect }) {
    this.#isFinal = reconnect === false;
    if (typeof after_ms !== "number") return;
    this.#retryAfter = Math.min(Math.max(0, after_ms), 300_000);
    const isShort = reconnect === true && this.#retryAfter <= RESTART_DELAY_MAX_MS;
    if (isShort) this.#restartUntil = this.#timers.now() + this.#retryAfter + RESTART_MS;
  }

  /** Ends a restart: the connection is as it was before. */
  restarted() {
    this.#restartUntil = -Infinity;
    this.#timers.stop("restart");
  }

  #watchSilence() {
    this.#timers.start("silence", SILENCE_MS, () => {
      if (this.#timers.now() - this.#receivedAt >= SILENCE_MS) this.#ping(PONG_MS);
      this.#watchSilence();
    });
  }

  /** @param {number} within */
  #ping(within) {
    const askedAt = this.#timers.now();
    this.#handlers.ping();
    this.#timers.start("pong", within, () => {
      // A closing handshake would also wait for the dead network.
      if (this.#receivedAt <= askedAt) this.#lost(1006, "");
    });
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #lost(code, reason) {
    this.#detach();
    const hundred = Math.floor(code / 100);
    if (hundred === 40 || code === EXPIRED || this.#isFinal) {
      this.#handlers.stopped({ code, reason });
      return;
    }
    if (hundred === 41) this.#failures = Math.max(this.#failures, BACK_OFF_FAILURES);
    // A server that asks for a longer delay gets it.
    const most = this.#isWatched() && hundred !== 41 ? RETRY_WATCHED_MAX_MS : RETRY_MAX_MS;
    const ceiling = Math.min(most, RETRY_FIRST_MS * 2 ** Math.min(this.#failures, 10));
    const wait = this.#retryAfter ?? this.#random() * ceiling;
    if (this.#retryAfter === null) this.#failures += 1;
    this.#retry({ code, reason, retry_in_ms: wait });
  }

  /**
   * Connects again after a delay. While the server restarts, the loss is reported only if that takes
   * longer than promised.
   *
   * @param {{ code: number, reason: string, retry_in_ms: number }} why
   */
  #retry(why) {
    const startedAt = this.#timers.now();
    this.#timers.start("retry", why.retry_in_ms, () => this.open());
    const rest = this.#restartUntil - startedAt;
    if (rest <= 0) {
      this.#handlers.lost(why);
      return;
    }
    this.#handlers.paused();
    this.#timers.start("restart", rest, () => {
      this.restarted();
      if (!this.#timers.runs("retry")) return;
      const retry_in_ms = startedAt + why.retry_in_ms - this.#timers.now();
      this.#handlers.lost({ ...why, retry_in_ms });
    });
  }

  /** Asks over HTTP why an attempt was rejected, which browsers do not reveal. */
  async #explainFailure() {
    const failures = this.#failures;
    const why = await this.#handlers.explainFailure();
    const isOutdated = failures !== this.#failures || !this.#timers.runs("retry");
    if (!why || isOutdated) return;
    const { status: code, message: reason, retryAfterMs } = why;
    if (code === 401 || code === 403) {
      this.refuse({ code, reason });
      return;
    }
    if (retryAfterMs < 0) return;
    this.#retry({ code, reason, retry_in_ms: Math.min(retryAfterMs, 300_000) });
  }

  /** Closes the socket and ignores its further events. */
  #detach() {
    const socket = this.#socket;
    this.#socket = null;
    this.#timers.stopAll();
    try {
      socket?.close(1000);
    } catch {
      // The socket was never open.
    }
  }
}
