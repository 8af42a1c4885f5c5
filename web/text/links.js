/**
 * Where a link in a text ends, and which links lead where they say.
 *
 * @module
 */

/** The beginning of a link. */
const SCHEME = /https?:\/\//iy;

/**
 * Characters that end a link wherever they stand: white space, quotation marks and brackets that no
 * URL has, and the punctuation of scripts that put no space after it.
 */
const STOP =
  /[\s<>"`\p{Pi}\p{Pf}…‥\u3001-\u3003\u3008-\u3011\u3014-\u301f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65،؛؟۔।॥።፣፤፥]/u;

/** Punctuation that belongs to the sentence, not to the link, when it comes last. */
const TRAILING = ".,;:!?'*_~|–—";

const CLOSING = new Map([
  [")", "("],
  ["]", "["],
  ["}", "{"],
]);

/**
 * Returns the end of the link that begins at `at`, or `at` if none does. Brackets belong to a link in
 * pairs only.
 *
 * @param {string} text
 * @param {number} at
 */
export function linkEnd(text, at) {
  SCHEME.lastIndex = at;
  if (!SCHEME.test(text)) return at;
  const start = SCHEME.lastIndex;
  const open = /** @type {string[]} */ ([]);
  let end = start;
  let hasHost = false;
  for (const character of text.slice(start)) {
    if (STOP.test(character)) break;
    if (!hasHost && character === "/" && text[end - 1] !== "/") {
      // Without a host there is no link, however much follows.
      if (hrefOf(text.slice(at, end)) === null) return at;
      hasHost = true;
    }
    const partner = CLOSING.get(character);
    if (partner !== undefined && open.pop() !== partner) break;
    if ("([{".includes(character)) open.push(character);
    end += character.length;
  }
  while (end > start && (TRAILING + "([{").includes(text[end - 1])) end -= 1;
  return hrefOf(text.slice(at, end)) === null ? at : end;
}

/** Returns the normalized URL, or null for one that is none of the web's. @param {string} url */
export function hrefOf(url) {
  try {
    const { protocol, hostname, href } = new URL(url);
    return (protocol === "https:" || protocol === "http:") && /[\p{L}\p{N}:]/u.test(hostname) ? href : null;
  } catch {
    return null;
  }
}

/**
 * Whether a link of this text may lead to `href`: one that reads like the address of another site
 * may not.
 *
 * @param {string} text
 * @param {string} href
 */
export function isHonest(text, href) {
  const named = /^\s*(?:https?:\/\/)?((?:[\p{L}\p{N}-]+\.)+\p{L}{2,})(?=[\s/:?#]|$)/iu.exec(text)?.[1];
  if (named === undefined) return true;
  const host = new URL(href).hostname;
  const claimed = hrefOf(`https://${named}`);
  return claimed !== null && new URL(claimed).hostname === host;
}
