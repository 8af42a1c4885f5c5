/**
 * The picture of a person: initials on one of twelve colours, and a dot for their presence.
 *
 * @module
 */

import { make } from "./dom.js";

/** @typedef {"online" | "away" | "absent" | ""} Presence  empty: not shown */

/** The number of colours; the style sheet has them. */
const TINTS = 12;

const LETTER = /\p{L}\p{M}{0,2}|\p{N}|\p{Extended_Pictographic}/u;
/** What stands between the words of a name. */
const BETWEEN = /[\s._·-]+/u;

/**
 * @param {string} name
 * @param {{ isSmall?: boolean, presence?: Presence, hue?: number }} [look]  `hue`: the one that the person has chosen
 */
export function avatar(name, { isSmall = false, presence = "", hue = 0 } = {}) {
  const initials = initialsOf(name, isSmall ? 1 : 2);
  // The style sheet shows them: they are no text that is read, searched or copied.
  const element = make("span", { class: isSmall ? "avatar small" : "avatar", "data-tint": tintOf(name, hue), "data-initials": initials, "aria-hidden": "true" });
  showPresence(element, presence);
  return element;
}

/** Sets the dot of an avatar. @param {any} element @param {Presence} presence */
export function showPresence(element, presence) {
  if (element.dataset.presence === presence) return;
  element.dataset.presence = presence;
  element.querySelector(".dot")?.remove();
  if (presence) element.append(make("span", { class: `dot ${presence}` }));
}

/** Returns the presence for a status of the protocol. @param {string} status @returns {Presence} */
export function presenceOf(status) {
  if (status === "absent") return "absent";
  return status === "" ? "online" : "away";
}

/** Returns the first letters of the first and the last word of a name, with their diacritics. @param {string} name @param {1 | 2} number */
export function initialsOf(name, number) {
  const letters = name.split(BETWEEN).flatMap((word) => LETTER.exec(word)?.[0] ?? []);
  const [first = "?", ...others] = letters;
  const last = number === 2 ? (others.at(-1) ?? "") : "";
  return (first + last).toUpperCase();
}

/** Returns the number of a person's colour. @param {string} name @param {number} [hue]  the chosen one, from 1 on; 0 for none */
export function tintOf(name, hue = 0) {
  if (hue) return hue - 1;
  // FNV-1a: names that differ in one letter get different colours.
  let hash = 2166136261;
  for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619);
  return (hash >>> 0) % TINTS;
}
