/**
 * The comparison of names with what somebody types to find them.
 *
 * @module
 */

/** Returns a text as it is compared: compatible forms, letter case and marks do not count. @param {string} text */
export function plainName(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** The rank of a name that begins with the query, or has a word that does; lower ranks are better. */
export const WORD_RANK = 2;
const CONTAINED_RANK = 3;
const SCATTERED_RANK = 4;

/**
 * Returns how well a name fits a query: 0 for the same, then the beginning of the name, of a word, any
 * part, and letters in this order; Infinity if it does not fit.
 *
 * @param {string} query
 * @param {string} name
 */
export function rankOf(query, name) {
  const wanted = plainName(query.trim());
  const whole = plainName(name);
  if (wanted === whole) return 0;
  if (whole.startsWith(wanted)) return 1;
  const at = whole.indexOf(wanted);
  if (at < 0) return isScattered(wanted, whole) ? SCATTERED_RANK : Infinity;
  const words = [...whole.matchAll(/(?<![\p{L}\p{N}])[\p{L}\p{N}]/gu)];
  return words.some(({ index }) => whole.startsWith(wanted, index)) ? WORD_RANK : CONTAINED_RANK;
}

/** Whether the letters occur in this order. @param {string} wanted @param {string} whole */
function isScattered(wanted, whole) {
  let at = 0;
  for (const letter of wanted) {
    at = whole.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** Mistakes that a mistyped name may have. */
const MISTAKES_MAX = 2;

/**
 * Returns the name that somebody may have meant, or an empty string.
 *
 * @param {string} typed
 * @param {readonly string[]} names
 */
export function nearest(typed, names) {
  const wanted = [...plainName(typed)];
  let best = "";
  let fewest = Math.min(MISTAKES_MAX, Math.floor(wanted.length / 3)) + 1;
  for (const name of names) {
    const letters = [...plainName(name)];
    if (Math.abs(letters.length - wanted.length) >= fewest) continue;
    const number = mistakes(wanted, letters);
    if (number < fewest) [best, fewest] = [name, number];
  }
  return best;
}

/**
 * Returns the number of letters that are missing, added, replaced, or exchanged with their neighbour.
 *
 * @param {string[]} a
 * @param {string[]} b
 */
function mistakes(a, b) {
  /** @type {number[]} */
  let before = [];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(replaced, row[j] + 1, next[j - 1] + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) next[j] = Math.min(next[j], before[j - 2] + 1);
    }
    [before, row] = [row, next];
  }
  return row[b.length];
}
