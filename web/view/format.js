/**
 * Message text as DOM nodes.
 *
 * Nodes are made one by one and text is set as text, so no message can inject markup. Only `http` and
 * `https` URLs become links.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { parse } from "../text/markup.js";
import { foldName, withName } from "../text/names.js";
import { icon, iconButton, icons, make } from "./dom.js";
import { emojiNamed } from "./emoji.js";

/** @typedef {import("../text/markup.js").Block} Block */
/** @typedef {import("../text/emphasis.js").Inline} Inline */

/**
 * Returns the formatted text.
 *
 * @param {string} text
 * @param {string} you  the reader's name: its mentions are highlighted
 * @param {ReadonlySet<string>} names  names that mentions may consist of, folded
 * @returns {DocumentFragment}
 */
export function format(text, you, names) {
  const out = document.createDocumentFragment();
  const folded = foldName(you);
  out.append(...blockNodes(parse(text, withName(names, folded)), folded));
  return out;
}

/** Whether the text consists of a few emoji, which are shown larger. @param {string} text */
export function isEmojiOnly(text) {
  const plain = text.length <= 200 ? text.replace(SHORTCODE, (whole, name) => emojiNamed(name) ?? whole) : "";
  const graphemes = [...segmenter.segment(plain.replace(/\s+/g, ""))];
  return graphemes.length > 0 && graphemes.length <= EMOJI_MAX && graphemes.every(({ segment }) => EMOJI.test(segment));
}

/** Time for which a button shows that it has copied. */
const COPIED_MS = 1_500;
/** Whether an item of the list may show the short name of an emoji. @param {import("../state/timeline.js").Item} item */
export function hasShortcode({ message }) {
  return /:[a-z0-9_+-]+:/.test(message?.content ?? "");
}

/** The most emoji that are shown larger. */
const EMOJI_MAX = 12;

const SHORTCODE = /(?<![\p{L}\p{N}:]):([a-z0-9_+-]{2,32}):(?![\p{L}\p{N}])/gu;
const EMOJI = /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\ufe0f?\u20e3)/u;
const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** @param {Block[]} blocks @param {string} you @returns {(Node | string)[]} */
function blockNodes(blocks, you) {
  return blocks.flatMap(({ kind, inlines = [], text, language, blocks: quoted = [], items = [], start }) => {
    switch (kind) {
      case "code":
        return codeBlock(text, language);
      case "quote":
        return make("blockquote", {}, ...blockNodes(quoted, you));
      case "heading":
        return make("div", {}, make("strong", {}, ...inlineNodes(inlines, you)));
      case "list": {
        const rows = items.map((item) => make("li", {}, ...blockNodes(item, you)));
        return start === undefined ? make("ul", {}, ...rows) : make("ol", { start }, ...rows);
      }
      default:
        return inlineNodes(inlines, you);
    }
  });
}

/** Returns a block of code with a button that copies it. @param {string} [text] @param {string} [language] */
function codeBlock(text = "", language = "") {
  const button = iconButton(icons.copy, t("copy"), async () => {
    await navigator.clipboard?.writeText(text).catch(() => {});
    button.replaceChildren(icon(icons.done));
    setTimeout(() => button.replaceChildren(icon(icons.copy)), COPIED_MS);
  });
  const code = make("code", { text });
  if (language) colour(code, text, language);
  return make("div", { class: "code" }, make("pre", { tabindex: "0", dir: "ltr" }, code), button);
}

/** Finds the parts of a code; null until it is loaded. @type {typeof import("../text/highlight.js").highlight | null} */
let highlight = null;

/** Colours a code, as soon as that is loaded. @param {HTMLElement} code @param {string} text @param {string} language */
async function colour(code, text, language) {
  if (!highlight) {
    const part = await import("../text/highlight.js").catch(() => null);
    // Code can be read without colours.
    if (!part) return;
    highlight = part.highlight;
  }
  const parts = highlight(text, language);
  if (parts) code.replaceChildren(...parts.map(({ text: part, kind }) => (kind ? make("span", { class: `code-${kind}`, text: part }) : part)));
}

/** @param {Inline[]} inlines @param {string} you @returns {(Node | string)[]} */
function inlineNodes(inlines, you) {
  return inlines.map(({ kind, text = "", children = [], href }) => {
    switch (kind) {
      case "code":
        return make("code", { dir: "ltr", text });
      case "strong":
      case "em":
        return make(kind, {}, ...inlineNodes(children, you));
      case "strike":
        return make("s", {}, ...inlineNodes(children, you));
      case "link": {
        const properties = { href, title: href, target: "_blank", rel: "noopener noreferrer nofollow ugc" };
        return make("a", properties, ...inlineNodes(children, you));
      }
      case "mention":
        return make(foldName(text.slice(1)) === you ? "mark" : "span", { class: "mention", role: "button", "aria-haspopup": "dialog", tabindex: "-1", dir: "auto", text });
      case "shortcode":
        return emojiNamed(text) ?? `:${text}:`;
      default:
        return text;
    }
  });
}
