/**
 * The statistics page: asks the server every few seconds and shows what it tells.
 *
 * @module
 */

import { Chinwag } from "../chinwag.js";
import { setLanguage } from "../strings/strings.js";
import { byId, make, setText } from "../view/dom.js";
import { card } from "./card.js";
import { byDay, OVER_TIME, overTime } from "./contents.js";
import { figures } from "./figures.js";
import { roomsCard } from "./rooms.js";
import { number, span, t } from "./words.js";

/** @typedef {import("./figures.js").Figures} Figures */

const ASK_MS = 3_000;
/** Where the chat keeps who the visitor is. */
const KEY = "chinwag";

translate();
const tiles = ["people", "connections", "messages", "journal"].map(tile);
const charts = OVER_TIME.map((chart) => ({ chart, card: card(chart.id, t(`${chart.id}_title`)) }));
const rooms = roomsCard();
const days = card("days", t("days_title"));
const minutes = byId("span");

const url = new URL("/ws", location.href);
url.protocol = url.protocol.replace("http", "ws");
url.search = url.hash = "";
// A visitor who talks here comes as the same person. Of what the chat keeps only this is read, and
// nothing is written: it is no second chat.
const storage = { length: 0, key: () => null, getItem: kept, setItem() {}, removeItem() {} };
const chat = new Chinwag({ url, storage, storageKey: KEY, cookies: true, history: 0, wake });
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

chat.on("welcome", () => {
  // Others are guests who only look: they need no room.
  if (kept(KEY) === null) for (const room of chat.rooms) chat.leave(room).catch(() => {});
});
chat.on("phase", ({ payload: { phase, code } }) => {
  const isComing = phase === "connecting" || phase === "catching_up";
  const word = phase === "live" ? "live" : isComing ? "connecting" : "offline";
  setText(byId("status"), t(word));
  byId("status").dataset.phase = word;
  byId("door").hidden = !isShut(phase, code);
  if (isShut(phase, code)) tell(t("login_needed"));
  if (phase === "live") ask();
  else clearTimeout(timer);
});
minutes.addEventListener("change", ask);
document.addEventListener("visibilitychange", ask);
tell(t("waiting"));
chat.connect();

async function ask() {
  clearTimeout(timer);
  // Where nobody looks nothing is asked for; the next look does it.
  if (chat.phase !== "live" || document.hidden) return;
  timer = setTimeout(ask, ASK_MS);
  try {
    const { payload } = await chat.ask("stats", { minutes: Number(minutes.value) });
    tell("");
    show(figures(payload));
  } catch (error) {
    if (/** @type {any} */ (error).code !== "unknown_type") return;
    clearTimeout(timer);
    tell(t("unknown"));
  }
}

/** Whether only who has an account may see them. @param {string} phase @param {number} [code] */
function isShut(phase, code) {
  return phase === "stopped" && (code === 401 || code === 4001);
}

/** Shows words instead of figures; none: figures. @param {string} text */
function tell(text) {
  byId("nothing").hidden = text === "";
  byId("tiles").hidden = byId("charts").hidden = text !== "";
  setText(byId("nothing"), text);
}

/** @param {Figures} told */
function show(told) {
  const { users, connections, messages, series } = told;
  const p50 = latest(series.p50);
  const p99 = latest(series.p99);
  const [people, sockets, said, journal] = tiles;
  people(number(users.now), t("within", { hour: number(users.hour), day: number(users.day) }));
  sockets(number(connections), t("now"));
  said(number(messages.minute), t("minute_within", { hour: number(messages.hour), day: number(messages.day) }));
  journal(p99 === null ? "–" : span(p99), p50 === null ? t("nothing_yet") : t("journal_more", { p50: span(p50) }));
  for (const { chart, card: it } of charts) it.update(overTime(chart, series));
  rooms.update(told.rooms);
  days.update(byDay(told.days));
}

/** @param {(number | null)[]} values */
function latest(values) {
  return values.findLast((it) => it !== null) ?? null;
}

/** A figure with a word of explanation. @param {string} key */
function tile(key) {
  const value = make("dd", { class: "value" });
  const more = make("dd", { class: "muted" });
  byId("tiles").append(make("div", { class: "tile" }, make("dt", { text: t(key) }), value, more));
  return (/** @type {string} */ figure, /** @type {string} */ words) => {
    setText(value, figure);
    setText(more, words);
  };
}

/** @param {string} name */
function kept(name) {
  try {
    return name === KEY ? localStorage.getItem(KEY) : null;
  } catch {
    return null;
  }
}

/** Tells the library when the network or the page may be back. @param {() => void} probe */
function wake(probe) {
  addEventListener("online", probe);
  addEventListener("pageshow", (event) => event.persisted && probe());
}

/** Puts the texts of the reader's language into the page. */
function translate() {
  const wanted = new URLSearchParams(location.search).get("lang");
  const { lang, dir } = setLanguage(wanted ? [wanted] : navigator.languages);
  document.documentElement.lang = lang;
  document.documentElement.dir = dir;
  document.title = `${t("title")} – chinwag`;
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-t]"))) {
    setText(element, t(element.dataset.t ?? ""));
  }
}
