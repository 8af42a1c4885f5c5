/**
 * The last known messages of each room, for a visit without network.
 *
 * They are shown until the server welcomes, whose record then takes their place: what was edited
 * or deleted meanwhile does not come back. Messages that are to disappear are never kept. Who
 * comes through the entrance begins with nothing: `forget` is called there and on leaving.
 *
 * The store is the IndexedDB database `chinwag`, with one entry per room in `rooms`; without it,
 * or when it is full, there is nothing to show offline, and all else is as before.
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
 * @property {string} who      whose messages these are
 * @property {number} place    of the room among the others
 * @property {string} topic
 * @property {any[]} messages  as on a page of history
 */

/** @typedef {Pick<Room, "name" | "topic" | "messages"> & { who: string, place: number }} Kept */

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
 * Shows what was kept and keeps what is shown; the value is a view.
 *
 * @param {{ on: (type: string, listener: (event: ChatEvent) => void) => unknown, you: string }} chat
 * @param {(event: ChatEvent) => void} dispatch
 * @param {{ active: () => string, store?: Store }} options
 */
export function snapshot(chat, dispatch, { active, store = indexedStore() }) {
  /** @type {State | undefined} */
  let latest;
  /** What the store has of the rooms; undefined where that is to be written anew. @type {Map<string, Kept | undefined>} */
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
      dispatch({ type: "history", room, payload: { messages, first: messages[0]?.mid ?? 0, more: false } });
    }
    dispatch({ type: "ui_opened", room: first });
  }

  async function write() {
    clearTimeout(timer);
    timer = undefined;
    // Only then nothing is missing that will soon be there.
    if (latest?.phase !== "live") return;
    const { rooms, you: who } = latest;
    const kept = [...rooms.values()].slice(0, ROOMS_MAX).map(({ name, topic, messages }, place) => ({ name, topic, messages, who, place }));
    const changed = kept.filter((it) => !isSame(it, written.get(it.name)));
    const names = new Set(kept.map(({ name }) => name));
    const gone = [...written.keys()].filter((name) => !names.has(name));
    written = new Map(kept.map((it) => [it.name, it]));
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

/** Removes all that was kept. */
export async function forget(store = indexedStore()) {
  await store.clear().catch(() => {});
}

/** @param {Kept} kept @param {Kept | undefined} before */
function isSame(kept, before) {
  return before !== undefined && Object.entries(kept).every(([key, value]) => before[/** @type {keyof Kept} */ (key)] === value);
}

/** @param {Kept} kept @returns {Entry} */
function entryOf({ name, topic, messages, who, place }) {
  const last = messages.slice(-MESSAGES_MAX).filter(({ expires }) => expires === undefined);
  let chars = 0;
  const from = last.findLastIndex(({ content }) => (chars += content.length) > CHARS_MAX) + 1;
  return { room: name, who, place, topic, messages: last.slice(from).map(raw) };
}

/** The message as the server tells it. @param {Message} message */
function raw({ mid, sender, content, ts, replyTo, edited, reactions }) {
  return { mid, sender, content, ts, reply_to: replyTo, edited, reactions };
}

/** Nothing kept is nothing lost. @param {Promise<unknown>} done */
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
