/**
 * Joins the library, the state and the views: events go in, the views see what changed. How one
 * comes to that is `app.js`.
 *
 *     server ─▶ Chinwag ─events─▶ reduce ─▶ State ─▶ views
 *                  ▲                                   │
 *                  └────────────── actions ◀───────────┘
 *
 * @module
 */

import { Chinwag, remembered } from "../chinwag.js";
import { isDirect } from "../client/event.js";
import { marks } from "./read-marker.js";
import { conversationWith, moderates } from "../state/moderation.js";
import { isLoaded } from "../state/history.js";
import { isAddressed } from "../state/unread.js";
import { find, text } from "../state/room.js";
import * as kept from "./cache.js";
import { reduce } from "../state/reducer.js";
import { initialState } from "../state/state.js";
import { t } from "../strings/strings.js";
import { typed } from "./commands.js";
import { accountDialog } from "../view/account.js";
import { composerView } from "../view/composer.js";
import { byId } from "../view/dom.js";
import { drawers } from "../view/drawers.js";
import { headView } from "../view/room-header.js";
import { logView } from "../view/message-list.js";
import { menus } from "../view/context-menus.js";
import { notifier } from "../view/notifications.js";
import { address, announcer, isStrayKey, roomInAddress, showAddress, wake } from "../view/page.js";
import { peopleView } from "../view/people.js";
import { roomsView } from "../view/rooms.js";
import { searchView } from "../view/search.js";
import { statusView } from "../view/status.js";
import { toolbarView } from "../view/toolbar.js";

/** @typedef {import("../client/event.js").ChatEvent} ChatEvent */
/** @typedef {import("../state/state.js").State} State */

const HISTORY_PAGE = 50;
/** While the page is hidden it draws no frames, but its title shall count. */
const HIDDEN_DRAW_MS = 50;
const TICK_MS = 1_000;
/** The connection ends so when its login does. */
const LOGGED_OUT = 4001;

export class App {
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
  #askToEnter;
  #quit;
  /** @type {State} */
  #state;
  /** What the views have seen. @type {State} */
  #drawn;
  #isDue = false;

  /**
   * @param {string} name
   * @param {string} room  none: those of the last saved
   * @param {Storage | null} storage
   * @param {() => void} quit  forgets this user and begins anew
   */
  constructor(name, room, storage, quit) {
    this.#chat = new Chinwag({ url: address(), name, rooms: room ? [room] : [], storage, cookies: true, wake });
    this.#quit = quit;
    this.#state = this.#drawn = initialState(room || this.#chat.rooms[0]);
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
      talk: (who) => this.#talk(who),
      leave: (where) => this.#leave(where),
      dispatch: (event) => this.#dispatch(event),
      say: (words) => this.#say(words),
      complain: (error) => this.#complain(error),
      giveBack: (words) => this.#composer.giveBack(words),
      setAway: (isAway, text) => this.#setAway(isAway, text),
      quit,
    });
    this.#askToEnter = accountDialog((kind, who, password) => this.#enter(kind, who, password));
    const { person } = menus({
      state: () => this.#state,
      talk: (who) => this.#talk(who),
      call: this.#composer.call,
      moderate: (where, action, about) => this.#moderate(where, action, about),
      leave: (where) => this.#leave(where),
      type: this.#composer.begin,
      setAway: (isAway) => this.#setAway(isAway),
      enter: (kind) => this.#askToEnter(kind, kind === "register" ? this.#state.you : ""),
      logOut: () => this.#logOut(),
    });
    this.#views = [
      this.#log,
      this.#composer,
      headView(),
      peopleView({ menu: person }),
      roomsView({
        open: (where, isPrivate) => this.#open(where, isPrivate),
        leave: (where) => this.#leave(where),
        closeFound: () => this.#dispatch({ type: "ui_found_closed" }),
      }),
      searchView({
        search: (query, where, limit) => this.#search(query, where, limit),
        show: (where, mid) => this.#show(where, mid),
        announce: this.#announce,
      }),
      statusView({
        connectNow: () => this.#chat.connect(),
        logIn: () => this.#askToEnter("log_in", this.#state.you),
      }),
      kept.snapshot(this.#chat, (event) => this.#dispatch(event), { active: () => this.#state.active }),
    ];
    toolbarView({
      you: () => this.#state.you,
      mayDelete: ({ sender }) => sender === this.#state.you || moderates(this.#state, this.#active),
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
      else if (event.type === "failed") this.#announce(t("failed", { reason: event.payload.entry.error.message }));
      // What was logged out, here or elsewhere, leaves nothing behind.
      else if (event.type === "phase" && event.payload.code === LOGGED_OUT) kept.forget();
    });
    for (const entry of chat.outbox.entries) {
      this.#dispatch({ type: "queued", room: entry.room, payload: { entry } });
    }
    addEventListener("storage", ({ key, storageArea }) => {
      const isOther = key === "chinwag" && remembered(storageArea).account && !this.#state.account;
      if (isOther) chat.reconnect();
    });
    addEventListener("hashchange", () => this.#open(roomInAddress()));
    document.addEventListener("visibilitychange", () => this.#look());
    document.addEventListener("keydown", (event) => isStrayKey(event) && this.#composer.focus());
    setInterval(() => {
      this.#dispatch({ type: "ui_ticked" });
      this.#log.tick(Date.now() + this.#state.clockOffset);
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
    if (isAddressed(room, content, this.#chat.you)) this.#notify(`${sender} – ${room}`, content, room);
  }

  /** Somebody else may have decided it. @param {ChatEvent} event */
  #onLeft({ room = "", payload: { why, by, reason } }) {
    if (why !== "kicked" && why !== "banned") return;
    const line = t(`left_${why}`, { room, by: text(by) });
    this.#say(text(reason) ? t("because", { line, reason: text(reason) }) : line);
  }

  /** @param {string} name @param {boolean} [isPrivate] the room shall be so */
  #open(name, isPrivate) {
    this.#panels.makeWay();
    if (!name) return;
    const rooms = [...this.#state.rooms.keys()];
    const known = rooms.find((it) => it.toLowerCase() === name.toLowerCase());
    /** @param {string} room */
    const show = (room) => {
      this.#dispatch({ type: "ui_opened", room });
      this.#loadLatest(room);
      this.#composer.focus();
      if (isPrivate) this.#moderate(room, "make_private");
    };
    if (known || isDirect(name)) show(known ?? name);
    else this.#chat.join(name).then(({ room }) => show(room ?? name), (error) => this.#complain(error));
  }

  /** @param {boolean} isAway @param {string} [text] */
  async #setAway(isAway, text) {
    try {
      const status = isAway ? "away" : "online";
      await this.#chat.setStatus(status, text);
      // Others are told by the server.
      this.#dispatch({ type: "ui_status", payload: { status, text } });
    } catch (error) {
      this.#complain(error);
    }
  }

  /** @param {string} name */
  #talk(name) {
    const room = conversationWith(this.#state, name);
    this.#dispatch({ type: "ui_opened", room, payload: { partner: name } });
    this.#open(room);
  }

  /** @param {string} room @param {string} action @param {{ user?: string, seconds?: number }} [about] */
  async #moderate(room, action, about) {
    try {
      await this.#chat.moderate(room, action, about);
      // In the room itself its record tells of it.
      if (room !== this.#state.active) this.#say(t("invited", { user: about?.user ?? "", room }));
    } catch (error) {
      this.#complain(error);
    }
  }

  /** @param {import("../view/account.js").Kind} kind @param {string} name @param {string} password */
  async #enter(kind, name, password) {
    if (kind === "register") await this.#chat.register(name, password);
    else await this.#chat.logIn(name, password);
    await kept.forget();
    this.#say(t("entered", { name: this.#chat.you }));
  }

  #logOut() {
    this.#chat.logOut().then(this.#quit, (error) => this.#complain(error));
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

/** Whether there was nobody to answer. @param {unknown} error */
function isOffline(error) {
  return error instanceof Error && (error.message === "offline" || error.message === "no answer");
}
