/**
 * Emphasis: `*italic*`, `_italic_`, `**bold**`, `***both***`, `~~struck~~`.
 *
 * Stricter than CommonMark, so that code, paths and arithmetic stay as they were typed: a marker
 * opens only after white space, an opening bracket or a quotation mark, closes only before white
 * space or punctuation, and is never part of a word.
 *
 * @module
 */

/**
 * @typedef {object} Inline
 * @property {"text" | "code" | "strong" | "em" | "strike" | "link" | "mention" | "shortcode"} kind
 * @property {string} [text]        as typed; what code and shortcodes are without their markers
 * @property {Inline[]} [children]  of emphasis and links
 * @property {string} [href]        of links
 * @property {number} [depth]       how deep the emphasis in it goes
 */

/**
 * @typedef {object} Run  consecutive markers of one kind
 * @property {string} marker
 * @property {number} left      markers not yet used
 * @property {boolean} opens
 * @property {boolean} closes  never both
 */

/** How deep emphasis may be nested; deeper markers stay as they were typed. */
const DEPTH_MAX = 6;

/** The lengths that mean something. */
const LENGTHS = { "*": [1, 2, 3], _: [1], "~": [2] };

const OPENING = /[\p{Ps}\p{Pi}\p{Pf}<]/u;
const STARTS_WORD = /[\p{L}\p{N}\p{Extended_Pictographic}\u{1f1e6}-\u{1f1ff}@#`]/u;
const SHORTCODE = /^:[a-z0-9_+-]{2,32}:/;

/**
 * Returns the runs of the markers that stand at a position, those without a meaning as text, and where
 * the markers end.
 *
 * @param {string} text
 * @param {number} at
 * @returns {{ parts: (Inline | Run)[], end: number }}
 */
export function runsAt(text, at) {
  const [markers] = /[*_~]*/.exec(text.slice(at)) ?? [""];
  const end = at + markers.length;
  // What stands around all of them counts for each.
  const isFirst = beginsWord(text, at);
  const is = { opens: isFirst && opens(text, end), closes: !isFirst && closes(text, end) };
  const parts = (markers.match(/\*+|_+|~+/g) ?? []).map((run) => {
    const hasMeaning = LENGTHS[/** @type {keyof typeof LENGTHS} */ (run[0])].includes(run.length);
    return hasMeaning ? { marker: run[0], left: run.length, ...is } : { kind: /** @type {const} */ ("text"), text: run };
  });
  return { parts, end };
}

/** Whether nothing that a word could belong to stands before the markers here. @param {string} text @param {number} at */
function beginsWord(text, at) {
  const before = skipBack(text, at);
  return before === 0 || /\s/.test(text[before - 1]) || isOpening(text, before - 1);
}

/** @param {string} text @param {number} end */
function opens(text, end) {
  const rest = text.slice(end);
  const [next = " ", second = " "] = rest.slice(0, 4);
  if (/["']/.test(next)) return !/[\s"'.,]/.test(second);
  return STARTS_WORD.test(next) || OPENING.test(next) || SHORTCODE.test(rest.slice(0, 34));
}

/** @param {string} text @param {number} end */
function closes(text, end) {
  const [next = " ", second = " "] = text.slice(end, end + 4);
  if (/\s/.test(next)) return true;
  // A file, a path or a call goes on: `_config_.yml`, `*a*/b`, `_f_(x)`.
  if (/[./\\]/.test(next) && /[\p{L}\p{N}]/u.test(second)) return false;
  return /[\p{P}\p{Extended_Pictographic}`]/u.test(next) && !/[\p{Ps}@#]/u.test(next);
}

/** Whether an opening bracket or an opening quotation mark stands here. @param {string} text @param {number} at */
function isOpening(text, at) {
  if (!/["']/.test(text[at])) return OPENING.test(text[at]);
  const before = skipBack(text, at);
  return before === 0 || /\s/.test(text[before - 1]) || OPENING.test(text[before - 1]);
}

/** Returns the position before the markers that stand here. @param {string} text @param {number} at */
function skipBack(text, at) {
  while (/[*_~]/.test(text[at - 1] ?? "")) at -= 1;
  return at;
}

/**
 * Makes emphasis of pairs of runs; the markers that find no partner become text.
 *
 * @param {(Inline | Run)[]} parts
 * @returns {Inline[]}
 */
export function emphasize(parts) {
  const out = /** @type {(Inline | Run)[]} */ ([]);
  // Per kind of marker, the place in `out` below which no opener is left.
  const bottom = /** @type {Record<string, number>} */ ({});
  for (const part of parts) {
    if ("marker" in part && part.closes) close(part, out, bottom);
    if (!("marker" in part) || part.left > 0) out.push(part);
  }
  return joined(out.map(asText));
}

/** Pairs a closing run with the openers before it. @param {Run} run @param {(Inline | Run)[]} out @param {Record<string, number>} bottom */
function close(run, out, bottom) {
  while (run.left > 0) {
    let at = out.length - 1;
    const lowest = bottom[run.marker] ?? 0;
    while (at >= lowest && !opensFor(out[at], run.marker)) at -= 1;
    if (at < lowest) {
      bottom[run.marker] = out.length;
      return;
    }
    const opener = /** @type {Run} */ (out[at]);
    const used = Math.min(opener.left, run.left, 2);
    const children = joined(out.slice(at + 1).map(asText));
    const kind = run.marker === "~" ? "strike" : used === 2 ? "strong" : "em";
    const depth = 1 + Math.max(0, ...children.map((child) => child.depth ?? 0));
    if (depth > DEPTH_MAX) {
      bottom[run.marker] = out.length;
      return;
    }
    out.length = at;
    opener.left -= used;
    run.left -= used;
    if (opener.left > 0) out.push(opener);
    out.push({ kind, children, depth });
    for (const marker of Object.keys(bottom)) bottom[marker] = Math.min(bottom[marker], out.length);
  }
}

/** @param {Inline | Run} part @param {string} marker */
function opensFor(part, marker) {
  return "marker" in part && part.marker === marker && part.opens;
}

/** @param {Inline | Run} part @returns {Inline} */
function asText(part) {
  return "marker" in part ? { kind: "text", text: part.marker.repeat(part.left) } : part;
}

/** Joins neighbouring texts. @param {Inline[]} parts */
function joined(parts) {
  const out = /** @type {Inline[]} */ ([]);
  for (const part of parts) {
    const last = out.at(-1);
    if (part.kind === "text" && last?.kind === "text") out[out.length - 1] = { kind: "text", text: `${last.text}${part.text}` };
    else if (part.kind !== "text" || part.text !== "") out.push(part);
  }
  return out;
}
