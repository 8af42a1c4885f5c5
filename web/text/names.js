/**
 * Mentions of people in a text.
 *
 * @module
 */

/** A name as it is compared. @param {string} name */
export function foldName(name) {
  return name.normalize("NFC").toLowerCase();
}

/** Returns the names with one more; the set itself if it has that one. @param {ReadonlySet<string>} names @param {string} folded */
export function withName(names, folded) {
  return names.has(folded) ? names : new Set([...names, folded]);
}

/** The longest name, in UTF-16 units; the server's limit of 32 characters may take two each. */
const NAME_UNITS_MAX = 96;

const WORD = /[\p{L}\p{N}\p{M}_]+(?:[.-][\p{L}\p{N}\p{M}_]+)*/uy;

/** What goes on with a word. */
const WORD_PART = /[\p{L}\p{N}\p{M}_]/u;

/**
 * Returns the end of the mention whose `@` stands at `at`, or `at` if there is none: the longest of
 * the known names, or else one word.
 *
 * @param {string} text
 * @param {number} at
 * @param {ReadonlySet<string>} names  folded by `foldName`
 */
export function mentionEnd(text, at, names) {
  if (isWordPart(lastCharacter(text, at))) return at;
  const start = at + 1;
  const longest = names.size ? Math.min(text.length, start + NAME_UNITS_MAX) : start;
  for (let end = longest; end > start; end -= 1) {
    if (names.has(foldName(text.slice(start, end))) && endsName(text, end)) return end;
  }
  WORD.lastIndex = start;
  return WORD.test(text) ? WORD.lastIndex : at;
}

/** Whether a name may end here: before neither a letter nor a hyphen and a letter. @param {string} text @param {number} end */
function endsName(text, end) {
  const [next = "", second = ""] = text.slice(end, end + 4);
  return !isWordPart(next) && !(next === "-" && isWordPart(second)) && !/[\udc00-\udfff]/.test(text[end] ?? "");
}

/** @param {string} character */
function isWordPart(character) {
  return WORD_PART.test(character);
}

/** Returns the character before a position, or the empty string. @param {string} text @param {number} at */
export function lastCharacter(text, at) {
  return [...text.slice(Math.max(0, at - 2), at)].at(-1) ?? "";
}
