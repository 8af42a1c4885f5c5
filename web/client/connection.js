/**
 * One connection that is kept: opened, watched, lost and opened again.
 *
 * It decides when to try again and when to stay away, and notices a connection that is gone
 * though nobody said so. What the messages mean is the business of `../chinwag.js`; it tells this
 * object of the two that concern it, `welcome` and `bye`.
 *
 * @module
 */

import { Timers } from "./timers.js";

/** Full jitter: the wait is drawn from zero to this, doubled with each failure. */
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 30_000;
/** The login is over: coming back by itself would be coming as somebody else. */
const EXPIRED = 4105;
/** Codes 41xx ask for distance: they count as this many failures at least. */
const BACK_OFF_FAILURES = 4;
/** A connection that held this long was a success. */
const STABLE_MS = 10_000;
/** From opening the socket to `welcome`. */
const WELCOME_MS = 15_000;
/** Silence after which the handlers is asked for a sign of life, and how long it may take. */
const SILENCE_MS = 25_000;
const PONG_MS = 10_000;
/** The same when there is reason to doubt: the page was asleep, the network changed. */
const PROBE_MS = 4_000;

/**
 * @typedef {object} Handlers
 * @property {() => string} url            URL of the next attempt
 * @property {(data: unknown) => void} received
 * @property {() => void} ping                 sends something that the server answers
 * @property {() => void} connecting           an attempt begins
 * @property {() => Promise<import("./http-api.js").Rejection | null>} explainFailure  asks why an attempt failed
 * @property {(why: { code: number, reason: string, retry_in_ms: number }) => void} lost
 * @property {(why: { code: number, reason: string }) => void} stopped  no attempt will follow
 */

export class Connection {
  #Socket;
  #handlers;
  #random;
  #timers;
  /** @type {any} */
  #socket = null;
  #failures = 0;
  /** What the server asked for in `bye`. @type {number | null} */
  #retryAfter = null;
  #mayNotReconnect = false;
  #hasOpened = false;
  #receivedAt = 0;

  /**
   * @param {Handlers} handlers
   * @param {{ WebSocket?: any, clock: import("./timers.js").Clock, random?: () => number }} context
   */
  constructor(handlers, { WebSocket, clock, random }) {
    this.#handlers = handlers;
    this.#Socket = WebSocket ?? globalThis.WebSocket;
    this.#random = random ?? Math.random;
    this.#timers = new Timers(clock);
  }

  get isOpen() {
    return this.#socket?.readyState === 1;
  }

  /** Opens now, unless there is a socket already. */
  open() {
    if (this.#socket) return;
    this.#timers.stop("retry");
    this.#retryAfter = null;
    this.#mayNotReconnect = false;
    this.#handlers.connecting();
    let socket;
    try {
      socket = new this.#Socket(this.#handlers.url());
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

  /** Closes, and no attempt follows. */
  stop() {
    this.#detach();
    this.#handlers.stopped({ code: 1000, reason: "" });
  }

  /** Closes and opens at once. */
  reopen() {
    this.#detach();
    this.#failures = 0;
    this.open();
  }

  /** Looks at once whether there is a connection: a waiting retry happens now. */
  probe() {
    if (this.#timers.runs("retry")) this.open();
    else if (this.isOpen && !this.#timers.runs("welcome")) this.#post(PROBE_MS);
  }

  /**
   * @param {string} text
   * @returns {boolean} whether it was handed to the socket
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

  /** The server has said `welcome`. */
  welcomed() {
    this.#timers.stop("welcome");
    this.#timers.start("stable", STABLE_MS, () => {
      this.#failures = 0;
    });
    this.#watchSilence();
  }

  /**
   * The server has said `bye`: it names the wait itself, or that nobody shall come back.
   *
   * @param {{ after_ms?: unknown, reconnect?: unknown }} payload
   */
  bye({ after_ms, reconnect }) {
    if (typeof after_ms === "number") this.#retryAfter = Math.min(Math.max(0, after_ms), 300_000);
    this.#mayNotReconnect = reconnect === false;
  }

  #watchSilence() {
    this.#timers.start("silence", SILENCE_MS, () => {
      if (this.#timers.now() - this.#receivedAt >= SILENCE_MS) this.#post(PONG_MS);
      this.#watchSilence();
    });
  }

  /** @param {number} within */
  #post(within) {
    const askedAt = this.#timers.now();
    this.#handlers.ping();
    this.#timers.start("pong", within, () => {
      // A dead network would keep the closing handshake waiting too: it is lost already.
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
    if (hundred === 40 || code === EXPIRED || this.#mayNotReconnect) {
      this.#handlers.stopped({ code, reason });
      return;
    }
    if (hundred === 41) this.#failures = Math.max(this.#failures, BACK_OFF_FAILURES);
    const ceiling = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(this.#failures, 10));
    const wait = this.#retryAfter ?? this.#random() * ceiling;
    this.#failures += 1;
    this.#timers.start("retry", wait, () => this.open());
    this.#handlers.lost({ code, reason, retry_in_ms: wait });
  }

  /** An attempt was refused before there was a WebSocket: HTTP may say what is wrong. */
  async #explainFailure() {
    const failures = this.#failures;
    const why = await this.#handlers.explainFailure();
    const isMeanwhileOther = failures !== this.#failures || !this.#timers.runs("retry");
    if (!why || isMeanwhileOther) return;
    const { status: code, message: reason, retryAfterMs } = why;
    if (code === 401 || code === 403) {
      this.#detach();
      this.#handlers.stopped({ code, reason });
      return;
    }
    if (retryAfterMs < 0) return;
    const wait = Math.min(retryAfterMs, 300_000);
    this.#timers.start("retry", wait, () => this.open());
    this.#handlers.lost({ code, reason, retry_in_ms: wait });
  }

  /** Nothing the socket says is heard any more. */
  #detach() {
    const socket = this.#socket;
    this.#socket = null;
    this.#timers.stopAll();
    try {
      socket?.close(1000);
    } catch {
      // It was never open.
    }
  }
}
