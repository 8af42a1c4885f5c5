/**
 * The ways to rooms and people: the dialogs *Jump to*, *Browse rooms* and *New room*, the list of keys,
 * and the keys themselves.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { byId } from "../view/dom.js";
import { withPart } from "../view/parts.js";
import { errorText } from "./feedback.js";

/**
 * @typedef {object} FindContext
 * @property {import("./store.js").Store} store
 * @property {import("./navigation.js").Navigation} navigation
 * @property {import("./directory.js").Directory} directory
 * @property {import("./recent.js").Recent} recent
 * @property {import("./actions.js").Actions} actions
 * @property {(text: string) => void} prefill  puts the beginning of a command into the input box
 * @property {() => readonly string[]} order   rooms and conversations as they are listed
 */

/**
 * Connects the dialogs with their buttons and keys.
 *
 * @param {FindContext} context
 */
export function setUpFinding({ store, navigation, directory, recent, actions, prefill, order }) {
  /** @type {import("../view/new-room.js").NewRoomActions} */
  const creation = {
    rooms: async () => [
      ...(await directory.load()).map(({ name }) => name),
      ...[...store.state.rooms.keys()].filter((it) => !isDirect(it)),
    ],
    open: (room) => navigation.open(room),
    create: async (name, isPrivate) => {
      const room = await navigation.create(name);
      if (isPrivate) await actions.moderate(room, "make_private");
    },
    errorText,
  };
  /** @type {import("../view/jump.js").JumpActions} */
  const places = {
    state: () => store.state,
    recent: () => recent.rooms,
    directory,
    open: (room) => navigation.open(room),
    join: (room) => navigation.join(room),
    openConversation: (person) => navigation.openConversation(person),
    prefill,
    create: askForRoom,
  };
  document.addEventListener("keydown", onQuestionMark, true);
  byId("jump-open").onclick = () => jump();
  byId("browse-open").onclick = browse;
  byId("new-room-open").onclick = () => askForRoom();
  byId("direct-open").onclick = () => jump("@");
  document.addEventListener("keydown", (event) => {
    // The K that follows finds the dialog loaded, and so does what is typed into it.
    if (event.key === "Control" || event.key === "Meta") dialogs().catch(() => {});
    const { key, ctrlKey, metaKey, altKey, shiftKey, defaultPrevented } = event;
    if (defaultPrevented || altKey || shiftKey || !(ctrlKey || metaKey) || key.toLowerCase() !== "k") return;
    event.preventDefault();
    jump();
  });
  // Before the input box takes the arrow keys for itself.
  document.addEventListener("keydown", onArrow, true);
  return { askForRoom, browse, help };

  function dialogs() {
    return import("../view/jump.js");
  }

  /** Opens the dialog *Jump to*. @param {string} [text]  what stands in the field at first */
  function jump(text) {
    withPart(dialogs(), ({ jumpDialogs }) => jumpDialogs(places).jump(text));
  }

  function browse() {
    withPart(dialogs(), ({ jumpDialogs }) => jumpDialogs(places).browse());
  }

  /** Opens the dialog for a new room. @param {string} [name] @param {boolean} [isMissing]  somebody tried to join it */
  function askForRoom(name, isMissing) {
    withPart(import("../view/new-room.js"), ({ openNewRoom }) => openNewRoom(creation, name, isMissing));
  }

  /** Opens the list of keys and commands. */
  function help() {
    withPart(import("../view/shortcuts.js"), ({ openShortcuts }) => openShortcuts());
  }

  /** @param {KeyboardEvent} event */
  function onQuestionMark(event) {
    const { key, ctrlKey, metaKey, altKey, target } = event;
    const isTyping = target instanceof HTMLElement && target.matches("input, textarea, select");
    if (key !== "?" || ctrlKey || metaKey || altKey || isTyping) return;
    event.preventDefault();
    help();
  }

  /** @param {KeyboardEvent} event */
  function onArrow(event) {
    const { key, altKey, ctrlKey, metaKey, shiftKey } = event;
    const isArrow = key === "ArrowUp" || key === "ArrowDown";
    if (!isArrow || !altKey || ctrlKey || metaKey || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    event.stopPropagation();
    const { rooms, active } = store.state;
    const among = order().filter((name) => !shiftKey || name === active || (rooms.get(name)?.unread ?? 0) > 0);
    navigation.openNeighbour(among, key === "ArrowUp" ? -1 : 1);
  }
}
