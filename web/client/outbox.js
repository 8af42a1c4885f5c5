/**
 * Submitted events that the server has not answered yet.
 *
 * Each entry has its own key in the storage, so that tabs do not overwrite each other's entries; a tab
 * that opens takes over all it finds. Sending an entry from two tabs is harmless: its `id` is the
 * server's idempotency key. If the storage is full, forbidden or missing, entries do not survive a
 * reload.
 *
 * @module
 */

/** @typedef {import("./event.js").ChatEvent} ChatEvent */

/**
 * @typedef {object} Entry
 * @property {string} id        idempotency key
 * @property {string} type      type of the client event
 * @property {string} room
 * @property {any} payload
 * @property {number} at        time of submission by the local clock; orders the entries of earlier pages
 * @property {boolean} tried    it may have reached the server
 * @property {string} [as]      the account that submitted it; absent for a guest
 * @property {Refused} [error]  why it failed; the entry waits for `retry` or `remove`
 */

/**
 * @typedef {object} Refused
 * @property {string} code
 * @property {string} message
 */

/**
 * The required part of `Storage`; `localStorage` and `sessionStorage` have it.
 *
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">} Store
 */

/** Entries loaded from the storage at most; a person does not submit more. */
const LOADED_MAX = 200;
/** Age from which an entry is only sent after `retry`. */
const STALE_MS = 24 * 60 * 60 * 1000;

export class Outbox {
  /** In the order of submission. @type {Entry[]} */
  entries;

  /** @type {Store | null} */
  #store;
  #prefix;

  /**
   * @param {Store | null} store
   * @param {string} prefix
   */
  constructor(store, prefix) {
    this.#store = store;
    this.#prefix = `${prefix}:outbox:`;
    this.entries = this.#load();
  }

  /** @param {Entry} entry */
  add(entry) {
    this.entries.push(entry);
    this.#save(entry);
  }

  /** @param {string} id */
  find(id) {
    return this.entries.find((entry) => entry.id === id);
  }

  /**
   * Returns the entry that became this event. An answer names it. One's own message may arrive before
   * its answer, for example after a reload; it is recognised by its content and files.
   *
   * @param {ChatEvent} event
   * @param {string} you
   */
  entryOf({ type, re = "", room, payload = {} }, you) {
    if (type === "ack") return this.find(re);
    if (type !== "message" || payload.sender !== you) return undefined;
    return this.entries.find((it) => it.room === room && mayBeStored(it) && it.payload?.content === payload.content && haveSameFiles(it.payload, payload));
  }

  /**
   * Returns the first entry of each room that has not failed. Only one per room is in flight, so that a
   * refusal never changes the order. What an account submitted is sent by that account alone.
   *
   * @param {string} as  the account; empty for a guest
   * @returns {Entry[]}
   */
  heads(as) {
    /** @type {Map<string, Entry>} */
    const heads = new Map();
    for (const entry of this.entries) {
      const isOurs = entry.as === undefined || entry.as === as;
      if (isOurs && !entry.error && !heads.has(entry.room)) heads.set(entry.room, entry);
    }
    return [...heads.values()];
  }

  /** Returns the messages that may have become part of the record already. */
  unconfirmed() {
    return this.entries.filter(mayBeStored);
  }

  /** Records that an entry may have reached the server. @param {Entry} entry */
  tried(entry) {
    if (entry.tried) return;
    entry.tried = true;
    this.#save(entry);
  }

  /**
   * @param {string} id
   * @param {Refused} error
   */
  fail(id, error) {
    const entry = this.find(id);
    if (!entry) return;
    entry.error = error;
    this.#save(entry);
  }

  /**
   * Moves a failed entry to the end of the queue.
   *
   * @param {string} id
   */
  retry(id) {
    const entry = this.find(id);
    if (!entry?.error) return undefined;
    delete entry.error;
    this.entries = [...this.entries.filter((other) => other !== entry), entry];
    this.#save(entry);
    return entry;
  }

  /** @param {string} id */
  remove(id) {
    this.entries = this.entries.filter((entry) => entry.id !== id);
    try {
      this.#store?.removeItem(this.#prefix + id);
    } catch {
      // Forbidden storage: there was nothing to remove.
    }
  }

  /** @param {Entry} entry */
  #save(entry) {
    try {
      this.#store?.setItem(this.#prefix + entry.id, JSON.stringify(entry));
    } catch {
      // Full or forbidden: the entry lives as long as this page.
    }
  }

  /** @returns {Entry[]} */
  #load() {
    const found = [];
    try {
      const keys = [];
      for (let i = 0; i < (this.#store?.length ?? 0); i += 1) keys.push(this.#store?.key(i) ?? "");
      for (const key of keys) {
        if (!key.startsWith(this.#prefix)) continue;
        const entry = parseEntry(this.#store?.getItem(key));
        if (entry && this.#prefix + entry.id === key) found.push(entry);
        else this.#store?.removeItem(key);
      }
    } catch {
      return [];
    }
    for (const entry of found) {
      if (Date.now() - entry.at > STALE_MS) entry.error ??= { code: "stale", message: "too old to be sent automatically" };
    }
    return found.sort((a, b) => a.at - b.at).slice(-LOADED_MAX);
  }
}

/** Returns what the server is sent of a payload: of files, only their ids. @param {any} payload */
export function sentPayload(payload) {
  return payload?.files ? { ...payload, files: idsOf(payload) } : payload;
}

/** @param {any} a @param {any} b */
function haveSameFiles(a, b) {
  return String(idsOf(a)) === String(idsOf(b));
}

/** @param {{ files?: unknown }} payload  of a message */
function idsOf({ files }) {
  return Array.isArray(files) ? files.map((it) => it?.file ?? it) : [];
}

/** Whether this may have become a message already. @param {Entry} entry */
function mayBeStored({ type, tried, error }) {
  return tried && !error && (type === "send_message" || type === "direct_message");
}

/**
 * Returns the event that other clients receive for an acknowledged entry, or null if it has none. The
 * server need not send it back to its sender, but its number must have an event.
 *
 * @param {Entry} entry
 * @param {ChatEvent & { room: string, seq: number }} ack
 * @param {{ you: string, account: boolean }} user
 * @returns {(ChatEvent & { room: string, seq: number }) | null}
 */
export function eventOfAck({ id, type, payload: submitted }, ack, { you, account }) {
  const { room, ts, seq } = ack;
  const mid = ack.payload?.mid ?? submitted?.mid ?? seq;
  const base = { room, ts, seq, local: id };
  switch (type) {
    case "send_message":
    case "direct_message": {
      const { content, reply_to, ttl, files } = submitted;
      const expires = ttl === undefined || ts === undefined ? undefined : ts + ttl * 1000;
      return { ...base, type: "message", payload: { mid, sender: you, ...(account ? { account } : {}), content, reply_to, expires, ...(files ? { files } : {}) } };
    }
    case "edit_message":
      return { ...base, type: "message_edited", payload: { mid, sender: you, content: submitted.content } };
    case "delete_message":
      return { ...base, type: "message_deleted", payload: { mid, by: you, why: "author" } };
    case "react": {
      const { emoji, on } = submitted;
      return { ...base, type: "reaction", payload: { mid, emoji, user: you, on } };
    }
    case "pin":
    case "unpin":
      return { ...base, type: "message_pinned", payload: { mid, by: you, on: type === "pin" } };
    case "set_topic":
      return { ...base, type: "topic", payload: { topic: submitted, by: you } };
    default:
      return null;
  }
}

/**
 * @param {string | null | undefined} text
 * @returns {Entry | null}
 */
function parseEntry(text) {
  try {
    const entry = JSON.parse(text ?? "");
    const sound =
      typeof entry.id === "string" &&
      typeof entry.type === "string" &&
      typeof entry.room === "string" &&
      typeof entry.at === "number";
    return sound ? { ...entry, tried: entry.tried === true } : null;
  } catch {
    return null;
  }
}
