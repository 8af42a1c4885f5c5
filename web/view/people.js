/**
 * The list of people in the room.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { peopleIn } from "../state/moderation.js";
import { t } from "../strings/strings.js";
import { accountSign } from "./account-sign.js";
import { avatar, presenceOf, showPresence, tintOf } from "./avatar.js";
import { byId, make, reconcile, setText } from "./dom.js";

/** @typedef {import("../state/room.js").Person} Person */

/** People listed; the server does not report more one by one either. */
const LISTED_MAX = 500;

/** @param {{ openMenu: (button: HTMLElement, name: string) => void }} actions */
export function peopleView({ openMenu }) {
  const list = byId("people");
  const here = byId("people-here");
  const many = byId("people-many");
  const opener = byId("people-open");
  const number = byId("people-count");
  const absentList = byId("absent");
  const absentTitle = byId("absent-title");
  const rows = new Map();
  const absentRows = new Map();

  /** @param {Person} person */
  const create = ({ name }) => {
    const picture = avatar(name, { isSmall: true });
    const details = make("span", { class: "muted details", dir: "auto" });
    const sign = accountSign();
    const button = make(
      "button",
      { class: "person", type: "button", "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => openMenu(button, name) },
      picture,
      make("span", { class: "lines" }, make("span", { class: "line" }, make("bdi", { class: "name", text: name }), sign), " ", details),
    );
    return Object.assign(make("li", {}, button), { details, picture, sign });
  };

  return {
    /** @param {import("../state/state.js").State} state @param {import("../state/state.js").State} before */
    update(state, before) {
      const room = state.rooms.get(state.active);
      const roomBefore = before.rooms.get(before.active);
      if (state.rooms === before.rooms && state.active === before.active && state.you === before.you) return;
      const isConversation = room !== undefined && isDirect(room.name);
      if (!isConversation && room?.people === roomBefore?.people && room?.count === roomBefore?.count && room?.absent === roomBefore?.absent && state.you === before.you) return;
      const people = peopleIn(state, room);
      const total = Math.max(room?.count ?? 0, people.length);
      const how = {
        key: (/** @type {Person} */ { name }) => name,
        create: (/** @type {Person} */ person) => show(create(person), person, state.you),
        update: (/** @type {any} */ row, /** @type {Person} */ person) => show(row, person, state.you),
      };
      reconcile(list, rows, people.slice(0, LISTED_MAX), how);
      const absent = room?.absent ?? [];
      reconcile(absentList, absentRows, absent.slice(0, LISTED_MAX), {
        ...how,
        create: (person) => show(create(person), person, state.you, true),
        update: (row, person) => show(row, person, state.you, true),
      });
      absentTitle.hidden = absentList.hidden = absent.length === 0;
      setText(absentTitle, t("absent_count", { n: absent.length }));
      setText(here, room ? t("here", { n: total }) : "");
      setText(number, total ? String(total) : "");
      opener.title = t("people_count", { n: total });
      opener.setAttribute("aria-label", `${t("menu_people")} ${total || ""}`.trim());
      many.hidden = total <= people.length || total === 0;
      setText(many, t("people_many", { n: total }));
    },
  };
}

/** @param {any} row @param {Person} person @param {string} you @param {boolean} [isSection]  the heading says that they are not here */
function show(row, { name, status, text, role, account, hue }, you, isSection = false) {
  row.sign.hidden = !account;
  showPresence(row.picture, presenceOf(status));
  row.picture.dataset.tint = String(tintOf(name, hue));
  const roleName = role === "owner" || role === "moderator" ? t(`role_${role}`) : "";
  const state = status === "away" || status === "absent" ? t(status) : status;
  const about = [name === you ? t("you") : "", roleName, isSection ? "" : state, text].filter(Boolean).join(" · ");
  setText(row.details, about);
  row.details.title = about;
  return row;
}
