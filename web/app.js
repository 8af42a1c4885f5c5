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

/** @typedef {import("./room.js").Message} Message */

const HISTORY_PAGE = 50;

const storage = openStorage();
translate();

const last = remembered(storage);
if (last.name) start(last.name, roomInAddress());
else greet();

/** Shows the entrance: a name and, if wanted, a room. */
function greet() {
  const form = byId("join-form");
  byId("entrance").hidden = false;
  byId("join-room").value = roomInAddress();
  byId("join-name").focus();
  form.addEventListener(
    "submit",
    (/** @type {Event} */ event) => {
      event.preventDefault();
      byId("entrance").hidden = true;
      start(byId("join-name").value.trim(), byId("join-room").value.trim().replace(/^#/, ""));
    },
    { once: true },
  );
}

/** @param {string} name @param {string} room */
function start(name, room) {
  byId("chat").hidden = false;
  const chat = new Chinwag({
    url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`,
    name,
    rooms: room ? [room] : [],
    storage,
    wake,
  });

  let state = initial(room || chat.rooms[0]);
  let drawn = state;
  let isDue = false;
  const panels = drawers();
  const announce = announcer();

  const log = logView({
    retry: (id) => chat.retry(id),
    discard: (id) => chat.discard(id),
    react,
    show: () => {},
    loadOlder,
    attention: (isAtEnd) => {
      const attentive = isAtEnd && !document.hidden;
      if (attentive !== state.attentive) dispatch({ type: "ui_attention", payload: { attentive } });
    },
  });
  const composer = composerView({
    submit,
    edit: (mid, text) => chat.edit(state.active, mid, text),
    editLast: () => {
      const message = lastMessage((it) => it.sender === state.you);
      if (message) composer.change(message);
    },
    typing: (on) => chat.typing(state.active, on),
    people: () => (state.rooms.get(state.active)?.people ?? []).map((it) => it.name),
  });
  toolbarView({
    you: () => state.you,
    reply: composer.reply,
    edit: composer.change,
    remove: ({ mid }) => chat.delete(state.active, mid),
    react,
    leaveLog: composer.focus,
  });
  const views = [
    log,
    composer,
    headView(),
    peopleView({ call: composer.call }),
    roomsView({ open, leave, closeFound: () => dispatch({ type: "ui_found_closed" }) }),
    statusView({ connectNow: () => chat.connect() }),
  ];

  chat.on("*", (event) => {
    dispatch(event);
    if (event.type === "welcome") onWelcome(event);
    else if (event.type === "message") onMessage(event);
  });
  for (const entry of chat.outbox.entries) dispatch({ type: "queued", room: entry.room, payload: { entry } });
  addEventListener("hashchange", () => open(roomInAddress()));
  document.addEventListener("visibilitychange", () => {
    dispatch({ type: "ui_attention", payload: { attentive: !document.hidden && log.isAtEnd() } });
  });
  setInterval(() => {
    dispatch({ type: "ui_ticked" });
    log.tick(Date.now() + state.ahead);
  }, 1000);
  askToNotify();
  chat.connect();
  composer.focus();

  /** @param {import("./client/event.js").ChatEvent} event */
  function dispatch(event) {
    const next = reduce(state, event, Date.now());
    if (next === state) return;
    state = next;
    if (isDue) return;
    isDue = true;
    // A hidden page draws no frames, but its title shall count.
    if (document.hidden) setTimeout(draw, 50);
    else requestAnimationFrame(draw);
  }

  function draw() {
    isDue = false;
    const before = drawn;
    drawn = state;
    for (const view of views) view.update(state, before);
    showAddress(state.active);
  }

  /** @param {string} text */
  function say(text) {
    dispatch({ type: "ui_said", payload: { text } });
    announce(text);
  }

  /** Says what went wrong, where nothing else shows it. @param {unknown} error */
  function complain(error) {
    const message = error instanceof Error ? error.message : String(error);
    say(message === "offline" || message === "no answer" ? t("too_late") : message);
  }

  /** @param {string} name */
  function open(name) {
    panels.close();
    if (!name) return;
    const known = [...state.rooms.keys()].find((it) => it.toLowerCase() === name.toLowerCase());
    if (known || name.startsWith("@")) {
      dispatch({ type: "ui_opened", room: known ?? name });
      composer.focus();
      return;
    }
    chat.join(name).then(({ room: joined }) => {
      dispatch({ type: "ui_opened", room: joined });
      composer.focus();
    }, complain);
  }

  /** @param {string} name */
  function leave(name) {
    if (name.startsWith("@")) dispatch({ type: "left", room: name });
    else chat.leave(name).catch(complain);
  }

  /** @param {string} name */
  function askPeople(name) {
    if (!name.startsWith("@")) chat.ask("list_users", undefined, name).catch(() => {});
  }

  /** @param {string} name */
  async function loadOlder(name) {
    const { oldest, messages } = /** @type {any} */ (state.rooms.get(name));
    try {
      const page = { before: oldest || messages[0]?.mid, limit: HISTORY_PAGE };
      const { payload } = await chat.history(name, page);
      const isFurther = payload?.first < page.before;
      if (!isFurther) dispatch({ type: "ui_whole", room: name });
    } catch {
      // The next scroll asks again.
    }
  }

  /** @param {number} mid @param {string} emoji @param {boolean} on */
  function react(mid, emoji, on) {
    chat.react(state.active, mid, emoji, on);
  }

  /** @param {(message: Message) => boolean} fits */
  function lastMessage(fits) {
    return state.rooms.get(state.active)?.messages.findLast(fits);
  }

  /** Carries out what was typed. @param {string} line @param {number} [replyTo] */
  function submit(line, replyTo) {
    const { active } = state;
    const typed = replyTo === undefined ? read(line) : { kind: /** @type {const} */ ("say"), text: line };
    const { kind, text = "", to = "", number } = typed;
    const own = (/** @type {Message} */ it) => it.sender === state.you;
    switch (kind) {
      case "say":
        return sayIn(active, text, { replyTo });
      case "expire":
        return sayIn(active, text, { ttl: number });
      case "reply": {
        const to = lastMessage((it) => !own(it)) ?? lastMessage(() => true);
        return to ? sayIn(active, text, { replyTo: to.mid }) : say(t("nothing_to_reply"));
      }
      case "edit": {
        const message = lastMessage(own);
        return message ? chat.edit(active, message.mid, text) : say(t("nothing_to_edit"));
      }
      case "delete": {
        const mid = number || lastMessage(own)?.mid;
        return mid ? chat.delete(active, mid) : say(t("nothing_to_edit"));
      }
      case "msg":
        dispatch({ type: "ui_opened", room: `@${to}` });
        return chat.sendTo(to, text);
      case "topic":
        return chat.setTopic(active, text);
      case "join":
        return open(to);
      case "leave":
        return leave(to || active);
      case "name":
        return chat.setName(text).then(() => dispatch({ type: "ui_renamed", payload: { you: chat.you } }), complain);
      case "rooms":
        return chat.ask("list_rooms").catch(complain);
      case "quit":
        return quit();
      case "usage":
        return say(t("usage", { usage: text }));
      default:
        return chat.command(active, line).catch((error) => {
          complain(error);
          composer.giveBack(line);
        });
    }
  }

  /** @param {string} to @param {string} text @param {{ replyTo?: number, ttl?: number }} options */
  function sayIn(to, text, options) {
    if (to.startsWith("@")) chat.sendTo(to.slice(1), text);
    else if (to) chat.send(to, text, options);
    else composer.giveBack(text);
  }

  /** Forgets this user here and begins anew. */
  function quit() {
    chat.stop();
    try {
      storage?.removeItem("chinwag");
    } catch {
      // Forbidden: nothing was kept.
    }
    history.replaceState(null, "", location.pathname);
    location.reload();
  }

  /** @param {import("./client/event.js").ChatEvent} event */
  function onWelcome({ payload }) {
    if (payload.renamed) say(t("renamed", { name: chat.you }));
    for (const joined of chat.rooms) askPeople(joined);
  }

  /** @param {import("./client/event.js").ChatEvent} event */
  function onMessage({ room: where = "", payload }) {
    const { sender, content } = payload;
    if (sender === chat.you) return;
    if (where === state.active) announce(t("said", { name: sender, text: content }));
    const calls = where.startsWith("@") || mentions(content, chat.you);
    if (!calls || !document.hidden || globalThis.Notification?.permission !== "granted") return;
    try {
      new Notification(`${sender} – ${where}`, { body: content.slice(0, 200), tag: where });
    } catch {
      // Some phones allow notifications only from a service worker.
    }
  }
}

/** The page asks only when its user presses the button. */
function askToNotify() {
  const button = byId("notify");
  const isOpen = () => globalThis.Notification?.permission === "default";
  button.hidden = !isOpen();
  button.addEventListener("click", async () => {
    await Notification.requestPermission();
    button.hidden = !isOpen();
  });
}

/** Tells the library when the network or the page may be back. @param {() => void} probe */
function wake(probe) {
  addEventListener("online", probe);
  addEventListener("pageshow", (event) => event.persisted && probe());
  document.addEventListener("visibilitychange", () => !document.hidden && probe());
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
  for (const element of document.querySelectorAll("[data-t]")) {
    element.textContent = t(/** @type {HTMLElement} */ (element).dataset.t ?? "");
  }
  for (const element of document.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(/** @type {HTMLElement} */ (element).dataset.tLabel ?? ""));
  }
}
