/**
 * Tells the server how far an account has read, so that its other pages know.
 *
 * @module
 */

/** Reading goes on: one word in this time is enough. */
const MARK_MS = 1_000;

/**
 * @param {object} means
 * @param {() => import("../state/state.js").State} means.state
 * @param {(room: string, seq: number) => void} means.read
 * @returns {() => void}  to be called when something may have been read
 */
export function marks({ state, read }) {
  let isDue = false;

  function mark() {
    isDue = false;
    const news = unsentReadMarker(state());
    if (news) read(news.room, news.seq);
  }

  return () => {
    if (isDue || !unsentReadMarker(state())) return;
    isDue = true;
    setTimeout(mark, MARK_MS);
  };
}

/**
 * What an attentive reader has before them and the server does not know of.
 *
 * @param {import("../state/state.js").State} state
 */
export function unsentReadMarker({ account, phase, attentive, rooms, active }) {
  if (!account || phase !== "live" || !attentive) return null;
  const room = rooms.get(active);
  const seq = room?.messages.at(-1)?.mid ?? 0;
  return room && seq > room.read ? { room: active, seq } : null;
}
