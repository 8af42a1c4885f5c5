/**
 * The search for messages. A result opens its message in the conversation.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { wordsOf } from "../state/room.js";
import { accountSign } from "./account-sign.js";
import { byId, make, setText } from "./dom.js";
import { dayAndClock, isoOf, longTime } from "./time.js";

/** @typedef {import("../state/state.js").State} State */

/** Characters shown before the first hit, and in total. */
const BEFORE_CHARS = 40;
const EXCERPT_CHARS = 180;

/** Results of the first page. */
const FIRST_PAGE = 20;
/** The limit of the server. */
const RESULTS_MAX = 200;

/**
 * @typedef {object} SearchActions
 * @property {(query: string, room: string | undefined, limit: number) => void} search
 * @property {(room: string, mid: number) => void} show
 * @property {(text: string) => void} announce
 */

/** @param {SearchActions} actions */
export function searchView({ search, show, announce }) {
  const field = byId("search-field");
  const here = byId("search-here");
  const note = byId("search-note");
  const hint = byId("search-hint");
  const results = byId("results");
  const more = byId("search-more");
  let limit = FIRST_PAGE;
  let room = "";

  byId("search-form").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    limit = FIRST_PAGE;
    ask();
  });
  byId("search-side").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const stops = [field, ...results.querySelectorAll("button")];
    const at = stops.indexOf(document.activeElement);
    const next = stops[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (at < 0 || !next) return;
    event.preventDefault();
    next.focus();
  });
  more.addEventListener("click", () => {
    limit = Math.min(limit * 3, RESULTS_MAX);
    ask();
  });

  return {
    /** @param {State} state @param {State} before */
    update(state, before) {
      room = state.active;
      if (state.search === before.search) return;
      const { query, isBusy, found, more: isMore, failure } = state.search ?? NO_SEARCH;
      const summary = isBusy ? t("loading") : failure || (query ? t("results_count", { n: found.length }) : "");
      setText(note, summary);
      hint.hidden = found.length > 0;
      if (summary && !isBusy) announce(summary);
      results.replaceChildren(...found.map((it) => result(it, query)));
      more.hidden = !isMore || limit >= RESULTS_MAX;
    },
  };

  function ask() {
    const query = field.value.trim();
    if (query) search(query, here.checked ? room : undefined, limit);
  }

  /** @param {import("../state/room.js").Message & { room: string }} message @param {string} query */
  function result(message, query) {
    const { room: where, mid, sender, account, ts } = message;
    const name = make("bdi", { class: "sender", text: sender });
    const time = make("time", { datetime: isoOf(ts), title: longTime(ts), text: dayAndClock(ts) });
    const place = make("bdi", { class: "muted", text: where.startsWith("@") ? where : `#${where}` });
    const words = excerpt(wordsOf(message), query).map(({ text, isHit }) => (isHit ? make("mark", { text }) : text));
    const text = make("span", { class: "excerpt", dir: "auto" }, ...words);
    const meta = make("span", { class: "meta" }, name, ...(account ? [accountSign()] : []), " ", place, " ", time);
    return make("li", {}, make("button", { class: "result", type: "button", onclick: () => show(where, mid) }, meta, " ", text));
  }
}

/** @type {import("../state/state.js").Search} */
const NO_SEARCH = { query: "", isBusy: false, found: [], more: false, failure: "" };

/** What narrows a search, and is no word to be found. */
const FILTER = /(?<!\S)(?:from|in|before|after|has):(?:"[^"]*"|\S+)/gi;

/**
 * Returns the part of a text around the words of a query, or its beginning if none is found: the
 * server may match words that this does not.
 *
 * @param {string} content
 * @param {string} query
 * @returns {{ text: string, isHit: boolean }[]}
 */
export function excerpt(content, query) {
  const plain = content.replace(/\s+/g, " ");
  const words = query.replace(FILTER, "").match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  const found = words.length ? new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.join("|")})`, "giu") : /(?!)/g;
  const first = plain.search(found);
  const start = first > BEFORE_CHARS ? first - BEFORE_CHARS : 0;
  // A cut may split a surrogate pair.
  const shown = plain.slice(start, start + EXCERPT_CHARS).replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "");
  const parts = [];
  let end = 0;
  for (const { 0: hit, index } of shown.matchAll(found)) {
    parts.push({ text: shown.slice(end, index), isHit: false }, { text: hit, isHit: true });
    end = index + hit.length;
  }
  parts.push({ text: shown.slice(end), isHit: false });
  const isCut = start + EXCERPT_CHARS < plain.length;
  return [{ text: start > 0 ? "…" : "", isHit: false }, ...parts, { text: isCut ? "…" : "", isHit: false }].filter(
    ({ text }) => text !== "",
  );
}
