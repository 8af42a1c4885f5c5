/**
 * Who may do what to whom, as far as the page can know: the server decides. Pure.
 *
 * @module
 */

import { isDirect } from "../client/event.js";

/** @typedef {import("./room.js").Person} Person */
/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./state.js").State} State */

/** Each may do what those before it may, to those before it. */
const RANKS = ["", "member", "moderator", "owner", "admin"];
const MODERATOR = RANKS.indexOf("moderator");
const OWNER = RANKS.indexOf("owner");

/** How long somebody may be muted, in seconds; 0 for ever. */
export const MUTE_SECONDS = [600, 3600, 0];
/** Waits between two messages of one person, in seconds; 0 for none. */
export const SLOW_SECONDS = [0, 10, 60];

/** The reader's rank in a room. @param {State} state @param {Room | undefined} room */
export function rankIn({ role }, room) {
  if (!room || isDirect(room.name)) return 0;
  return Math.max(RANKS.indexOf(role), RANKS.indexOf(room.role), 0);
}

/** Whether the reader keeps order in a room. @param {State} state @param {Room | undefined} room */
export function moderates(state, room) {
  return rankIn(state, room) >= MODERATOR;
}

/**
 * What the reader may do to somebody in a room.
 *
 * @param {State} state
 * @param {Room} room
 * @param {Person} person
 * @returns {string[]}  actions of the protocol
 */
export function actionsOn(state, room, { name, role }) {
  const rank = rankIn(state, room);
  if (name === state.you || rank < MODERATOR || RANKS.indexOf(role) >= rank) return [];
  const standing = role === "moderator" ? "demote" : "promote";
  return ["mute", "unmute", "kick", "ban", ...(rank >= OWNER ? [standing] : [])];
}

/** What the reader may do to a room. @param {State} state @param {Room} room @returns {string[]} */
export function actionsIn(state, room) {
  const rank = rankIn(state, room);
  if (rank < MODERATOR) return [];
  const opening = room.isPrivate ? "make_public" : "make_private";
  return ["lock", "unlock", "slow", ...(rank >= OWNER ? [opening] : [])];
}

/** Private rooms other than this one that the reader may let somebody into. @param {State} state @param {string} active @returns {string[]} */
export function roomsToInvite(state, active) {
  const rooms = [...state.rooms.values()].filter((it) => it.isPrivate && it.name !== active && moderates(state, it));
  return rooms.map(({ name }) => name);
}

/** What is known of somebody from the rooms that the reader is in. @param {State} state @param {string} name @returns {Person | undefined} */
export function personOf(state, name) {
  for (const { people } of state.rooms.values()) {
    const person = people.find((it) => it.name === name);
    if (person) return { ...person, role: "" };
  }
  return undefined;
}

/** Who is in a room; of a private conversation, both. @param {State} state @param {Room | undefined} room @returns {Person[]} */
export function peopleIn(state, room) {
  if (!room || !isDirect(room.name)) return room?.people ?? [];
  const nobody = { status: "", text: "", role: "", account: false };
  const partner = partnerOf(room);
  const there = personOf(state, partner) ?? { ...nobody, status: "elsewhere", name: partner };
  return [there, personOf(state, state.you) ?? { ...nobody, name: state.you }];
}

/** The other one of a private conversation. @param {Room} room */
export function partnerOf({ name, partner }) {
  return partner || name.slice(1);
}

/**
 * The room of the conversation with somebody; of one that has not begun, a name that no other has:
 * who is called Bob now need not be whom `@Bob` was begun with.
 *
 * @param {State} state
 * @param {string} name
 */
export function conversationWith({ rooms }, name) {
  const talk = [...rooms.values()].find((it) => isDirect(it.name) && partnerOf(it) === name);
  if (talk) return talk.name;
  let room = `@${name}`;
  for (let number = 2; rooms.has(room); number += 1) room = `@${name}-${number}`;
  return room;
}
