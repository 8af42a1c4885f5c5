/**
 * The statistics page: polls the server every few seconds.
 *
 * @module
 */

import { Chinwag } from "../chinwag.js";
import { byId, make, setText } from "../view/dom.js";
import { address, chooseLanguage, translatePage } from "../view/page.js";
import { showTheme } from "../view/preferences.js";
import { card } from "./card.js";
import { byDay, OVER_TIME, overTime } from "./contents.js";
import { figures as figuresOf } from "./figures.js";
import { roomsCard } from "./rooms.js";
import { number, span, t } from "./words.js";

/** @typedef {import("./figures.js").Figures} Figures */

const POLL_MS = 3_000;
/** Storage key of the chat's session. */
const KEY = "chinwag";

showTheme();
chooseLanguage();
translatePage(t);
document.title = `${t("title")} – chinwag`;
const tiles = ["people", "connections", "messages", "journal"].map(tile);
const charts = OVER_TIME.map((chart) => ({ chart, card: card(chart.id, t(`${chart.id}_title`)) }));
const rooms = roomsCard();
const days = card("days", t("days_title"));
const minutes = byId("span");

// A user of the chat connects as the same person. Only the session is read, and nothing is written.
const storage = { length: 0, key: () => null, getItem: stored, setItem() {}, removeItem() {} };
const chat = new Chinwag({ url: address(), storage, storageKey: KEY, cookies: true, history: 0, wake });
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

chat.on("welcome", () => {
  // Others are guests who only look at the page: they need no room.
  if (stored(KEY) === null) for (const room of chat.rooms) chat.leave(room).catch(() => {});
});
chat.on("phase", ({ payload: { phase, code } }) => {
  const isConnecting = phase === "connecting" || phase === "catching_up";
  const word = phase === "live" ? "live" : isConnecting ? "connecting" : "offline";
  setText(byId("status"), t(word));
  byId("status").dataset.phase = word;
  byId("login-link").hidden = !needsLogin(phase, code);
  if (needsLogin(phase, code)) showMessage(t("login_needed"));
  if (phase === "live") poll();
  else clearTimeout(timer);
});
minutes.addEventListener("change", poll);
document.addEventListener("visibilitychange", poll);
showMessage(t("waiting"));
chat.connect();

async function poll() {
  clearTimeout(timer);
  // A hidden page does not poll; it continues when it becomes visible.
  if (chat.phase !== "live" || document.hidden) return;
  timer = setTimeout(poll, POLL_MS);
  try {
    const { payload } = await chat.ask("stats", { minutes: Number(minutes.value) });
    showMessage("");
    show(figuresOf(payload));
  } catch (error) {
    if (/** @type {any} */ (error).code !== "unknown_type") return;
    clearTimeout(timer);
    showMessage(t("unknown"));
  }
}

/** Whether the statistics need a login. @param {string} phase @param {number} [code] */
function needsLogin(phase, code) {
  return phase === "stopped" && (code === 401 || code === 4001);
}

/** Shows a message instead of the figures; empty to show the figures. @param {string} text */
function showMessage(text) {
  byId("nothing").hidden = text === "";
  byId("tiles").hidden = byId("charts").hidden = text !== "";
  setText(byId("nothing"), text);
}

/** @param {Figures} figures */
function show(figures) {
  const { users, connections, messages, series } = figures;
  const p50 = latest(series.p50);
  const p99 = latest(series.p99);
  const [showPeople, showConnections, showMessages, showLatency] = tiles;
  showPeople(number(users.now), t("within", { hour: number(users.hour), day: number(users.day) }));
  showConnections(number(connections), t("now"));
  showMessages(number(messages.minute), t("minute_within", { hour: number(messages.hour), day: number(messages.day) }));
  showLatency(p99 === null ? "–" : span(p99), p50 === null ? t("nothing_yet") : t("journal_more", { p50: span(p50) }));
  for (const { chart, card: it } of charts) it.update(overTime(chart, series));
  rooms.update(figures.rooms);
  days.update(byDay(figures.days));
}

/** @param {(number | null)[]} values */
function latest(values) {
  return values.findLast((it) => it !== null) ?? null;
}

/** Adds a tile: a figure with an explanation. Returns the function that fills it. @param {string} key */
function tile(key) {
  const value = make("dd", { class: "value" });
  const more = make("dd", { class: "muted" });
  byId("tiles").append(make("div", { class: "tile" }, make("dt", { text: t(key) }), value, more));
  return (/** @type {string} */ figure, /** @type {string} */ details) => {
    setText(value, figure);
    setText(more, details);
  };
}

/** @param {string} name */
function stored(name) {
  try {
    return name === KEY ? localStorage.getItem(KEY) : null;
  } catch {
    return null;
  }
}

/** Calls `probe` when the network or the page may be back. @param {() => void} probe */
function wake(probe) {
  addEventListener("online", probe);
  addEventListener("pageshow", (event) => event.persisted && probe());
}
