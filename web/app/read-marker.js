/**
 * Sends the server how far an account has read, so that its other devices know.
 *
 * @module
 */

/** @typedef {import("../state/state.js").State} State */

/** At most one marker is sent in this time. */
const SEND_MS = 1_000;

/** Returns a view that sends the read marker when it has moved. @param {(room: string, seq: number) => void} markRead */
export function readMarkerView(markRead) {
  /** @type {State} */
  let latest;
  let isScheduled = false;

  function send() {
    isScheduled = false;
    const marker = unsentReadMarker(latest);
    if (marker) markRead(marker.room, marker.seq);
  }

  return {
    /** @param {State} state */
    update(state) {
      latest = state;
      if (isScheduled || !unsentReadMarker(state)) return;
      isScheduled = true;
      setTimeout(send, SEND_MS);
    },
  };
}

/** Returns what an attentive reader has seen and the server does not know, or null. @param {State} state */
export function unsentReadMarker({ account, phase, attentive, rooms, active }) {
  if (!account || phase !== "live" || !attentive) return null;
  const room = rooms.get(active);
  const seq = room?.messages.at(-1)?.mid ?? 0;
  return room && !room.isHeld && seq > room.read ? { room: active, seq } : null;
}
