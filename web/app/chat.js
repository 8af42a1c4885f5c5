/**
 * Builds the chat page: connects the library, the state, the actions and the views. `../app.js`
 * decides as whom.
 *
 *     server ─▶ Chinwag ─events─▶ Store ─State─▶ views
 *                  ▲                               │
 *                  └───── navigation, actions ◀────┘
 *
 * @module
 */

import { Chinwag, remembered } from "../chinwag.js";
import { isDirect } from "../client/event.js";
import { roomNamed } from "../state/directory.js";
import { moderates, namesIn, personOf } from "../state/moderation.js";
import { asMessage, list as listOf, wordsOf } from "../state/room.js";
import { t } from "../strings/strings.js";
import { accountDialog } from "../view/account.js";
import { copyText, setUpCopying } from "../view/clipboard.js";
import { composerView } from "../view/composer.js";
import { contextMenus } from "../view/context-menus.js";
import { byId, isReaderHere } from "../view/dom.js";
import { drawers } from "../view/drawers.js";
import { messageListView } from "../view/message-list.js";
import { notifier } from "../view/notifications.js";
import { address, addressOf, announcer, isRevisit, isStrayKey, showAddress, targetInAddress, wake } from "../view/page.js";
import { onPartMissing, withPart } from "../view/parts.js";
import { peopleView } from "../view/people.js";
import { pinsView } from "../view/pins.js";
import { pressablePeople } from "../view/pressable-people.js";
import { roomHeaderView } from "../view/room-header.js";
import { roomsView } from "../view/rooms.js";
import { searchView } from "../view/search.js";
import { statusView } from "../view/status.js";
import { toastsView } from "../view/toasts.js";
import { toolbarView } from "../view/toolbar.js";
import { Actions } from "./actions.js";
import { attaching } from "./attaching.js";
import * as cache from "./cache.js";
import { commandRunner } from "./commands.js";
import { Deletions } from "./deletions.js";
import { Directory } from "./directory.js";
import { Drafts } from "./drafts.js";
import { handleEvents } from "./events.js";
import { Feedback } from "./feedback.js";
import { setUpFinding } from "./find.js";
import { HistoryLoader } from "./history-loader.js";
import { membersView } from "./members.js";
import { Navigation } from "./navigation.js";
import { Questions } from "./questions.js";
import { readMarkerView } from "./read-marker.js";
import { Recent } from "./recent.js";
import { Store } from "./store.js";

const TICK_MS = 1_000;

/**
 * The parts that have no place in the page.
 *
 * @typedef {object} Core
 * @property {Chinwag} chat
 * @property {Store} store
 * @property {HistoryLoader} loader
 * @property {Feedback} feedback
 * @property {Actions} actions
 * @property {Deletions} deletions
 * @property {Navigation} navigation
 * @property {Directory} directory
 * @property {Recent} recent
 * @property {Questions} questions
 * @property {() => void} quit
 */

/** @typedef {ReturnType<typeof composerView>} Composer */
/** @typedef {ReturnType<typeof messageListView>} MessageList */

/**
 * Shows the chat and connects.
 *
 * @param {string} name
 * @param {object} first
 * @param {string} first.room  is joined at once; empty for the rooms of the saved session
 * @param {import("../text/link.js").Target} first.target  what is shown first, if it is there
 * @param {Storage | null} storage
 * @param {() => void} quit  forgets the user and starts again
 */
export function startChat(name, { room, target }, storage, quit) {
  const chat = new Chinwag({ url: address(), name, rooms: room ? [room] : [], storage, cookies: true, memberships: true, wake, isWatched: () => !document.hidden });
  const known = chat.rooms.find((it) => it.toLowerCase() === target.room.toLowerCase());
  const store = new Store(known ?? chat.rooms[0], chat.account);
  const announce = announcer();
  const feedback = new Feedback(store, announce);
  onPartMissing(() => feedback.show(t("part_missing")));
  const loader = new HistoryLoader(chat, store);
  const actions = new Actions(chat, store, feedback);
  const deletions = new Deletions((of, mid) => void chat.delete(of, mid), (event) => store.dispatch(event));
  const directory = new Directory(chat);
  const recent = new Recent(storage);
  const panels = drawers();
  const navigation = new Navigation({
    chat,
    store,
    loader,
    feedback,
    directory,
    askToCreate: (name) => finding.askForRoom(name, true),
    closeDrawer: panels.closeOverlay,
    focusComposer: () => composer.focus(),
    scrollTo: (mid) => list.show(mid),
  });
  const questions = new Questions({ chat, store, actions, navigation });
  const core = { chat, store, loader, feedback, actions, deletions, navigation, directory, recent, questions, quit };
  const list = buildList(core);
  const { composer, attached } = buildComposer(core, new Drafts(storage), announce, { browse: () => finding.browse(), help: () => finding.help() });
  buildToolbar(core, composer, announce);
  const notify = notifier({ open: (target) => navigation.open(target) });
  const toasts = toastsView({ open: (target) => navigation.open(target) });
  handleEvents({ chat, store, loader, feedback, announce, notify, toast: toasts.show, restore: (text) => composer.restore(text) });
  const rooms = roomsView({
    open: (room) => navigation.open(room),
    leave: (room) => questions.leave(room),
    accept: (room) => navigation.accept(room),
    decline: (room) => actions.decline(room),
    reorder: (room, before) => actions.reorder(room, before),
    announce,
  });
  const finding = setUpFinding({ store, navigation, directory, recent, actions, prefill: composer.prefill, order: rooms.order });
  store.views = [list, composer, attached, rooms, toasts, ...buildSideViews(core, composer, announce)];
  store.onFocusLost = composer.focus;
  listenToPage(core, list, composer);
  if (target.mid !== undefined || (target.room && !known)) followOnce(core, target);

  // What an earlier page could not send is still in the outbox.
  for (const entry of chat.outbox.entries) store.dispatch({ type: "queued", room: entry.room, payload: { entry } });
  byId("chat").hidden = false;
  updateAttention(store, list);
  chat.connect();
  composer.focus();
}

/** @param {Core} core */
function buildList({ chat, store, loader, actions, deletions, feedback, navigation, questions }) {
  const list = messageListView({
    retry: (id) => chat.retry(id),
    discard: (id) => chat.discard(id),
    react: (mid, emoji, on) => actions.react(mid, emoji, on),
    loadOlder: (room) => loader.loadOlder(room),
    loadPage: (room, page) => loader.loadPage(room, page),
    seek: (room, mid) => navigation.showMessage(room, mid),
    open: (room) => navigation.join(room),
    showReplies: (mid) => showReplies(store.state.active, mid),
    undoDelete: (mid) => deletions.undo(store.state.active, mid),
    saveEdit: (mid, text) => {
      endEdit(store);
      chat.edit(store.state.active, mid, text);
    },
    cancelEdit: () => endEdit(store),
    limit: () => chat.limits.content,
    setTopic: () => questions.setTopic(),
    invite: () => questions.invite(),
    files: {
      isKeyNeeded: () => !store.state.account && (isDirect(store.state.active) || activeRoom(store)?.isPrivate === true),
      download: (file, options) => chat.download(file, options),
      showError: feedback.showError,
    },
    attention: () => updateAttention(store, list),
  });
  return list;

  /** @param {string} room @param {number} mid */
  function showReplies(room, mid) {
    withPart(import("../view/replies.js"), ({ openReplies }) => openReplies({
      load: async (after) => {
        const { messages, more } = (await chat.replies(room, mid, { after })).payload;
        return { messages: listOf(messages).map((raw) => asMessage(raw, store.state.you)), more: more === true };
      },
      show: (reply) => navigation.showMessage(room, reply),
      showError: feedback.showError,
    }));
  }
}

/** @param {Core} core @param {Drafts} drafts @param {(text: string) => void} announce @param {{ browse: () => void, help: () => void }} dialogs */
function buildComposer({ chat, store, feedback, actions, deletions, navigation, directory, quit }, drafts, announce, { browse, help }) {
  const commands = commandRunner({
    chat,
    state: () => store.state,
    dispatch: (event) => store.dispatch(event),
    navigation,
    feedback,
    remove: (room, mid) => deletions.begin(room, mid),
    restore: (text) => composer.restore(text),
    setAway: (isAway, text) => actions.setAway(isAway, text),
    browse,
    help,
    hold: (room, text, options) => attached.hold(room, text, options),
    rename: (name) => actions.rename(name),
    quit,
  });
  const composer = composerView({
    submit: (text, replyTo) => commands.submit(text, replyTo),
    editLast: () => {
      const message = commands.lastMessage((it) => it.sender === store.state.you);
      if (message) beginEdit(store, message);
    },
    typing: (on) => chat.typing(store.state.active, on),
    people: () => namesIn(store.state),
    rooms: () => [...new Set([...[...store.state.rooms.keys()].filter((it) => !isDirect(it)), ...directory.rooms.map(({ name }) => name)])],
    drafts,
    limit: () => chat.limits.content,
    hasFiles: () => attached.has(),
  });
  const attached = attaching({
    chat,
    store,
    feedback,
    announce,
    drafts,
    deliver: commands.deliver,
    restore: composer.restore,
    focus: composer.focus,
  });
  return { composer, attached };
}

/** @param {Core} core @param {Composer} composer @param {(text: string) => void} announce */
function buildToolbar({ chat, store, actions, deletions, feedback }, composer, announce) {
  toolbarView({
    you: () => store.state.you,
    mayDelete: ({ sender }) => sender === store.state.you || moderates(store.state, activeRoom(store)),
    reply: composer.reply,
    edit: (message) => beginEdit(store, message),
    remove: ({ mid }) => deletions.begin(store.state.active, mid),
    react: (mid, emoji, on) => actions.react(mid, emoji, on),
    mayPin: () => isDirect(store.state.active) || moderates(store.state, activeRoom(store)),
    pin: ({ mid }, on) => void chat.pin(store.state.active, mid, on),
    markUnread: ({ mid }) => actions.markUnread(store.state.active, mid),
    copyText: (message) => copy(wordsOf(message)),
    copyLink: ({ mid }) => copy(addressOf({ room: store.state.active, mid, epoch: store.state.epoch })),
    leaveList: composer.focus,
  });
  setUpCopying();

  /** @param {string} text */
  async function copy(text) {
    if (await copyText(text)) announce(t("copied"));
    else feedback.show(t("copy_failed"));
  }
}

/**
 * Builds the views around the conversation.
 *
 * @param {Core} core
 * @param {Composer} composer
 * @param {(text: string) => void} announce
 * @returns {import("./store.js").View[]}
 */
function buildSideViews(core, composer, announce) {
  const { chat, store, actions, navigation, questions } = core;
  const openAccountDialog = buildAccountDialog(core);
  byId("settings-open").onclick = () => withPart(import("../view/settings.js"), ({ openSettings }) => openSettings(profileOf(core), store.state.account ? chat.ownAccount : null));
  const { openPersonMenu, openPersonCard } = contextMenus({
    state: () => store.state,
    openConversation: (person) => navigation.openConversation(person),
    mention: composer.mention,
    moderate: (room, action, options) => actions.moderate(room, action, options),
    leave: (room) => questions.leave(room),
    setNotify: (room, notify) => actions.setNotify(room, notify),
    ban: (room, user) => questions.ban(room, user),
    removeRoom: (room) => questions.removeRoom(room),
    setTopic: () => questions.setTopic(),
    invite: () => questions.invite(),
    rename: () => questions.rename(),
    setAway: (isAway) => actions.setAway(isAway),
    openAccountDialog: (kind) => openAccountDialog(kind, kind === "register" ? store.state.you : ""),
    logOut: () => chat.logOut().then(core.quit, core.feedback.showError),
  });
  pressablePeople(openPersonCard);
  return [
    roomHeaderView(),
    peopleView({ openMenu: openPersonMenu }),
    searchView({
      search: (query, room, limit) => actions.search(query, room, limit),
      show: (room, mid) => navigation.showMessage(room, mid),
      announce,
    }),
    statusView({
      connectNow: () => chat.connect(),
      logIn: () => openAccountDialog("log_in", chat.you),
    }),
    cache.cacheView(chat, (event) => store.dispatch(event), { active: () => store.state.active }),
    membersView(chat),
    pinsView({
      load: async (room) => listOf((await chat.listPins(room)).payload.messages).map((raw) => asMessage(raw, store.state.you)),
      show: (room, mid) => navigation.showMessage(room, mid),
      showError: core.feedback.showError,
    }),
    readMarkerView((room, seq) => actions.markRead(room, seq)),
    visitView(core.recent),
  ];
}

/** Returns the reader's profile and how to change it, if the reader is there. @param {Core} core */
function profileOf({ store, actions }) {
  const { you, phase } = store.state;
  const person = personOf(store.state, you);
  if (phase !== "live" || !person) return null;
  const { text, hue, status } = person;
  const setText = (/** @type {string} */ it) => actions.setAway(status !== "", it);
  return { name: you, text, hue, setText, setHue: (/** @type {number} */ it) => actions.setHue(it) };
}

/** @param {Core} core */
function buildAccountDialog({ chat, feedback }) {
  return accountDialog(async (kind, name, password) => {
    if (kind === "register") await chat.register(name, password);
    else await chat.logIn(name, password);
    await cache.forget();
    feedback.show(t("logged_in", { name: chat.you }));
  });
}

/** @param {Core} core @param {MessageList} list @param {Composer} composer */
function listenToPage({ chat, store, navigation }, list, composer) {
  addEventListener("storage", ({ key, storageArea }) => {
    // Another page of this browser has logged in.
    if (key === "chinwag" && remembered(storageArea).account && !store.state.account) chat.reconnect();
  });
  addEventListener("hashchange", () => {
    const target = targetInAddress();
    const isGone = isRevisit() && !roomNamed(store.state.rooms.values(), target.room);
    // Going back joins no room that was left.
    if (isGone) showAddress(store.state.active, () => false);
    else navigation.follow(target);
  });
  document.addEventListener("visibilitychange", () => updateAttention(store, list));
  for (const change of ["focus", "blur"]) addEventListener(change, () => updateAttention(store, list));
  document.addEventListener("keydown", (event) => isStrayKey(event) && composer.focus());
  setInterval(() => {
    store.dispatch({ type: "ui_ticked" });
    list.tick(Date.now() + store.state.clockOffset);
  }, TICK_MS);
}

/** Returns a view that keeps the address and the order of visits. @param {Recent} recent */
function visitView(recent) {
  /** @type {string | null} */
  let shown = null;
  return {
    /** @param {import("../state/state.js").State} state */
    update({ active, rooms }) {
      // Between changes the browser may be on its way to another address.
      if (active === shown) return;
      shown = active;
      showAddress(active, (room) => rooms.has(room));
      recent.visit(active);
    },
  };
}

/** Goes where the address points as soon as the server can be asked. @param {Core} core @param {import("../text/link.js").Target} target */
function followOnce({ chat, navigation }, target) {
  const stop = chat.on("phase", ({ payload }) => {
    if (payload.phase !== "live") return;
    stop();
    navigation.follow(target);
  });
}

/** Updates whether the reader sees the end of the open room. @param {Store} store @param {MessageList} list */
function updateAttention(store, list) {
  const attentive = list.isAtEnd() && isReaderHere();
  if (attentive !== store.state.attentive) store.dispatch({ type: "ui_attention", payload: { attentive } });
}

/** Opens the editor of a message. @param {Store} store @param {import("../state/room.js").Message} message */
function beginEdit(store, { mid }) {
  store.dispatch({ type: "ui_edit", payload: { mid } });
}

/** Closes the editor of a message. @param {Store} store */
function endEdit(store) {
  store.dispatch({ type: "ui_edit_ended" });
  byId("message").focus({ preventScroll: true });
}

/** @param {Store} store */
function activeRoom({ state }) {
  return state.rooms.get(state.active);
}
