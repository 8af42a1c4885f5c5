/**
 * How many characters are left, shown when they run out.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { setText } from "./dom.js";

/** The share of the limit from which the rest is shown. */
const SHOWN_FROM = 0.9;

/**
 * Shows the rest; returns whether the text fits.
 *
 * @param {any} element
 * @param {string} text
 * @param {number} [limit]  in characters; unknown before the server has answered
 */
export function countCharacters(element, text, limit = Infinity) {
  // UTF-16 units are at least as many as characters.
  const used = text.length < limit * SHOWN_FROM ? 0 : [...text].length;
  element.hidden = used < limit * SHOWN_FROM;
  element.classList.toggle("over", used > limit);
  if (!element.hidden) setText(element, t(used > limit ? "characters_over" : "characters_left", { n: Math.abs(limit - used) }));
  return used <= limit;
}
