/**
 * Joins the library, the state and the views: events go in, the views see what changed.
 *
 *     server ─▶ Chinwag ─events─▶ reduce ─▶ State ─▶ views
 *                  ▲                                   │
 *                  └────────────── actions ◀───────────┘
 *
 * @module
 */

import { Chinwag, remembered } from "./chinwag.js";
import { isDirect } from "./client/event.js";
import { marks } from "./marks.js";
import { isLoaded } from "./past.js";
import { calls } from "./reading.js";
import { find, text } from "./room.js";
import * as kept from "./snapshot.js";
import { initial, reduce } from "./state.js";
import { setLanguage, t } from "./strings.js";
import { typed } from "./typed.js";
import { announcer } from "./view/announcer.js";
import { composerView } from "./view/composer.js";
import { byId } from "./view/dom.js";
import { drawers } from "./view/drawers.js";
import { headView } from "./view/head.js";
import { logView } from "./view/log.js";
import { notifier } from "./view/notifier.js";
import { isStrayKey, roomInAddress, showAddress, wake } from "./view/page.js";
import { peopleView } from "./view/people.js";
import { roomsView } from "./view/rooms.js";
import { searchView } from "./view/search.js";
import { statusView } from "./view/status.js";
import { toolbarView } from "./view/toolbar.js";

/** @typedef {import("./client/event.js").ChatEvent} ChatEvent */
/** @typedef {import("./state.js").State} State */

const HISTORY_PAGE = 50;
/** While the page is hidden it draws no frames, but its title shall count. */
const HIDDEN_DRAW_MS = 50;
const TICK_MS = 1_000;

class App {
  #chat;
  #log;
  #composer;
  /** @type {{ update: (state: State, before: State) => void }[]} */
  #views;
  #panels = drawers();
  #announce = announcer();
  #notify;
  #typed;
  #mark;
  /** @type {State} */
  #state;
  /** What the views have seen. @type {State} */
  #drawn;
  #isDue = false;

  /**
   * @param {string} name
   * @param {string} room  none: those of the last visit
   * @param {Storage | null} storage
   */
  constructor(name, room, storage) {
    const url = new URL("/ws", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.hash = "";
    this.#chat = new Chinwag({ url, name, rooms: room ? [room] : [], storage, wake });
    this.#state = this.#drawn = initial(room || this.#chat.rooms[0]);
    this.#log = logView({
      retry: (id) => this.#chat.retry(id),
      discard: (id) => this.#chat.discard(id),
      react: (mid, emoji, on) => this.#react(mid, emoji, on),
      loadOlder: (where) => this.#loadOlder(where),
      loadPage: (where, page) => this.#load(where, page),
      seek: (where, mid) => this.#show(where, mid),
      open: (where) => this.#open(where),
      attention: () => this.#look(),
    });
    this.#notify = notifier({ open: (where) => this.#open(where) });
    this.#mark = marks({ state: () => this.#state, read: (where, seq) => this.#read(where, seq) });
    this.#composer = composerView({
      submit: (text, replyTo) => this.#typed.submit(text, replyTo),
      edit: (mid, text) => this.#chat.edit(this.#state.active, mid, text),
      editLast: () => this.#editLast(),
      typing: (on) => this.#chat.typing(this.#state.active, on),
      people: () => (this.#active?.people ?? []).map((it) => it.name),
    });
    this.#typed = typed({
      chat: this.#chat,
      state: () => this.#state,
      open: (where) => this.#open(where),
      leave: (where) => this.#leave(where),
      dispatch: (event) => this.#dispatch(event),
      say: (words) => this.#say(words),
      complain: (error) => this.#complain(error),
      giveBack: (words) => this.#composer.giveBack(words),
      quit: forget,
    });
    this.#views = [
      this.#log,
      this.#composer,
      headView(),
      peopleView({ call: this.#composer.call }),
      roomsView({
        open: (where) => this.#open(where),
        leave: (where) => this.#leave(where),
        closeFound: () => this.#dispatch({ type: "ui_found_closed" }),
      }),
      searchView({
        search: (query, where, limit) => this.#search(query, where, limit),
        show: (where, mid) => this.#show(where, mid),
        announce: this.#announce,
      }),
      statusView({ connectNow: () => this.#chat.connect() }),
      kept.snapshot(this.#chat, (event) => this.#dispatch(event), { active: () => this.#state.active }),
    ];
    toolbarView({
      you: () => this.#state.you,
      reply: this.#composer.reply,
      edit: this.#composer.change,
      remove: ({ mid }) => this.#chat.delete(this.#state.active, mid),
      react: (mid, emoji, on) => this.#react(mid, emoji, on),
      leaveLog: this.#composer.focus,
    });
  }

  start() {
    const chat = this.#chat;
    chat.on("*", (event) => {
      this.#dispatch(event);
      if (event.type === "welcome") this.#onWelcome(event);
      else if (event.type === "message") this.#onMessage(event);
      else if (event.type === "left") this.#onLeft(event);
      else if (event.type === "failed") this.#onFailed(event);
    });
    for (const entry of chat.outbox.entries) {
      this.#dispatch({ type: "queued", room: entry.room, payload: { entry } });
    }
    addEventListener("hashchange", () => this.#open(roomInAddress()));
    document.addEventListener("visibilitychange", () => this.#look());
    document.addEventListener("keydown", (event) => isStrayKey(event) && this.#composer.focus());
    setInterval(() => {
      this.#dispatch({ type: "ui_ticked" });
      this.#log.tick(Date.now() + this.#state.ahead);
    }, TICK_MS);
    byId("chat").hidden = false;
    this.#look();
    chat.connect();
    this.#composer.focus();
  }

  get #active() {
    return this.#state.rooms.get(this.#state.active);
  }

  /** @param {ChatEvent} event */
  #dispatch(event) {
    const next = reduce(this.#state, event, Date.now());
    if (next === this.#state) return;
    this.#state = next;
    if (this.#isDue) return;
    this.#isDue = true;
    if (document.hidden) setTimeout(() => this.#draw(), HIDDEN_DRAW_MS);
    else requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#isDue = false;
    const before = this.#drawn;
    this.#drawn = this.#state;
    for (const view of this.#views) view.update(this.#state, before);
    this.#mark();
    showAddress(this.#state.active);
  }

  /** Notes whether somebody sees the end of the list. */
  #look() {
    const attentive = this.#log.isAtEnd() && !document.hidden;
    if (attentive !== this.#state.attentive) {
      this.#dispatch({ type: "ui_attention", payload: { attentive } });
    }
  }

  /** Shows a line that only this reader sees. @param {string} text */
  #say(text) {
    this.#dispatch({ type: "ui_said", payload: { text } });
    this.#announce(text);
  }

  /** Says what went wrong, where nothing else shows it. @param {unknown} error */
  #complain(error) {
    const message = error instanceof Error ? error.message : String(error);
    this.#say(isOffline(error) ? t("too_late") : message);
  }

  /** @param {ChatEvent} event */
  #onWelcome({ payload }) {
    if (payload.renamed) this.#say(t("renamed", { name: this.#chat.you }));
    for (const room of this.#chat.rooms) {
      if (!isDirect(room)) this.#chat.ask("list_users", undefined, room).catch(() => {});
    }
    this.#loadLatest(this.#state.active);
  }

  /** @param {ChatEvent} event */
  #onMessage({ room = "", payload }) {
    const sender = text(payload.sender);
    const content = text(payload.content);
    if (sender === this.#chat.you) return;
    if (room === this.#state.active) this.#announce(t("said", { name: sender, text: content }));
    if (calls(room, content, this.#chat.you)) this.#notify(`${sender} – ${room}`, content, room);
  }

  /** Somebody else may have decided it. @param {ChatEvent} event */
  #onLeft({ room = "", payload: { why, by, reason } }) {
    if (why !== "kicked" && why !== "banned") return;
    const line = t(`left_${why}`, { room, by: text(by) });
    this.#say(text(reason) ? t("because", { line, reason: text(reason) }) : line);
  }

  /** @param {ChatEvent} event */
  #onFailed({ payload }) {
    this.#announce(t("failed", { reason: payload.entry.error.message }));
  }

  /** @param {string} name */
  #open(name) {
    this.#panels.makeWay();
    if (!name) return;
    const rooms = [...this.#state.rooms.keys()];
    const known = rooms.find((it) => it.toLowerCase() === name.toLowerCase());
    /** @param {string} room */
    const show = (room) => {
      this.#dispatch({ type: "ui_opened", room });
      this.#loadLatest(room);
      this.#composer.focus();
    };
    if (known || isDirect(name)) show(known ?? name);
    else this.#chat.join(name).then(({ room }) => show(room ?? name), (error) => this.#complain(error));
  }

  /** @param {string} room */
  #leave(room) {
    if (isDirect(room)) this.#dispatch({ type: "left", room });
    else this.#chat.leave(room).catch((error) => this.#complain(error));
  }

  /** @param {string} name */
  async #loadOlder(name) {
    const room = this.#state.rooms.get(name);
    const before = room?.oldest || room?.messages[0]?.mid || 0;
    const page = await this.#load(name, { before });
    // A page that does not reach further back is the last one, whatever it says.
    if (page && !(page.first < before)) this.#dispatch({ type: "ui_whole", room: name });
  }

  /** The end of a private conversation, which is not sent on coming. @param {string} name */
  #loadLatest(name) {
    const room = this.#state.rooms.get(name);
    if (isDirect(name) && this.#chat.direct.has(name) && room?.oldest === 0) this.#load(name, {});
  }

  /**
   * A page of the past, or nothing: who needs it asks again.
   *
   * @param {string} room
   * @param {{ before?: number, after?: number, around?: number }} page
   * @returns {Promise<any>}
   */
  async #load(room, page) {
    try {
      const { payload } = await this.#chat.history(room, { ...page, limit: HISTORY_PAGE });
      return payload;
    } catch {
      return null;
    }
  }

  /** Leads to a message, in whatever room and however far back. @param {string} name @param {number} mid */
  async #show(name, mid) {
    this.#panels.makeWay();
    if (name !== this.#state.active) this.#dispatch({ type: "ui_opened", room: name });
    const room = this.#state.rooms.get(name);
    if (!room) return;
    const isKnown = isLoaded(room, mid);
    if (!isKnown && !(await this.#load(name, { around: mid }))) {
      this.#say(t("too_late"));
      return;
    }
    this.#draw();
    const messages = this.#state.rooms.get(name)?.messages ?? [];
    const there = find(messages, mid) ?? (isKnown ? undefined : messages.find((it) => it.mid > mid));
    if (there && this.#state.active === name) this.#log.show(there.mid);
    else this.#say(t("gone"));
  }

  /** @param {string} query @param {string | undefined} room @param {number} limit */
  #search(query, room, limit) {
    this.#dispatch({ type: "ui_searched", payload: { query } });
    this.#chat.search(query, { room, limit }).catch((error) => {
      const message = isOffline(error) ? t("too_late") : error.message;
      this.#dispatch({ type: "ui_search_failed", payload: { message } });
    });
  }

  /** @param {string} room @param {number} seq */
  #read(room, seq) {
    this.#chat.read(room, seq);
    this.#dispatch({ type: "read", room, payload: { seq } });
  }

  #editLast() {
    const message = this.#typed.lastMessage((it) => it.sender === this.#state.you);
    if (message) this.#composer.change(message);
  }

  /** @param {number} mid @param {string} emoji @param {boolean} on */
  #react(mid, emoji, on) {
    this.#chat.react(this.#state.active, mid, emoji, on);
  }
}

translate();
const storage = openStorage();
const { name: lastName } = remembered(storage);
if (lastName) new App(lastName, roomInAddress(), storage).start();
else greet();

/** Shows the entrance: a name and, if wanted, a room. */
function greet() {
  kept.forget();
  const entrance = byId("entrance");
  const name = byId("join-name");
  const room = byId("join-room");
  entrance.hidden = false;
  room.value = roomInAddress();
  name.focus();
  /** @param {Event} event */
  const enter = (event) => {
    event.preventDefault();
    if (!name.value.trim()) return;
    entrance.remove();
    new App(name.value.trim(), room.value.trim().replace(/^#/, ""), storage).start();
  };
  byId("join-form").addEventListener("submit", enter);
}

/** Forgets this user here and begins anew. */
function forget() {
  try {
    storage?.removeItem("chinwag");
  } catch {
    // Forbidden: nothing was kept.
  }
  history.replaceState(null, "", location.pathname);
  kept.forget().finally(() => location.reload());
}

/** Whether there was nobody to answer. @param {unknown} error */
function isOffline(error) {
  return error instanceof Error && (error.message === "offline" || error.message === "no answer");
}

/** Storage may be forbidden altogether: then even naming it throws. @returns {Storage | null} */
function openStorage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/** Puts the texts of the reader's language into the page. */
function translate() {
  const wanted = new URLSearchParams(location.search).get("lang");
  const { lang, dir } = setLanguage(wanted ? [wanted] : navigator.languages);
  document.documentElement.lang = lang;
  document.documentElement.dir = dir;
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-t]"))) {
    element.textContent = t(element.dataset.t ?? "");
  }
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-t-label]"))) {
    element.setAttribute("aria-label", t(element.dataset.tLabel ?? ""));
  }
}
