/**
 * The markup of messages: the subset of CommonMark that people type in a chat. Read once, for
 * showing a message, for finding whom it mentions and for the plain text of a notification.
 *
 * Blocks are fenced code, quotes, lists and headings; all else is text, with the line breaks that
 * were typed. What is no valid markup stays as it was typed.
 *
 * @module
 */

import { parseInline } from "./inline.js";
import { foldName, withName } from "./names.js";

/** @typedef {import("./emphasis.js").Inline} Inline */

/**
 * @typedef {object} Block
 * @property {"text" | "code" | "quote" | "list" | "heading"} kind
 * @property {Inline[]} [inlines]   of text and headings
 * @property {string} [text]        of code
 * @property {string} [language]    of code; empty if none was named
 * @property {Block[]} [blocks]     of quotes
 * @property {Block[][]} [items]    of lists
 * @property {number} [start]       the first number of an ordered list
 */

/** How deep quotes and lists may be nested; deeper ones are text. */
const DEPTH_MAX = 4;

const NO_NAMES = /** @type {ReadonlySet<string>} */ (new Set());

const FENCE = /^ {0,3}(`{3,}|~{3,})[^\S\n]*([^\s`]*)[^\S\n]*$/;
const QUOTE = /^ {0,3}>+ /;
const QUOTE_GOES_ON = /^ {0,3}>+(?: |$)/;
const HEADING = /^ {0,3}#{1,6} +(\S.*)$/;
const ITEM = /^( *)([-*+]|(\d{1,9})([.)])) +(?=\S)/;

/**
 * Returns the blocks of a message.
 *
 * @param {string} content
 * @param {ReadonlySet<string>} [names]  known names, folded, which mentions may consist of
 * @returns {Block[]}
 */
export function parse(content, names = NO_NAMES) {
  return blocksOf(content.split("\n"), names, 0);
}

/** Whether the text mentions this name. @param {string} content @param {string} you @param {ReadonlySet<string>} [names] other known names */
export function mentions(content, you, names = NO_NAMES) {
  if (!you || !content.includes("@")) return false;
  const folded = foldName(you);
  const called = `@${folded}`;
  return inlinesOf(parse(content, withName(names, folded))).some(
    ({ kind, text = "" }) => kind === "mention" && foldName(text) === called,
  );
}

/** Returns the text without its markup, on one line. @param {string} content */
export function plainText(content) {
  const parts = inlinesOf(parse(content)).map(({ kind, text = "" }) => (kind === "shortcode" ? `:${text}:` : text));
  return parts.join("").replace(/\s+/g, " ").trim();
}

/** Returns all parts that have no parts of their own, blocks kept apart by line breaks. @param {Block[]} blocks @returns {Inline[]} */
function inlinesOf(blocks) {
  return blocks.flatMap(({ inlines, text, blocks: quoted, items }) => {
    const inner = inlines?.flatMap(leaves) ?? (text === undefined ? inlinesOf(quoted ?? items?.flat() ?? []) : [{ kind: /** @type {const} */ ("code"), text }]);
    return [...inner, { kind: /** @type {const} */ ("text"), text: "\n" }];
  });
}

/** @param {Inline} inline @returns {Inline[]} */
function leaves(inline) {
  return inline.children?.flatMap(leaves) ?? [inline];
}

/** @param {string[]} lines @param {ReadonlySet<string>} names @param {number} depth @returns {Block[]} */
function blocksOf(lines, names, depth) {
  const blocks = /** @type {Block[]} */ ([]);
  let text = /** @type {string[]} */ ([]);
  /** @param {boolean} isBeforeBlock */
  const flush = (isBeforeBlock) => {
    const inner = trimmed(text, blocks.length > 0, isBeforeBlock);
    if (inner.length) blocks.push({ kind: "text", inlines: parseInline(inner.join("\n"), names) });
    text = [];
  };
  let at = 0;
  while (at < lines.length) {
    const follows = text.length > 0 && text[text.length - 1].trim() !== "";
    const found = fence(lines, at) ?? heading(lines[at], names) ?? nested(lines, at, names, depth, follows);
    if (found) {
      flush(true);
      blocks.push(found.block);
      at += found.lines;
    } else {
      text.push(lines[at]);
      at += 1;
    }
  }
  flush(false);
  return blocks;
}

/** Returns lines of text without the empty ones next to a block. @param {string[]} lines @param {boolean} isAfterBlock @param {boolean} isBeforeBlock */
function trimmed(lines, isAfterBlock, isBeforeBlock) {
  let from = 0;
  let end = lines.length;
  while (isAfterBlock && from < end && lines[from].trim() === "") from += 1;
  while (isBeforeBlock && end > from && lines[end - 1].trim() === "") end -= 1;
  return lines.slice(from, end);
}

/** @typedef {{ block: Block, lines: number }} Found  a block and how many lines it takes */

/** @param {string[]} lines @param {number} at @returns {Found | null} */
function fence(lines, at) {
  const [, marker, language] = FENCE.exec(lines[at]) ?? [];
  if (marker === undefined) return null;
  for (let end = at + 1; end < lines.length; end += 1) {
    const before = closedBy(lines[end], marker);
    if (before === null) continue;
    const code = [...lines.slice(at + 1, end), ...(before === "" ? [] : [before])];
    return { block: { kind: "code", language, text: code.join("\n") }, lines: end + 1 - at };
  }
  // Without its end it is code to the last line, if there is one.
  const code = lines.slice(at + 1);
  if (code.join("").trim() === "") return null;
  return { block: { kind: "code", language, text: code.join("\n") }, lines: lines.length - at };
}

/** Returns what stands before the closing fence in this line, or null if it has none. @param {string} line @param {string} marker */
function closedBy(line, marker) {
  const trimmedLine = line.trimEnd();
  const start = lengthWithout(marker[0], trimmedLine);
  if (trimmedLine.length - start < marker.length) return null;
  const before = trimmedLine.slice(0, start);
  return before.trim() === "" ? "" : before;
}

/** Returns the length of a line without the signs at its end. @param {string} sign @param {string} line */
function lengthWithout(sign, line) {
  let end = line.length;
  while (line[end - 1] === sign) end -= 1;
  return end;
}

/** @param {string} line @param {ReadonlySet<string>} names @returns {Found | null} */
function heading(line, names) {
  const found = HEADING.exec(line.trimEnd());
  if (!found) return null;
  const end = lengthWithout("#", found[1]);
  const text = found[1][end - 1] === " " ? found[1].slice(0, end).trimEnd() : found[1];
  return { block: { kind: "heading", inlines: parseInline(text, names) }, lines: 1 };
}

/**
 * Returns the quote or list that begins here.
 *
 * @param {string[]} lines
 * @param {number} at
 * @param {ReadonlySet<string>} names
 * @param {number} depth
 * @param {boolean} follows  whether a line of text stands right before
 * @returns {Found | null}
 */
function nested(lines, at, names, depth, follows) {
  if (depth >= DEPTH_MAX) return null;
  return quote(lines, at, names, depth) ?? list(lines, at, names, depth, follows);
}

/** @param {string[]} lines @param {number} at @param {ReadonlySet<string>} names @param {number} depth @returns {Found | null} */
function quote(lines, at, names, depth) {
  if (!QUOTE.test(lines[at]) || lines[at].replace(QUOTE, "").trim() === "") return null;
  let end = at + 1;
  while (end < lines.length && QUOTE_GOES_ON.test(lines[end])) end += 1;
  // One sign is taken off; the rest of several make a quote within the quote.
  const inner = lines.slice(at, end).map((line) => line.replace(/^ {0,3}>(?=>)|^ {0,3}> ?/, ""));
  return { block: { kind: "quote", blocks: blocksOf(inner, names, depth + 1) }, lines: end - at };
}

/** @param {string[]} lines @param {number} at @param {ReadonlySet<string>} names @param {number} depth @param {boolean} follows @returns {Found | null} */
function list(lines, at, names, depth, follows) {
  const first = ITEM.exec(lines[at]);
  if (first === null || first[1].length > 3 || (follows && first[3] !== undefined && first[3] !== "1")) return null;
  const items = /** @type {Block[][]} */ ([]);
  let end = at;
  for (let next = at; next < lines.length; next = end) {
    const found = ITEM.exec(lines[next]);
    if (found === null || found[1].length > 3 || kindOf(found) !== kindOf(first)) break;
    end = itemEnd(lines, next + 1, found[0].length);
    const inner = [lines[next].slice(found[0].length), ...lines.slice(next + 1, end).map((line) => outdented(line, found[0].length))];
    while (inner[inner.length - 1].trim() === "") inner.pop();
    items.push(blocksOf(inner, names, depth + 1));
  }
  return { block: { kind: "list", items, start: first[3] === undefined ? undefined : Number(first[3]) }, lines: end - at };
}

/** The kind of a list's item: its bullet, or what follows its number. @param {RegExpExecArray} item */
function kindOf([, , bullet, , delimiter]) {
  return delimiter ?? bullet;
}

/**
 * Returns the end of the item whose second line would be `at`: its further lines are indented, with
 * empty lines between them.
 *
 * @param {string[]} lines
 * @param {number} at
 * @param {number} indent
 */
function itemEnd(lines, at, indent) {
  let end = at;
  for (let next = at; next < lines.length; next += 1) {
    if (lines[next].trim() === "") continue;
    const isInside = lines[next].search(/\S/) >= Math.min(indent, 2);
    const isItem = next > end && ITEM.test(lines[next]);
    if (!isInside && !isItem) break;
    if (!isInside) return next;
    end = next + 1;
  }
  return end;
}

/** @param {string} line @param {number} indent */
function outdented(line, indent) {
  return line.slice(Math.min(indent, Math.max(0, line.search(/\S/))));
}
