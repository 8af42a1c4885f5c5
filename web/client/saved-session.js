/**
 * The session that survives a reload: who the user is and their rooms. The outbox has its own keys in
 * the same storage.
 *
 * @module
 */

/** @typedef {import("./outbox.js").Store} Store */

/**
 * @typedef {object} SavedSession
 * @property {string} session   session key of a guest
 * @property {string} name
 * @property {string[]} rooms
 * @property {boolean} account  false for a guest
 */

/**
 * Returns the saved session; its fields are empty if there is none.
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
    // Forbidden storage or an invalid value.
  }
  /** @param {unknown} value */
  const text = (value) => (typeof value === "string" ? value : "");
  const rooms = Array.isArray(saved.rooms) ? saved.rooms.map(text).filter(Boolean) : [];
  return { session: text(saved.session), name: text(saved.name), rooms, account: saved.account === true };
}

/** Saves the session. @param {Store | null} storage @param {string} key @param {SavedSession} saved */
export function remember(storage, key, saved) {
  try {
    storage?.setItem(key, JSON.stringify(saved));
  } catch {
    // Full or forbidden storage: the session ends with the page.
  }
}

/** Removes the session and all that was typed and not sent, which is nobody else's. @param {Store | null} storage */
export function clearSession(storage, key = "chinwag") {
  try {
    const keys = Array.from({ length: storage?.length ?? 0 }, (_, at) => storage?.key(at) ?? "");
    for (const it of keys) if (it === key || it.startsWith(`${key}:`)) storage?.removeItem(it);
  } catch {
    // Forbidden storage: nothing was saved.
  }
}
