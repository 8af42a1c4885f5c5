/**
 * The URL of a connection: it identifies the user and resumes their rooms.
 *
 * @module
 */

import { isDirect } from "./event.js";

/** Maximum length: the server reads 8 KiB of request head. Other rooms are joined after `welcome`. */
const URL_MAX = 6_000;

/**
 * @typedef {object} ConnectParameters
 * @property {string} name
 * @property {string} session
 * @property {string} token
 * @property {string} epoch
 * @property {number} history
 * @property {Set<string>} rooms  including private conversations
 * @property {(room: string) => number | undefined} seqOf
 * @property {boolean} memberships  be in all rooms of the account
 * @property {(room: string) => boolean} isNamed  whether the server is to be told to join a room
 */

/**
 * Returns the URL, and the rooms that did not fit.
 *
 * @param {string | URL} base
 * @param {ConnectParameters} parameters
 * @returns {{ href: string, remaining: string[] }}
 */
export function connectUrl(base, { name, session, token, epoch, history, rooms, seqOf, memberships, isNamed }) {
  const url = new URL(base);
  const query = url.searchParams;
  query.set("echo", "1");
  query.set("history", String(history));
  if (name) query.set("name", name);
  if (token) query.set("token", token);
  else if (session) query.set("session", session);
  if (epoch) query.set("epoch", epoch);
  if (memberships) query.set("memberships", "1");
  const remaining = [];
  for (const room of rooms) {
    const isJoined = !isDirect(room) && isNamed(room);
    if (url.href.length > URL_MAX) {
      if (isJoined) remaining.push(room);
      continue;
    }
    if (isJoined) query.append("room", room);
    const seq = seqOf(room);
    if (seq !== undefined) query.append("after", `${room}:${seq}`);
  }
  return { href: url.href, remaining };
}
