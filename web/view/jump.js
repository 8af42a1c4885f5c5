/**
 * The dialog that leads to a room, a conversation, a person or a command, and the dialog with all rooms.
 *
 * What is typed may begin with `#`, `@` or `/`, which leaves only rooms, people or commands.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { commands } from "../state/commands.js";
import { roomNamed } from "../state/directory.js";
import { partnerOf } from "../state/moderation.js";
import { nearest, rankOf } from "../text/match.js";
import { t } from "../strings/strings.js";
import { icon, icons, make } from "./dom.js";
import { optionDialog } from "./option-dialog.js";
import { dayAndClock } from "./time.js";

/** @typedef {import("../state/directory.js").ListedRoom} ListedRoom */
/** @typedef {import("../state/state.js").State} State */
/** @typedef {import("./option-dialog.js").Option} Option */
/** @typedef {Option & { kind: "#" | "@" | "/", place: number }} Target  `place`: lower ones come first among equals */

/**
 * @typedef {object} JumpActions
 * @property {() => State} state
 * @property {() => readonly string[]} recent  rooms, the last visited first
 * @property {{ rooms: ListedRoom[], load: () => Promise<unknown> }} directory
 * @property {(room: string) => void} open
 * @property {(room: string) => void} join
 * @property {(person: string) => void} openConversation
 * @property {(text: string) => void} prefill  puts the beginning of a command into the input box
 * @property {(name: string) => void} create   opens the dialog for a new room
 */

const UNVISITED = 1_000;

/** @param {JumpActions} actions @returns {{ jump: (text?: string) => void, browse: () => void }} */
export function jumpDialogs(actions) {
  return { jump, browse };

  /** @param {string} [text]  what stands in the field at first */
  function jump(text = "") {
    if (document.querySelector("dialog[open]")) return;
    const { dialog, refresh } = optionDialog({
      name: "jump",
      title: t("jump_to"),
      label: t("jump_field"),
      text,
      options: (query) => fitting(query, [...places(), ...people(), ...listed(), ...commandTargets(actions.prefill)]),
      rest: (query, number) => (number || /^[@/]|^#?$/.test(query) ? [] : missing(query.replace(/^#/, ""), close)),
    });
    const close = () => dialog.close();
    actions.directory.load().then(refresh, () => {});
  }

  function browse() {
    if (document.querySelector("dialog[open]")) return;
    const { dialog, refresh } = optionDialog({
      name: "browse",
      title: t("browse_rooms"),
      label: t("filter_rooms"),
      options: (query) => {
        const joined = actions.state().rooms;
        const rooms = actions.directory.rooms.filter(({ name, topic }) => rankOf(query, name) < Infinity || (query && rankOf(query, topic) < Infinity));
        return rooms.sort((a, b) => b.at - a.at || b.users - a.users || (a.name < b.name ? -1 : 1)).map((room) => listing(room, joined.has(room.name)));
      },
      rest: (query, number) => [
        ...(number || !query ? [] : missing(query.replace(/^#/, ""), close)),
        make("button", { type: "button", text: t("new_room"), onclick: () => (close(), actions.create("")) }),
      ],
    });
    const close = () => dialog.close();
    actions.directory.load().then(refresh, () => {});
  }

  /** @param {ListedRoom} room @param {boolean} isJoined @returns {Option} */
  function listing({ name, topic, users, isPrivate, at }, isJoined) {
    const facts = [isJoined ? t("joined") : "", t("people_count", { n: users }), at ? dayAndClock(at) : ""];
    return {
      label: name,
      sign: [isPrivate ? icon(icons.lock) : "#"],
      hint: facts.filter(Boolean).join(" · "),
      more: topic,
      act: () => actions.join(name),
    };
  }

  /** Returns the line about a room that does not exist. @param {string} name @param {() => void} close @returns {(Node | string)[]} */
  function missing(name, close) {
    const known = [...new Set([...actions.state().rooms.keys(), ...actions.directory.rooms.map((it) => it.name)])];
    if (roomNamed(known.map((it) => ({ name: it })), name)) return [];
    const meant = nearest(name, known.filter((it) => !isDirect(it)));
    const press = (/** @type {() => void} */ act) => () => (close(), act());
    return [
      make("p", { role: "status", text: [t("no_room_named", { room: name }), meant && t("did_you_mean", { room: meant })].filter(Boolean).join(" ") }),
      ...(meant ? [make("button", { type: "button", text: t("open_room", { room: meant }), onclick: press(() => actions.open(meant)) })] : []),
      make("button", { type: "button", text: t("create_it"), onclick: press(() => actions.create(name)) }),
    ];
  }

  /** Returns the joined rooms and the conversations. @returns {Target[]} */
  function places() {
    const { rooms, active } = actions.state();
    const recent = actions.recent();
    return [...rooms.values()].map((room, at) => {
      const { name, isPrivate, unread, topic } = room;
      const isConversation = isDirect(name);
      const visited = recent.indexOf(name);
      return {
        kind: isConversation ? "@" : "#",
        label: isConversation ? partnerOf(room) : name,
        sign: [isConversation ? "@" : isPrivate ? icon(icons.lock) : "#"],
        hint: unread ? t("unread", { n: unread }) : topic,
        // The open room is where one is already.
        place: name === active ? 2 * UNVISITED : visited < 0 ? UNVISITED + at : visited,
        act: () => actions.open(name),
      };
    });
  }

  /** Returns people without a conversation. @returns {Target[]} */
  function people() {
    const { rooms, you } = actions.state();
    const all = [...rooms.values()];
    const names = new Set(all.flatMap((room) => room.people.map(({ name }) => name)));
    names.delete(you);
    for (const room of all) if (isDirect(room.name)) names.delete(partnerOf(room));
    return [...names].map((name) => ({ kind: "@", label: name, sign: ["@"], hint: t("jump_person"), place: 2.5 * UNVISITED, act: () => actions.openConversation(name) }));
  }

  /** Returns the rooms that the reader has not joined. @returns {Target[]} */
  function listed() {
    const { rooms } = actions.state();
    const others = actions.directory.rooms.filter(({ name }) => !rooms.has(name));
    return others.map(({ name, topic, isPrivate }) => ({
      kind: "#", label: name, sign: [isPrivate ? icon(icons.lock) : "#"], hint: t("jump_not_joined"), more: topic, place: 3 * UNVISITED, act: () => actions.join(name),
    }));
  }
}

/** @param {(text: string) => void} prefill @returns {Target[]} */
function commandTargets(prefill) {
  return commands.map(([name, rest]) => ({ kind: "/", label: `/${name}`, hint: t(`cmd_${name}`), place: 4 * UNVISITED, act: () => prefill(rest ? `/${name} ` : `/${name}`) }));
}

/** Returns the targets that fit, the best first. @param {string} query @param {Target[]} targets */
export function fitting(query, targets) {
  const [, kind, words] = /^([#@/]?)(.*)$/s.exec(query) ?? ["", "", ""];
  const ranked = targets
    .filter((it) => (kind ? it.kind === kind : words !== "" || it.kind !== "/"))
    .map((target) => ({ target, rank: rankOf(words, target.label.replace(/^\//, "")) }))
    .filter(({ rank }) => rank < Infinity);
  // Without a query everything fits equally, and the order is that of the places.
  return ranked.sort((a, b) => (words ? a.rank - b.rank : 0) || a.target.place - b.target.place).map(({ target }) => target);
}
