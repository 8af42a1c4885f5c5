/**
 * The part of the page's address that names a room or a message: `#room`, `#room/mid` or
 * `#room/mid/EPOCH`.
 *
 * @module
 */

/** @typedef {{ room: string, mid?: number, epoch?: string }} Target */

/** Returns what the fragment of an address names; an empty room for nothing. @param {string} hash @returns {Target} */
export function targetOf(hash) {
  const [, place = "", number = "", epoch = ""] = /^#?([^/]*)(?:\/(\d+)(?:\/([^/]+))?)?\/?$/.exec(hash) ?? ["", hash.replace(/^#/, "")];
  const room = decoded(place).trim();
  const mid = Number(number);
  if (!room || !Number.isSafeInteger(mid) || mid < 1) return { room };
  return epoch ? { room, mid, epoch: decoded(epoch) } : { room, mid };
}

/** Returns the fragment for a target. @param {Target} target */
export function hashOf({ room, mid, epoch }) {
  const rest = [mid === undefined ? "" : `/${mid}`, epoch ? `/${encodeURIComponent(epoch)}` : ""];
  return `#${encodeURIComponent(room)}${rest.join("")}`;
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
