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

/**
 * What an acknowledged entry of the outbox looks like to everybody else: the server need not send
 * it back to who said it, but its number must have an event.
 *
 * @param {import("./outbox.js").Entry} entry
 * @param {ChatEvent & { room: string, seq: number }} ack
 * @param {string} you
 * @returns {(ChatEvent & { room: string, seq: number }) | null}
 */
export function eventOfAck({ id, type, payload: said }, ack, you) {
  const { room, ts, seq } = ack;
  const mid = ack.payload?.mid ?? said?.mid ?? seq;
  const place = { room, ts, seq, local: id };
  switch (type) {
    case "send_message":
    case "direct_message": {
      const { content, reply_to, ttl } = said;
      const expires = ttl === undefined || ts === undefined ? undefined : ts + ttl * 1000;
      return { ...place, type: "message", payload: { mid, sender: you, content, reply_to, expires } };
    }
    case "edit_message":
      return { ...place, type: "message_edited", payload: { mid, sender: you, content: said.content } };
    case "delete_message":
      return { ...place, type: "message_deleted", payload: { mid, by: you, why: "author" } };
    case "react": {
      const { emoji, on } = said;
      return { ...place, type: "reaction", payload: { mid, emoji, user: you, on } };
    }
    case "set_topic":
      return { ...place, type: "topic", payload: { topic: said, by: you } };
    default:
      return null;
  }
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
