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
import { read } from "./commands.js";
import { text } from "./room.js";
import * as kept from "./snapshot.js";
import { initial, mentions, reduce } from "./state.js";
import { setLanguage, t } from "./strings.js";
import { announcer } from "./view/announcer.js";
import { composerView } from "./view/composer.js";
import { byId } from "./view/dom.js";
import { drawers } from "./view/drawers.js";
import { headView } from "./view/head.js";
import { logView } from "./view/log.js";
import { peopleView } from "./view/people.js";
import { roomsView } from "./view/rooms.js";
import { statusView } from "./view/status.js";
import { toolbarView } from "./view/toolbar.js";

/** @typedef {import("./client/event.js").ChatEvent} ChatEvent */
/** @typedef {import("./room.js").Message} Message */
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
      attention: () => this.#look(),
    });
    this.#composer = composerView({
      submit: (text, replyTo) => this.#submit(text, replyTo),
      edit: (mid, text) => this.#chat.edit(this.#state.active, mid, text),
      editLast: () => this.#editLast(),
      typing: (on) => this.#chat.typing(this.#state.active, on),
      people: () => (this.#active?.people ?? []).map((it) => it.name),
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
    this.#say(message === "offline" || message === "no answer" ? t("too_late") : message);
  }

  /** @param {ChatEvent} event */
  #onWelcome({ payload }) {
    if (payload.renamed) this.#say(t("renamed", { name: this.#chat.you }));
    for (const room of this.#chat.rooms) {
      if (!room.startsWith("@")) this.#chat.ask("list_users", undefined, room).catch(() => {});
    }
  }

  /** @param {ChatEvent} event */
  #onMessage({ room = "", payload }) {
    const sender = text(payload.sender);
    const content = text(payload.content);
    if (sender === this.#chat.you) return;
    if (room === this.#state.active) this.#announce(t("said", { name: sender, text: content }));
    const calls = room.startsWith("@") || mentions(content, this.#chat.you);
    if (calls && document.hidden) notify(`${sender} – ${room}`, content, room);
  }

  /** @param {ChatEvent} event */
  #onFailed({ payload }) {
    this.#announce(t("failed", { reason: payload.entry.error.message }));
  }

  /** @param {string} name */
  #open(name) {
    this.#panels.close();
    if (!name) return;
    const rooms = [...this.#state.rooms.keys()];
    const known = rooms.find((it) => it.toLowerCase() === name.toLowerCase());
    /** @param {string} room */
    const show = (room) => {
      this.#dispatch({ type: "ui_opened", room });
      this.#composer.focus();
    };
    if (known || name.startsWith("@")) show(known ?? name);
    else this.#chat.join(name).then(({ room }) => show(room ?? name), (error) => this.#complain(error));
  }

  /** @param {string} room */
  #leave(room) {
    if (room.startsWith("@")) this.#dispatch({ type: "left", room });
    else this.#chat.leave(room).catch((error) => this.#complain(error));
  }

  /** @param {string} name */
  async #loadOlder(name) {
    const room = this.#state.rooms.get(name);
    const before = room?.oldest || room?.messages[0]?.mid || 0;
    try {
      const { payload } = await this.#chat.history(name, { before, limit: HISTORY_PAGE });
      // A page that does not reach further back is the last one, whatever it says.
      if (!(payload?.first < before)) this.#dispatch({ type: "ui_whole", room: name });
    } catch {
      // The next scroll asks again.
    }
  }

  /** @param {number} mid @param {string} emoji @param {boolean} on */
  #react(mid, emoji, on) {
    this.#chat.react(this.#state.active, mid, emoji, on);
  }

  #editLast() {
    const message = this.#lastMessage((it) => it.sender === this.#state.you);
    if (message) this.#composer.change(message);
  }

  /** @param {(message: Message) => boolean} fits */
  #lastMessage(fits) {
    return this.#active?.messages.findLast(fits);
  }

  /** Carries out what was typed. @param {string} line @param {number} [replyTo] */
  #submit(line, replyTo) {
    if (replyTo !== undefined) {
      this.#sayIn(this.#state.active, line, { replyTo });
      return;
    }
    const { active } = this.#state;
    const chat = this.#chat;
    const { kind, text: words = "", to = "", number = 0 } = read(line);
    /** @param {unknown} error */
    const complain = (error) => this.#complain(error);
    switch (kind) {
      case "say":
        return this.#sayIn(active, words, {});
      case "expire":
        return this.#sayIn(active, words, { ttl: number });
      case "reply":
      case "edit":
      case "delete":
        return this.#actOnLast(kind, words, number);
      case "msg":
        this.#dispatch({ type: "ui_opened", room: `@${to}` });
        return chat.sendTo(to, words);
      case "topic":
        return chat.setTopic(active, words);
      case "join":
        return this.#open(to);
      case "leave":
        return this.#leave(to || active);
      case "name":
        return chat.setName(words).then(() => this.#dispatch({ type: "ui_renamed", payload: { you: chat.you } }), complain);
      case "rooms":
        return chat.ask("list_rooms").catch(complain);
      case "quit":
        chat.stop();
        return forget();
      case "usage":
        return this.#say(t("usage", { usage: words }));
      default:
        return chat.command(active, line).catch((error) => {
          complain(error);
          this.#composer.giveBack(line);
        });
    }
  }

  /** @param {"reply" | "edit" | "delete"} kind @param {string} text @param {number} number */
  #actOnLast(kind, text, number) {
    const { active, you } = this.#state;
    const own = this.#lastMessage((it) => it.sender === you);
    const other = this.#lastMessage((it) => it.sender !== you) ?? own;
    const mid = number || own?.mid;
    if (kind === "reply") {
      if (other) this.#sayIn(active, text, { replyTo: other.mid });
      else this.#say(t("nothing_to_reply"));
    } else if (mid === undefined) this.#say(t("nothing_to_edit"));
    else if (kind === "edit") this.#chat.edit(active, mid, text);
    else this.#chat.delete(active, mid);
  }

  /** @param {string} room @param {string} text @param {{ replyTo?: number, ttl?: number }} options */
  #sayIn(room, text, options) {
    if (room.startsWith("@")) this.#chat.sendTo(room.slice(1), text);
    else if (room) this.#chat.send(room, text, options);
    else this.#composer.giveBack(text);
  }
}

translate();
offerNotifications();
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

/** The browser is asked only when the reader presses the button. */
function offerNotifications() {
  const button = byId("notify");
  const isOpen = () => globalThis.Notification?.permission === "default";
  button.hidden = !isOpen();
  button.addEventListener("click", async () => {
    await Notification.requestPermission();
    button.hidden = !isOpen();
  });
}

/** @param {string} title @param {string} text @param {string} room */
function notify(title, text, room) {
  if (globalThis.Notification?.permission !== "granted") return;
  try {
    new Notification(title, { body: text.slice(0, 200), tag: room });
  } catch {
    // Some phones allow notifications only from a service worker.
  }
}

/** Tells the library when the network or the page may be back. @param {() => void} probe */
function wake(probe) {
  addEventListener("online", probe);
  addEventListener("pageshow", (event) => event.persisted && probe());
  document.addEventListener("visibilitychange", () => !document.hidden && probe());
}

/** Whether somebody types into nothing: it was meant for the input box. @param {KeyboardEvent} event */
function isStrayKey({ key, ctrlKey, metaKey, altKey, target }) {
  if (key.length !== 1 || key === " " || ctrlKey || metaKey || altKey) return false;
  if (target === document.body) return true;
  const log = byId("log");
  return log.contains(/** @type {Node} */ (target)) && log.dataset.by !== "keys";
}

function roomInAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1)).trim();
  } catch {
    return "";
  }
}

/** @param {string} room */
function showAddress(room) {
  if (roomInAddress() !== room) history.replaceState(null, "", `#${encodeURIComponent(room)}`);
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
