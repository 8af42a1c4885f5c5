/**
 * The lists of rooms and of private conversations.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { inOrder } from "../state/memberships.js";
import { partnerOf, personOf } from "../state/moderation.js";
import { t } from "../strings/strings.js";
import { avatar, presenceOf, showPresence } from "./avatar.js";
import { byId, icon, iconButton, make, icons, reconcile, setText } from "./dom.js";
import { orderByHand } from "./room-order.js";

/** @typedef {import("../state/state.js").State} State */
/** @typedef {import("../state/room.js").Room} Room */

/**
 * @typedef {object} RoomsActions
 * @property {(room: string) => void} open
 * @property {(room: string) => void} leave
 * @property {(room: string) => void} accept   an invitation
 * @property {(room: string) => void} decline
 * @property {(room: string, before: string | undefined) => void} reorder  puts a room before another, or at the end
 * @property {(text: string) => void} announce
 */

/** @param {RoomsActions} actions */
export function roomsView({ open, leave, accept, decline, reorder, announce }) {
  const list = byId("rooms");
  const conversations = byId("conversations");
  const invitations = byId("invitations");
  const panel = list.parentElement;
  const rows = new Map();
  const conversationRows = new Map();
  const invitationRows = new Map();
  /** @type {State | undefined} */
  let latest;
  /** Whether unread rooms may be out of sight: then they rise. */
  let isLong = false;
  /** The names of all, as shown. @type {string[]} */
  let order = [];

  new ResizeObserver(() => {
    const before = isLong;
    isLong = panel.scrollHeight > panel.clientHeight;
    if (isLong !== before) draw();
  }).observe(panel);
  // Nothing moves beneath the pointer or the focus.
  for (const change of ["mouseleave", "focusout"]) panel.addEventListener(change, () => requestAnimationFrame(draw));

  orderByHand(list, (room, before) => {
    const others = order.filter((name) => name !== room);
    const at = before === undefined ? others.findLastIndex((name) => !isDirect(name)) + 1 : others.indexOf(before);
    order = others.toSpliced(at, 0, room);
    reorder(room, before);
    draw();
    announce(t("room_moved", { room, at: at + 1, n: rows.size }));
  });

  /** @param {Room} room */
  const create = ({ name }) => {
    const badge = make("span", { class: "badge", "aria-hidden": "true" });
    const unread = make("span", { class: "unseen" });
    const sign = make("span", { class: isDirect(name) ? "sign person-sign" : "sign", "aria-hidden": "true" });
    const title = make("bdi", { class: "name" });
    const link = make(
      "a",
      {
        href: `#${encodeURIComponent(name)}`,
        onclick: (/** @type {MouseEvent} */ event) => {
          // With a key, the browser opens a tab or a window.
          if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
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
    return Object.assign(make("li", {}, link, leaveButton), { link, badge, unread, sign, label: title, room: name });
  };

  return {
    /** @param {State} state @param {State} before */
    update(state, before) {
      latest = state;
      if (state.invitations !== before.invitations) drawInvitations(state.invitations);
      if (state.rooms !== before.rooms || state.active !== before.active) draw();
    },

    /** Returns the names of rooms and conversations, in the order shown. */
    order: () => order,
  };

  function draw() {
    if (!latest) return;
    const state = latest;
    const how = {
      key: (/** @type {Room} */ { name }) => name,
      create: (/** @type {Room} */ room) => showRoom(create(room), room, state),
      update: (/** @type {any} */ row, /** @type {Room} */ room) => showRoom(row, room, state),
    };
    const all = sorted(inOrder([...state.rooms.values()]));
    order = all.map(({ name }) => name);
    reconcile(list, rows, all.filter(({ name }) => !isDirect(name)), how);
    reconcile(conversations, conversationRows, all.filter(({ name }) => isDirect(name)), how);
    conversations.hidden = conversationRows.size === 0;
    isLong = panel.scrollHeight > panel.clientHeight;
  }

  /** @param {State["invitations"]} waiting */
  function drawInvitations(waiting) {
    invitations.hidden = waiting.length === 0;
    reconcile(invitations, invitationRows, waiting, {
      key: ({ room, by }) => `${by} ${room}`,
      create: ({ room, by }) =>
        make(
          "li",
          {},
          make("span", { dir: "auto", text: t("invited_by", { user: by, room }) }),
          make("button", { type: "button", class: "primary", text: t("accept"), title: t("join_room", { room }), onclick: () => accept(room) }),
          make("button", { type: "button", text: t("decline"), onclick: () => decline(room) }),
        ),
    });
  }

  /** Returns rooms before conversations; in a list that is too long to see, unread ones come first. @param {Room[]} all */
  function sorted(all) {
    const isHeld = panel.matches(":hover") || panel.contains(document.activeElement);
    const places = new Map(order.map((name, at) => [name, at]));
    /** @param {Room} room */
    const rank = ({ name, unread, mentions }) => {
      if (isHeld) return places.get(name) ?? Infinity;
      return isLong && unread > 0 ? (mentions > 0 ? 0 : 1) : 2;
    };
    const parts = [all.filter(({ name }) => !isDirect(name)), all.filter(({ name }) => isDirect(name))];
    return parts.flatMap((part) => part.sort((a, b) => Math.sign(rank(a) - rank(b)) || 0));
  }
}

/** @param {any} row @param {Room} room @param {State} state */
function showRoom(row, room, state) {
  const { name, unread, mentions, isPrivate, notify } = room;
  const isConversation = isDirect(name);
  const title = isConversation ? partnerOf(room) : name;
  if (row.label.textContent !== title && isConversation) row.sign.replaceChildren((row.picture = avatar(title, { isSmall: true })));
  setText(row.label, title);
  if (isConversation) showPresence(row.picture, presenceOf(personOf(state, title)?.status ?? "absent"));
  else if (row.isPrivate !== isPrivate) {
    row.isPrivate = isPrivate;
    row.sign.replaceChildren(isPrivate ? icon(icons.lock) : "#");
    row.link.title = isPrivate ? t("private_room") : "";
  }
  // The link within would be dragged by itself.
  row.draggable = state.account && !isConversation;
  row.link.draggable = !row.draggable;
  if (row.draggable) row.link.setAttribute("aria-keyshortcuts", "Control+Shift+ArrowUp Control+Shift+ArrowDown");
  const isActive = name === state.active;
  row.className = [isActive ? "active" : unread && notify !== "none" ? "unread" : "", notify === "none" ? "silent" : ""].join(" ").trim();
  if (isActive) row.link.setAttribute("aria-current", "page");
  else row.link.removeAttribute("aria-current");
  row.badge.hidden = unread === 0;
  row.badge.classList.toggle("mention", mentions > 0);
  setText(row.badge, unread > 99 ? "99+" : String(unread));
  const key = mentions > 0 ? "unread_mention" : "unread";
  setText(row.unread, unread ? ` ${t(key, { n: unread })}` : "");
  return row;
}
