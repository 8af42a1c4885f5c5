/**
 * Events of the protocol, checked when they are parsed: the server is trusted not to be malicious, but
 * not to be free of bugs.
 *
 * @module
 */

/**
 * @typedef {object} ChatEvent
 * @property {string} type
 * @property {string} [re]
 * @property {string} [room]
 * @property {number} [seq]
 * @property {number} [ts]
 * @property {string} [local]  id of the outbox entry that became this event
 * @property {any} [asked]     payload of the request that this answers
 * @property {any} [payload]
 */

/**
 * Parses an event. A missing payload becomes an empty one.
 *
 * @param {unknown} data
 * @returns {ChatEvent & { payload: any } | null} null if it is not an event
 */
export function parse(data) {
  try {
    const event = JSON.parse(/** @type {string} */ (data));
    const isSound =
      typeof event?.type === "string" &&
      (event.room === undefined || typeof event.room === "string") &&
      (event.seq === undefined || isSeq(event.seq)) &&
      (event.payload === undefined || isObject(event.payload));
    return isSound ? { payload: {}, ...event } : null;
  } catch {
    return null;
  }
}

/**
 * Whether the event is a numbered one of a room's history.
 *
 * @param {ChatEvent} event
 * @returns {event is ChatEvent & { room: string, seq: number }}
 */
export function isNumbered(event) {
  return event.room !== undefined && event.seq !== undefined;
}

/** Whether this is the name of a private conversation, not of a room. @param {string} room */
export function isDirect(room) {
  return room.startsWith("@");
}

/** Whether this is a sequence number. @param {unknown} value @returns {value is number} */
export function isSeq(value) {
  return Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0;
}

/** Returns the entries of an object, or none for another value. @param {unknown} value @returns {[string, any][]} */
export function entriesOf(value) {
  return isObject(value) ? Object.entries(value) : [];
}

/** @param {unknown} value @returns {value is object} */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A refusal by the server; `code` is one of the protocol's error codes. */
export class Refusal extends Error {
  /** @param {any} payload  of an `error` event */
  constructor(payload) {
    const code = String(payload?.code ?? "internal");
    super(String(payload?.message ?? code));
    this.code = code;
    this.retryable = payload?.retryable === true;
    /** The delay before the next attempt, in ms; -1 if the server named none. */
    this.retryAfterMs = typeof payload?.retry_after_ms === "number" ? payload.retry_after_ms : -1;
  }
}
