/**
 * Message text as DOM nodes: `*bold*`, `_italic_`, `~struck~`, `` `code` ``, fenced code, quotes,
 * links, mentions and `:shortcode:` emoji.
 *
 * Nodes are made one by one and text is set as text, so no message can inject markup. Only `http` and
 * `https` URLs become links. Each pattern ends at a line break and examines a character a bounded
 * number of times; text that does not match is plain.
 *
 * @module
 */

import { emoji } from "./emoji.js";
import { mentions } from "../state/unread.js";
import { make } from "./dom.js";

const FENCE = /^```[^\S\n]*[\w+#.-]*\n?([\s\S]*?)\n?```[^\S\n]*(?:\n|$)/m;

const INLINE = new RegExp(
  [
    "`([^`\\n]+)`",
    "\\b(https?:\\/\\/[^\\s<>\"]+)",
    "(?<![\\p{L}\\p{N}*])\\*(?=[^\\s*])([^*\\n]*[^\\s*])\\*(?![\\p{L}\\p{N}*])",
    "(?<![\\p{L}\\p{N}_])_(?=[^\\s_])([^_\\n]*[^\\s_])_(?![\\p{L}\\p{N}_])",
    "(?<![\\p{L}\\p{N}~])~(?=[^\\s~])([^~\\n]*[^\\s~])~(?![\\p{L}\\p{N}~])",
    ":([a-z0-9_+-]{2,32}):",
    "(?<![\\p{L}\\p{N}_])@([\\p{L}\\p{N}_]+(?:[.-][\\p{L}\\p{N}_]+)*)",
  ].join("|"),
  "gu",
);

const DEPTH_MAX = 3;

/**
 * Returns the formatted text.
 *
 * @param {string} text
 * @param {string} you  the reader's name: its mentions are highlighted
 * @returns {DocumentFragment}
 */
export function format(text, you) {
  const out = document.createDocumentFragment();
  let rest = text;
  for (let fence = FENCE.exec(rest); fence; fence = FENCE.exec(rest)) {
    appendLines(out, rest.slice(0, fence.index), you);
    out.append(make("pre", { tabindex: "0" }, make("code", { text: fence[1] })));
    rest = rest.slice(fence.index + fence[0].length);
  }
  appendLines(out, rest, you);
  return out;
}

/** Whether the text consists of a few emoji, which are shown larger. @param {string} text */
export function isEmojiOnly(text) {
  const plain = text.length <= 60 ? text.replace(SHORTCODE, (whole, name) => emoji.get(name) ?? whole) : "";
  return EMOJI_ONLY.test(plain) && [...plain].length <= 12;
}

const SHORTCODE = /:([a-z0-9_+-]{2,32}):/g;
const EMOJI_ONLY =
  /^(?=\s*[\p{Extended_Pictographic}\u{1f1e6}-\u{1f1ff}])[\p{Extended_Pictographic}\u{1f1e6}-\u{1f1ff}\u{1f3fb}-\u{1f3ff}\ufe0f\u200d\s]+$/u;

/**
 * Appends lines. Consecutive lines that begin with `>` are one quote, whatever its depth.
 *
 * @param {DocumentFragment} out
 * @param {string} text
 * @param {string} you
 */
function appendLines(out, text, you) {
  if (text === "") return;
  let plain = /** @type {string[]} */ ([]);
  let quoted = /** @type {string[]} */ ([]);
  const flush = () => {
    if (quoted.length) out.append(make("blockquote", {}, ...inline(quoted.join("\n"), you, 0)));
    if (plain.length) out.append(...inline(plain.join("\n"), you, 0));
    plain = [];
    quoted = [];
  };
  for (const line of text.split("\n")) {
    const isQuote = /^>\s?\S/.test(line);
    if (isQuote !== quoted.length > 0) flush();
    if (isQuote) quoted.push(line.replace(/^[>\s]+/, ""));
    else plain.push(line);
  }
  flush();
}

/**
 * @param {string} text
 * @param {string} you
 * @param {number} depth
 * @returns {(Node | string)[]}
 */
function inline(text, you, depth) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    // A mention of a name with spaces may have consumed this match.
    if (match.index < end) continue;
    const [whole, code, url, bold, italic, struck, shortcode, name] = match;
    /** @param {string} tag @param {string} inner */
    const styled = (tag, inner) =>
      depth < DEPTH_MAX ? make(tag, {}, ...inline(inner, you, depth + 1)) : whole;
    let node;
    let length = whole.length;
    if (code !== undefined) node = make("code", { text: code });
    else if (url !== undefined) [node, length] = link(url);
    else if (bold !== undefined) node = styled("strong", bold);
    else if (italic !== undefined) node = styled("em", italic);
    else if (struck !== undefined) node = styled("s", struck);
    else if (shortcode !== undefined) node = emoji.get(shortcode) ?? whole;
    else [node, length] = mention(name, text.slice(match.index), you);
    // `matchAll` continues after the whole match; what a link did not consume is plain text.
    nodes.push(text.slice(end, match.index), node);
    end = match.index + length;
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}

/**
 * Returns a link, and how many characters of the match belong to it: trailing punctuation does not.
 *
 * @param {string} matched
 * @returns {[Node | string, number]}
 */
function link(matched) {
  let url = matched;
  while (".,;:!?'*_~".includes(url.at(-1) ?? " ")) url = url.slice(0, -1);
  if (url.endsWith(")") && !url.includes("(")) url = url.slice(0, -1);
  let href;
  try {
    href = new URL(url);
  } catch {
    return [matched, matched.length];
  }
  if (href.protocol !== "http:" && href.protocol !== "https:") return [matched, matched.length];
  const properties = { href: href.href, target: "_blank", rel: "noopener noreferrer nofollow ugc", text: url };
  return [make("a", properties), url.length];
}

/**
 * Returns a mention, and how many characters belong to it. Only the reader's own name can contain
 * spaces: of other names the first word is marked.
 *
 * @param {string} name  the word after the `@`
 * @param {string} rest  the text from the `@` on
 * @param {string} you
 * @returns {[Node, number]}
 */
function mention(name, rest, you) {
  const own = rest.slice(0, you.length + 1);
  const isYou = you.length >= name.length && mentions(own, you) && mentions(rest.slice(0, own.length + 2), you);
  const text = isYou ? own : `@${name}`;
  return [make(isYou ? "mark" : "span", { class: "mention", text }), text.length];
}
