/**
 * The choices in the menus of a person, of the room and of the reader.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { MUTE_SECONDS, SLOW_SECONDS, actionsIn, actionsOn, personOf, roomsToInvite } from "../state/moderation.js";
import { t } from "../strings/strings.js";
import { foldName } from "../text/names.js";
import { byId } from "./dom.js";
import { openMenu } from "./menu.js";
import { withPart } from "./parts.js";
import { span } from "./time.js";

/** @typedef {import("../state/state.js").State} State */
/** @typedef {import("./menu.js").Choice} Choice */

/**
 * @typedef {object} MenuActions
 * @property {() => State} state
 * @property {(person: string) => void} openConversation
 * @property {(name: string) => void} mention
 * @property {(room: string, action: string, options?: { user?: string, seconds?: number }) => void} moderate
 * @property {(room: string) => void} leave
 * @property {(room: string, notify: "all" | "mentions" | "none") => void} setNotify
 * @property {(room: string, user: string) => void} ban
 * @property {(room: string) => void} removeRoom
 * @property {() => void} setTopic
 * @property {() => void} invite
 * @property {() => void} rename
 * @property {(isAway: boolean) => void} setAway
 * @property {(kind: import("./account.js").Kind) => void} openAccountDialog
 * @property {() => void} logOut
 */

/** Of what a member is notified. @type {("all" | "mentions" | "none")[]} */
const LEVELS = ["all", "mentions", "none"];

/** @param {MenuActions} actions @returns {Record<"openPersonMenu" | "openPersonCard", (button: HTMLElement, name: string) => void>} */
export function contextMenus(actions) {
  const { state, moderate } = actions;
  const roomButton = byId("room-menu");
  const me = byId("me");
  roomButton.addEventListener("click", () => openMenu(roomButton, t("room_actions"), roomChoices()));
  me.addEventListener("click", () => openMenu(me, t("own_actions"), readerChoices()));
  return { openPersonMenu, openPersonCard };

  /** @param {HTMLElement} anchor @param {string} called */
  function openPersonCard(anchor, called) {
    const current = state();
    const room = current.rooms.get(current.active);
    const members = [...(room?.people ?? []), ...(room?.absent ?? [])];
    const named = members.find((it) => foldName(it.name) === foldName(called));
    const name = named?.name ?? called;
    const person = named ?? personOf(current, name);
    withPart(import("./card.js"), ({ openCard }) => {
      openCard(anchor, person ?? { name, status: "absent", text: "", role: "", account: false, hue: 0 }, {
        isYou: name === current.you,
        message: () => actions.openConversation(name),
        mention: () => actions.mention(name),
        more: (button) => openPersonMenu(button, name),
      });
    });
  }

  /** @param {HTMLElement} button @param {string} name */
  function openPersonMenu(button, name) {
    const label = t("person_actions", { name });
    openMenu(button, label, name === state().you ? readerChoices() : personChoices(name));
  }

  /** @param {string} name @returns {Choice[][]} */
  function personChoices(name) {
    const current = state();
    const { active } = current;
    const room = current.rooms.get(active);
    const person = room?.people.find((it) => it.name === name);
    const invitations = roomsToInvite(current, active).map((to) => ({
      label: t("invite_to", { room: to }),
      act: () => moderate(to, "invite", { user: name }),
    }));
    const moderation = room && person ? actionsOn(current, room, person) : [];
    const contact = [
      ...(isDirect(active) ? [] : [{ label: t("send_message"), act: () => actions.openConversation(name) }]),
      { label: t("mention"), act: () => actions.mention(name) },
    ];
    return [[...contact, ...invitations], moderation.flatMap((action) => moderationChoices(active, action, name))];
  }

  /** @param {string} room @param {string} action @param {string} user @returns {Choice[]} */
  function moderationChoices(room, action, user) {
    const isDangerous = action === "kick" || action === "ban";
    if (action === "ban") return [{ label: t("do_ban"), act: () => actions.ban(room, user), isDangerous }];
    if (action !== "mute") return [{ label: t(`do_${action}`), act: () => moderate(room, action, { user }), isDangerous }];
    return MUTE_SECONDS.map((seconds) => ({
      label: seconds ? t("do_mute_for", { time: span(seconds * 1000) }) : t("do_mute"),
      act: () => moderate(room, action, seconds ? { user, seconds } : { user }),
    }));
  }

  /** @returns {Choice[][]} */
  function roomChoices() {
    const current = state();
    const { active } = current;
    const room = current.rooms.get(active);
    if (!room) return [];
    const leave = { label: t(isDirect(active) ? "close_conversation" : "leave_room"), act: () => actions.leave(active) };
    if (isDirect(active)) return [[leave]];
    const moderation = actionsIn(current, room).flatMap((action) => {
      if (action === "remove_room") return [{ label: t("do_remove_room"), act: () => actions.removeRoom(active), isDangerous: true }];
      if (action !== "slow") return [{ label: t(`do_${action}`), act: () => moderate(active, action) }];
      return SLOW_SECONDS.filter((it) => it !== room.slow).map((seconds) => ({
        label: seconds ? t("do_slow_for", { time: span(seconds * 1000) }) : t("do_slow_end"),
        act: () => moderate(active, action, { seconds }),
      }));
    });
    const commands = [
      { label: t("do_topic"), act: actions.setTopic },
      { label: t("do_invite"), act: actions.invite },
    ];
    return [commands, notificationChoices(room), moderation, [leave]];
  }

  /** @param {import("../state/room.js").Room} room @returns {Choice[]} */
  function notificationChoices({ name, notify }) {
    if (notify === "") return [];
    return LEVELS.map((level) => ({ label: t(`notify_${level}`), isChosen: level === notify, act: () => actions.setNotify(name, level) }));
  }

  /** @returns {Choice[][]} */
  function readerChoices() {
    const current = state();
    const isAway = personOf(current, current.you)?.status === "away";
    const account = current.account
      ? [{ label: t("log_out"), act: actions.logOut }]
      : [
          { label: t("register"), act: () => actions.openAccountDialog("register") },
          { label: t("log_in"), act: () => actions.openAccountDialog("log_in") },
        ];
    const status = [{ label: t(isAway ? "set_online" : "set_away"), act: () => actions.setAway(!isAway) }];
    if (!current.account) status.push({ label: t("change_name"), act: actions.rename });
    return [status, account];
  }
}
