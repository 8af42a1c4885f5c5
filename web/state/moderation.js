/**
 * Permissions and people, as far as the page knows them; the server decides. Pure.
 *
 * @module
 */

import { isDirect } from "../client/event.js";

/** @typedef {import("./room.js").Person} Person */
/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./state.js").State} State */

/** Ranks, ascending. Each includes the permissions of those before it, and can moderate them. */
const RANKS = ["", "member", "moderator", "owner", "admin"];
const MODERATOR = RANKS.indexOf("moderator");
const OWNER = RANKS.indexOf("owner");
const ADMIN = RANKS.indexOf("admin");

/** Offered durations of a mute, in seconds; 0 for no end. */
export const MUTE_SECONDS = [600, 3600, 0];
/** Offered intervals of slow mode, in seconds; 0 turns it off. */
export const SLOW_SECONDS = [0, 10, 60];

/** Returns the reader's rank in a room. @param {State} state @param {Room | undefined} room */
export function rankIn({ role }, room) {
  if (!room || isDirect(room.name)) return 0;
  return Math.max(RANKS.indexOf(role), RANKS.indexOf(room.role), 0);
}

/** Whether the reader moderates a room. @param {State} state @param {Room | undefined} room */
export function moderates(state, room) {
  return rankIn(state, room) >= MODERATOR;
}

/**
 * Returns the moderation actions that the reader may take on a person. Whether somebody is muted is
 * known only if it was told; else both are offered.
 *
 * @param {State} state
 * @param {Room} room
 * @param {Person} person
 * @param {number} [now]  server time
 * @returns {string[]}  actions of the protocol
 */
export function actionsOn(state, room, { name, role }, now = Date.now() + state.clockOffset) {
  const rank = rankIn(state, room);
  if (name === state.you || rank < MODERATOR || RANKS.indexOf(role) >= rank) return [];
  const change = role === "moderator" ? "demote" : "promote";
  const until = Object.hasOwn(room.mutes, name) ? room.mutes[name] : undefined;
  const muting = until === undefined ? ["mute", "unmute"] : [until > now ? "unmute" : "mute"];
  return [...muting, "kick", "ban", ...(rank >= OWNER ? [change] : [])];
}

/** Returns the moderation actions that the reader may take on a room. @param {State} state @param {Room} room @returns {string[]} */
export function actionsIn(state, room) {
  const rank = rankIn(state, room);
  if (rank < MODERATOR) return [];
  const change = room.isPrivate ? "make_public" : "make_private";
  return [room.isLocked ? "unlock" : "lock", "slow", ...(rank >= OWNER ? [change] : []), ...(rank >= ADMIN ? ["remove_room"] : [])];
}

/** Returns the other private rooms to which the reader may invite. @param {State} state @param {string} active @returns {string[]} */
export function roomsToInvite(state, active) {
  const rooms = [...state.rooms.values()].filter((it) => it.isPrivate && it.name !== active && moderates(state, it));
  return rooms.map(({ name }) => name);
}

/** Returns a person as known from any joined room. @param {State} state @param {string} name @returns {Person | undefined} */
export function personOf(state, name) {
  for (const { people } of state.rooms.values()) {
    const person = people.find((it) => it.name === name);
    if (person) return { ...person, role: "" };
  }
  return undefined;
}

/** Returns the names of all people that are known, those of the open room first. @param {State} state */
export function namesIn({ rooms, active }) {
  const others = [...rooms.values()].flatMap((room) => (isDirect(room.name) ? partnerOf(room) : room.people.map(({ name }) => name)));
  const room = rooms.get(active);
  const members = [...(room?.people ?? []), ...(room?.absent ?? [])].map(({ name }) => name);
  return [...new Set([...members, ...others])];
}

/** Returns the people in a room, or both people of a private conversation. @param {State} state @param {Room | undefined} room @returns {Person[]} */
export function peopleIn(state, room) {
  if (!room || !isDirect(room.name)) return room?.people ?? [];
  const unknown = { status: "", text: "", role: "", account: false, hue: 0 };
  const partner = partnerOf(room);
  const other = personOf(state, partner) ?? { ...unknown, status: "absent", name: partner };
  return [other, personOf(state, state.you) ?? { ...unknown, name: state.you }];
}

/** Returns the name of the other person of a private conversation. @param {Room} room */
export function partnerOf({ name, partner }) {
  return partner || name.slice(1);
}

/**
 * Returns the room of the conversation with a person, or an unused name for a new one: `@Bob` may be the
 * conversation with someone who was called Bob before.
 *
 * @param {State} state
 * @param {string} name
 */
export function conversationWith({ rooms }, name) {
  const conversation = [...rooms.values()].find((it) => isDirect(it.name) && partnerOf(it) === name);
  if (conversation) return conversation.name;
  let room = `@${name}`;
  for (let number = 2; rooms.has(room); number += 1) room = `@${name}-${number}`;
  return room;
}
