/**
 * The URL that takes a user back to where they were.
 *
 * @module
 */

import { isDirect } from "./event.js";

/** The server reads 8 KiB of request head; rooms beyond are joined after the welcome. */
const URL_MAX = 6_000;

/**
 * @typedef {object} Coming
 * @property {string} name
 * @property {string} session
 * @property {string} token
 * @property {string} epoch
 * @property {number} history
 * @property {Set<string>} rooms  and private conversations
 * @property {(room: string) => number | undefined} seqOf
 */

/**
 * @param {string | URL} base
 * @param {Coming} coming
 * @returns {{ href: string, later: string[] }}  rooms that did not fit are `later`
 */
export function addressOf(base, { name, session, token, epoch, history, rooms, seqOf }) {
  const url = new URL(base);
  const query = url.searchParams;
  query.set("echo", "1");
  query.set("history", String(history));
  if (name) query.set("name", name);
  if (token) query.set("token", token);
  else if (session) query.set("session", session);
  if (epoch) query.set("epoch", epoch);
  const later = [];
  for (const room of rooms) {
    const isJoined = !isDirect(room);
    if (url.href.length > URL_MAX) {
      if (isJoined) later.push(room);
      continue;
    }
    if (isJoined) query.append("room", room);
    const seq = seqOf(room);
    if (seq !== undefined) query.append("after", `${room}:${seq}`);
  }
  return { href: url.href, later };
}
