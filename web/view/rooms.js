/**
 * The lists of rooms and of private conversations, the form to join a room, and the answer to `/rooms`.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { t } from "../strings/strings.js";
import { byId, icon, iconButton, make, icons, reconcile, setText } from "./dom.js";

/** @typedef {import("../state/state.js").State} State */
/** @typedef {import("../state/room.js").Room} Room */

/**
 * @typedef {object} RoomsActions
 * @property {(room: string) => void} open
 * @property {(room: string) => void} createPrivate
 * @property {(room: string) => void} leave
 * @property {() => void} closeFound
 */

/** @param {RoomsActions} actions */
export function roomsView({ open, createPrivate, leave, closeFound }) {
  const list = byId("rooms");
  const found = byId("found");
  const form = byId("room-form");
  const field = byId("room-field");
  const choice = byId("room-choice");
  const isPrivate = byId("room-private");
  const conversations = byId("conversations");
  const rows = new Map();
  const conversationRows = new Map();

  field.addEventListener("input", () => (choice.hidden = field.value.trim() === ""));
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    const name = field.value.trim().replace(/^#/, "");
    if (!name) return;
    if (isPrivate.checked) createPrivate(name);
    else open(name);
    field.value = "";
    isPrivate.checked = false;
    choice.hidden = true;
  });

  /** @param {Room} room */
  const create = ({ name }) => {
    const badge = make("span", { class: "badge", "aria-hidden": "true" });
    const unread = make("span", { class: "unseen" });
    const sign = make("span", { class: "sign", "aria-hidden": "true" });
    const title = make("bdi", { class: "name" });
    const link = make(
      "a",
      {
        href: `#${encodeURIComponent(name)}`,
        onclick: (/** @type {Event} */ event) => {
          event.preventDefault();
          open(name);
        },
      },
      sign,
      title,
      unread,
      badge,
    );
    const leaveButton = iconButton(icons.close, t("leave", { room: name }), () => leave(name));
    leaveButton.classList.add("leave");
    return Object.assign(make("li", {}, link, leaveButton), { link, badge, unread, sign, label: title });
  };

  return {
    /** @param {State} state @param {State} before */
    update(state, before) {
      if (state.found !== before.found) showFound(state.found);
      if (state.rooms === before.rooms && state.active === before.active) return;
      const all = [...state.rooms.values()];
      const how = {
        key: (/** @type {Room} */ { name }) => name,
        create: (/** @type {Room} */ room) => showRoom(create(room), room, state.active),
        update: (/** @type {any} */ row, /** @type {Room} */ room) => showRoom(row, room, state.active),
      };
      reconcile(list, rows, all.filter(({ name }) => !isDirect(name)), how);
      reconcile(conversations, conversationRows, all.filter(({ name }) => isDirect(name)), how);
      byId("conversations-part").hidden = conversationRows.size === 0;
    },
  };

  /** @param {State["found"]} rooms */
  function showFound(rooms) {
    found.hidden = rooms === null;
    const close = iconButton(icons.close, t("close"), closeFound);
    const items = (rooms ?? []).map(({ room, users, topic }) => {
      const button = make("button", { class: "quiet", type: "button", title: topic, onclick: () => open(room) });
      button.append(make("bdi", { text: `#${room}` }), make("span", { class: "muted", text: ` ${users}` }));
      return make("li", {}, button);
    });
    found.replaceChildren(
      make("div", { class: "side-head" }, make("h2", { text: t("room_list") }), close),
      make("ul", {}, ...items),
    );
  }
}

/** @param {any} row @param {Room} room @param {string} active */
function showRoom(row, { name, unread, mentions, isPrivate, partner }, active) {
  setText(row.label, partner || name.replace(/^@/, ""));
  if (row.isPrivate !== isPrivate) {
    row.isPrivate = isPrivate;
    row.sign.replaceChildren(isPrivate ? icon(icons.lock) : isDirect(name) ? "@" : "#");
    row.link.title = isPrivate ? t("private_room") : "";
  }
  const isActive = name === active;
  row.className = isActive ? "active" : unread ? "unread" : "";
  if (isActive) row.link.setAttribute("aria-current", "page");
  else row.link.removeAttribute("aria-current");
  row.badge.hidden = unread === 0;
  row.badge.classList.toggle("mention", mentions > 0);
  setText(row.badge, unread > 99 ? "99+" : String(unread));
  const key = mentions > 0 ? "unread_mention" : "unread";
  setText(row.unread, unread ? ` ${t(key, { n: unread })}` : "");
  return row;
}
