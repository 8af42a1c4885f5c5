/**
 * What outlasts a page: who the user was and where. Beside it in the storage lies the outbox.
 *
 * @module
 */

/** @typedef {import("./outbox.js").Store} Store */

/**
 * @typedef {object} SavedSession
 * @property {string} session   the key by which a guest comes back
 * @property {string} name
 * @property {string[]} rooms
 * @property {boolean} account  or a guest
 */

/**
 * What the storage knows of the last visit; empty where there was none.
 *
 * @param {Store | null} storage
 * @returns {SavedSession}
 */
export function remembered(storage, key = "chinwag") {
  /** @type {any} */
  let saved = {};
  try {
    saved = JSON.parse(storage?.getItem(key) ?? "{}") ?? {};
  } catch {
    // Forbidden, or not ours.
  }
  /** @param {unknown} value */
  const text = (value) => (typeof value === "string" ? value : "");
  const rooms = Array.isArray(saved.rooms) ? saved.rooms.map(text).filter(Boolean) : [];
  return { session: text(saved.session), name: text(saved.name), rooms, account: saved.account === true };
}

/** @param {Store | null} storage @param {string} key @param {SavedSession} saved */
export function remember(storage, key, saved) {
  try {
    storage?.setItem(key, JSON.stringify(saved));
  } catch {
    // Full or forbidden: a reload will have to ask again.
  }
}

/** Forgets who the user was, and what it has not sent: that is nobody else's to say. @param {Store | null} storage */
export function clearSession(storage, key = "chinwag") {
  try {
    const keys = Array.from({ length: storage?.length ?? 0 }, (_, at) => storage?.key(at) ?? "");
    for (const it of keys) if (it === key || it.startsWith(`${key}:outbox:`)) storage?.removeItem(it);
  } catch {
    // Forbidden: nothing was kept.
  }
}
