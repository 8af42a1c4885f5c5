/**
 * What stands within a line of text: code, links, emphasis, mentions, shortcodes.
 *
 * @module
 */

import { emphasize, runsAt } from "./emphasis.js";
import { hrefOf, isHonest, linkEnd } from "./links.js";
import { lastCharacter, mentionEnd } from "./names.js";

/** @typedef {import("./emphasis.js").Inline} Inline */

const SHORTCODE = /:([a-z0-9_+-]{2,32}):(?![\p{L}\p{N}:])/uy;

/** Where something may begin; what stands between is text. */
const SPECIAL = /[`hH[@:*_~]/g;

/**
 * Returns the parts of a text.
 *
 * @param {string} text
 * @param {ReadonlySet<string>} names  known names, folded
 * @param {boolean} [isInLink]  links have no links in them
 * @returns {Inline[]}
 */
export function parseInline(text, names, isInLink = false) {
  return text
    .split(/(\n[^\S\n]*\n\s*)/)
    .flatMap((part, i) => (i % 2 ? [{ kind: /** @type {const} */ ("text"), text: part }] : paragraph(part, names, isInLink)));
}

/** @param {string} text @param {ReadonlySet<string>} names @param {boolean} isInLink @returns {Inline[]} */
function paragraph(text, names, isInLink) {
  const parts = /** @type {(Inline | import("./emphasis.js").Run)[]} */ ([]);
  const brackets = isInLink ? new Map() : bracketPairs(text);
  const ticks = new Map();
  let plainFrom = 0;
  let at = 0;
  /** @param {(Inline | import("./emphasis.js").Run)[]} found @param {number} end */
  const push = (found, end) => {
    if (at > plainFrom) parts.push({ kind: "text", text: text.slice(plainFrom, at) });
    for (const part of found) parts.push(part);
    plainFrom = at = end;
  };
  while (at < text.length) {
    SPECIAL.lastIndex = at;
    at = SPECIAL.exec(text)?.index ?? text.length;
    const character = text[at];
    if (character === "`") {
      const length = runLength(text, at);
      const end = codeEnd(text, at, length, ticks);
      if (end > at) push([{ kind: "code", text: codeText(text.slice(at + length, end - length)) }], end);
      else at += length;
    } else if (character === "*" || character === "_" || character === "~") {
      const markers = runsAt(text, at);
      push(markers.parts, markers.end);
    } else {
      const found = at < text.length && token(text, at, names, brackets, isInLink);
      if (found) push([found.part], found.end);
      else at += 1;
    }
  }
  if (plainFrom < text.length) parts.push({ kind: "text", text: text.slice(plainFrom) });
  return emphasize(parts);
}

/**
 * Returns the link, mention or shortcode that begins here, and where it ends.
 *
 * @param {string} text
 * @param {number} at
 * @param {ReadonlySet<string>} names
 * @param {Map<number, number>} brackets
 * @param {boolean} isInLink
 * @returns {{ part: Inline, end: number } | null}
 */
function token(text, at, names, brackets, isInLink) {
  const before = lastCharacter(text, at);
  switch (text[at]) {
    case "[":
      return namedLink(text, at, names, brackets);
    case "@": {
      const end = mentionEnd(text, at, names);
      return end > at ? { part: { kind: "mention", text: text.slice(at, end) }, end } : null;
    }
    case ":": {
      SHORTCODE.lastIndex = at;
      const found = /[\p{L}\p{N}:]/u.test(before) ? null : SHORTCODE.exec(text);
      return found && { part: { kind: "shortcode", text: found[1] }, end: SHORTCODE.lastIndex };
    }
    default: {
      // After a letter of an alphabet a scheme is the end of another word; Chinese puts no space there.
      const end = isInLink || /[a-z0-9_]/i.test(before) ? at : linkEnd(text, at);
      const url = text.slice(at, end);
      return end > at ? { part: { kind: "link", href: hrefOf(url) ?? "", children: [{ kind: "text", text: url }] }, end } : null;
    }
  }
}

/** @param {string} text @param {number} at @param {ReadonlySet<string>} names @param {Map<number, number>} brackets */
function namedLink(text, at, names, brackets) {
  const close = brackets.get(at);
  if (close === undefined || text[close + 1] !== "(") return null;
  const end = linkEnd(text, close + 2);
  const label = text.slice(at + 1, close);
  const href = hrefOf(text.slice(close + 2, end));
  if (text[end] !== ")" || href === null || label.trim() === "" || !isHonest(label, href)) return null;
  return { part: { kind: /** @type {const} */ ("link"), href, children: parseInline(label, names, true) }, end: end + 1 };
}

/** Returns the place of the closing bracket for each opening one. @param {string} text */
function bracketPairs(text) {
  const pairs = new Map();
  const open = [];
  for (let at = text.search(/[[\]]/); at >= 0 && at < text.length; at += 1) {
    if (text[at] === "[") open.push(at);
    else if (text[at] === "]" && open.length) pairs.set(open.pop(), at);
  }
  return pairs;
}

/** @param {string} text @param {number} at */
function runLength(text, at) {
  let end = at;
  while (text[end] === text[at]) end += 1;
  return end - at;
}

/**
 * Returns where the code ends that begins with `length` backticks at `at`: after as many; or `at` if
 * nothing ends it.
 *
 * @param {string} text
 * @param {number} at
 * @param {number} length
 * @param {Map<number, number[]>} ticks  the runs of backticks by length, made when first needed
 */
function codeEnd(text, at, length, ticks) {
  if (ticks.size === 0) {
    for (const { 0: run, index } of text.matchAll(/`+/g)) {
      const starts = ticks.get(run.length);
      if (starts) starts.push(index);
      else ticks.set(run.length, [index]);
    }
  }
  const next = ticks.get(length)?.find((index) => index > at);
  return next === undefined ? at : next + length;
}

/** Code without the space that keeps its backticks apart. @param {string} inner */
function codeText(inner) {
  const line = inner.replaceAll("\n", " ");
  return /^ .*\S.* $/.test(line) ? line.slice(1, -1) : line;
}
