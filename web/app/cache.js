/**
 * A cache of the last messages of each room, for opening the page offline.
 *
 * They are shown until the server's `welcome`; then its history replaces them, so that edited and
 * deleted messages do not reappear. Disappearing messages are never cached. The entrance and quitting
 * clear the cache by `forget`.
 *
 * The store is the IndexedDB database `chinwag`, with one entry per room in `rooms`. If it is missing or
 * full, nothing is shown offline and everything else works.
 *
 * @module
 */

/** @typedef {import("../client/event.js").ChatEvent} ChatEvent */
/** @typedef {import("../state/state.js").State} State */
/** @typedef {import("../state/room.js").Room} Room */
/** @typedef {import("../state/room.js").Message} Message */

/**
 * @typedef {object} Entry
 * @property {string} room
 * @property {string} who      the user who received these messages
 * @property {number} place    position of the room in the list
 * @property {string} topic
 * @property {any[]} messages  in the form of a history page
 */

/** @typedef {Pick<Room, "name" | "topic" | "messages"> & { who: string, place: number }} CachedRoom */

/**
 * @typedef {object} Store
 * @property {() => Promise<Entry[]>} load
 * @property {(changed: Entry[], gone: string[]) => Promise<void>} save
 * @property {() => Promise<void>} clear
 */

export const ROOMS_MAX = 30;
export const MESSAGES_MAX = 100;
export const CHARS_MAX = 50_000;
const WRITE_MS = 1_000;

/**
 * Returns a view that writes what is shown into the cache. Dispatches the cached rooms at the start.
 *
 * @param {{ on: (type: string, listener: (event: ChatEvent) => void) => unknown, you: string }} chat
 * @param {(event: ChatEvent) => void} dispatch
 * @param {{ active: () => string, store?: Store }} options
 */
export function cacheView(chat, dispatch, { active, store = indexedStore() }) {
  /** @type {State | undefined} */
  let latest;
  /** The rooms as they are in the store; undefined for one that must be rewritten. @type {Map<string, CachedRoom | undefined>} */
  let written = new Map();
  /** @type {Set<string>} */
  const shown = new Set();
  let isWelcome = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  chat.on("welcome", ({ payload }) => {
    isWelcome = true;
    for (const room of shown) {
      const isOpen = !room.startsWith("@") || payload?.direct?.[room] || latest?.rooms.get(room)?.pending.length;
      dispatch({ type: isOpen ? "reset" : "left", room, payload: {} });
    }
    shown.clear();
  });

  async function show() {
    const entries = await store.load();
    for (const { room } of entries) if (!written.has(room)) written.set(room, undefined);
    if (isWelcome) return;
    const own = entries.filter(({ who }) => who === chat.you).sort((a, b) => a.place - b.place);
    if (own.length < entries.length) await store.clear();
    if (own.length === 0 || isWelcome) return;
    const first = active() || own[0].room;
    dispatch({ type: "ui_renamed", payload: { you: chat.you } });
    for (const { room, topic, messages } of own) {
      shown.add(room);
      dispatch({ type: "ui_opened", room });
      dispatch({ type: "topic", room, payload: { topic } });
      dispatch({ type: "history", room, payload: { messages, first: messages[0]?.mid ?? 0, more: (messages[0]?.mid ?? 0) > 1 } });
    }
    dispatch({ type: "ui_opened", room: first });
  }

  async function write() {
    clearTimeout(timer);
    timer = undefined;
    // Before that, rooms and messages may still be missing.
    if (latest?.phase !== "live") return;
    const { rooms, you: who } = latest;
    const current = [...rooms.values()].slice(0, ROOMS_MAX).map(({ name, topic, messages }, place) => ({ name, topic, messages, who, place }));
    const changed = current.filter((it) => !isSame(it, written.get(it.name)));
    const names = new Set(current.map(({ name }) => name));
    const gone = [...written.keys()].filter((name) => !names.has(name));
    written = new Map(current.map((it) => [it.name, it]));
    if (changed.length + gone.length > 0) await store.save(changed.map(entryOf), gone);
  }

  function writeNow() {
    if (document.hidden && timer !== undefined) ignore(write());
  }

  globalThis.document?.addEventListener("visibilitychange", writeNow);
  ignore(show());

  return {
    /** @param {State} state */
    update(state) {
      latest = state;
      timer ??= setTimeout(() => ignore(write()), WRITE_MS);
    },
  };
}

/** Clears the cache. */
export async function forget(store = indexedStore()) {
  await store.clear().catch(() => {});
}

/** @param {CachedRoom} current @param {CachedRoom | undefined} before */
function isSame(current, before) {
  return before !== undefined && Object.entries(current).every(([key, value]) => before[/** @type {keyof CachedRoom} */ (key)] === value);
}

/** @param {CachedRoom} room @returns {Entry} */
function entryOf({ name, topic, messages, who, place }) {
  const last = messages.slice(-MESSAGES_MAX).filter(({ expires }) => expires === undefined);
  let chars = 0;
  const from = last.findLastIndex(({ content }) => (chars += content.length) > CHARS_MAX) + 1;
  return { room: name, who, place, topic, messages: last.slice(from).map(raw) };
}

/** Returns a message in the form of the protocol. @param {Message} message */
function raw({ mid, sender, account, hook, content, ts, replyTo, edited, reactions, replies, files }) {
  return { mid, sender, account, hook, content, ts, reply_to: replyTo, edited, reactions, replies, files };
}

/** Ignores a failure: the cache is optional. @param {Promise<unknown>} done */
function ignore(done) {
  done.catch(() => {});
}

/** @returns {Store} */
function indexedStore() {
  /** @type {Promise<IDBDatabase> | undefined} */
  let opened;
  /**
   * @template T
   * @param {IDBTransactionMode} mode
   * @param {(rooms: IDBObjectStore) => IDBRequest<T> | void} work
   * @returns {Promise<T>}
   */
  async function transact(mode, work) {
    const database = await (opened ??= open());
    return new Promise((resolve, reject) => {
      const transaction = database.transaction("rooms", mode);
      const request = work(transaction.objectStore("rooms"));
      transaction.oncomplete = () => resolve(/** @type {T} */ (request?.result));
      transaction.onabort = () => reject(transaction.error);
    });
  }
  return {
    load: () => transact("readonly", (rooms) => rooms.getAll()),
    clear: () => transact("readwrite", (rooms) => rooms.clear()),
    save: (changed, gone) =>
      transact("readwrite", (rooms) => {
        for (const entry of changed) rooms.put(entry);
        for (const room of gone) rooms.delete(room);
      }),
  };
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("chinwag", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("rooms", { keyPath: "room" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
