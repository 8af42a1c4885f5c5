/**
 * Events as they stand on the wire, read with care: the server is trusted to mean well, not to be
 * free of faults.
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
 * @property {any} [asked]     payload of the question that this answers
 * @property {any} [payload]
 */

/**
 * @param {unknown} data
 * @returns {ChatEvent & { payload: any } | null} with a payload in any case; null for what is no event
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
 * Whether the event has a place in a room's record.
 *
 * @param {ChatEvent} event
 * @returns {event is ChatEvent & { room: string, seq: number }}
 */
export function isNumbered(event) {
  return event.room !== undefined && event.seq !== undefined;
}

/** Whether this names a private conversation; of rooms, none does. @param {string} room */
export function isDirect(room) {
  return room.startsWith("@");
}

/** @param {unknown} value @returns {value is number} */
export function isSeq(value) {
  return Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0;
}

/** @param {unknown} value @returns {[string, any][]} */
export function entriesOf(value) {
  return isObject(value) ? Object.entries(value) : [];
}

/** @param {unknown} value @returns {value is object} */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The server's no: `code` is one of the protocol's words. */
export class Refusal extends Error {
  /** @param {any} payload  of an `error` event */
  constructor(payload) {
    const code = String(payload?.code ?? "internal");
    super(String(payload?.message ?? code));
    this.code = code;
    this.retryable = payload?.retryable === true;
    /** How long to wait before trying again; -1 if the server did not say. */
    this.retryAfterMs = typeof payload?.retry_after_ms === "number" ? payload.retry_after_ms : -1;
  }
}
