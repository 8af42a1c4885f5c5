/**
 * What stands in the menus of people, of the room and of the reader.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { MUTE_SECONDS, SLOW_SECONDS, actionsIn, actionsOn, personOf, roomsToInvite } from "../state/moderation.js";
import { t } from "../strings/strings.js";
import { byId } from "./dom.js";
import { openMenu } from "./menu.js";
import { span } from "./time.js";

/** @typedef {import("../state/state.js").State} State */
/** @typedef {import("./menu.js").Choice} Choice */

/**
 * @typedef {object} MenuActions
 * @property {() => State} state
 * @property {(name: string) => void} talk    opens the conversation with somebody
 * @property {(name: string) => void} call
 * @property {(room: string, action: string, about?: { user?: string, seconds?: number }) => void} moderate
 * @property {(room: string) => void} leave
 * @property {(text: string) => void} type    puts the beginning of a command into the input box
 * @property {(isAway: boolean) => void} setAway
 * @property {(kind: import("./account.js").Kind) => void} enter
 * @property {() => void} logOut
 */

/** @param {MenuActions} actions @returns {{ person: (button: HTMLElement, name: string) => void }} */
export function menus(actions) {
  const { state, moderate } = actions;
  const roomButton = byId("room-menu");
  const me = byId("me");
  roomButton.addEventListener("click", () => openMenu(roomButton, t("room_actions"), ofRoom()));
  me.addEventListener("click", () => openMenu(me, t("own_actions"), ofReader()));
  return { person };

  /** @param {HTMLElement} button @param {string} name */
  function person(button, name) {
    const label = t("person_actions", { name });
    openMenu(button, label, name === state().you ? ofReader() : ofPerson(name));
  }

  /** @param {string} name @returns {Choice[][]} */
  function ofPerson(name) {
    const now = state();
    const { active } = now;
    const room = now.rooms.get(active);
    const there = room?.people.find((it) => it.name === name);
    const invitations = roomsToInvite(now, active).map((to) => ({
      label: t("invite_to", { room: to }),
      act: () => moderate(to, "invite", { user: name }),
    }));
    const deeds = room && there ? actionsOn(now, room, there) : [];
    const talking = [
      ...(isDirect(active) ? [] : [{ label: t("talk_to"), act: () => actions.talk(name) }]),
      { label: t("mention"), act: () => actions.call(name) },
    ];
    return [[...talking, ...invitations], deeds.flatMap((action) => ofDeed(active, action, name))];
  }

  /** @param {string} room @param {string} action @param {string} user @returns {Choice[]} */
  function ofDeed(room, action, user) {
    const isGrave = action === "kick" || action === "ban";
    if (action !== "mute") return [{ label: t(`do_${action}`), act: () => moderate(room, action, { user }), isGrave }];
    return MUTE_SECONDS.map((seconds) => ({
      label: seconds ? t("do_mute_for", { time: span(seconds * 1000) }) : t("do_mute"),
      act: () => moderate(room, action, seconds ? { user, seconds } : { user }),
    }));
  }

  /** @returns {Choice[][]} */
  function ofRoom() {
    const now = state();
    const { active } = now;
    const room = now.rooms.get(active);
    if (!room) return [];
    const leaving = { label: t(isDirect(active) ? "close_talk" : "leave_room"), act: () => actions.leave(active) };
    if (isDirect(active)) return [[leaving]];
    const deeds = actionsIn(now, room).flatMap((action) => {
      if (action !== "slow") return [{ label: t(`do_${action}`), act: () => moderate(active, action) }];
      return SLOW_SECONDS.map((seconds) => ({
        label: seconds ? t("do_slow_for", { time: span(seconds * 1000) }) : t("do_slow_end"),
        act: () => moderate(active, action, { seconds }),
      }));
    });
    const typing = [
      { label: t("do_topic"), act: () => actions.type(`/topic ${room.topic}`) },
      { label: t("do_invite"), act: () => actions.type("/invite ") },
    ];
    return [typing, deeds, [leaving]];
  }

  /** @returns {Choice[][]} */
  function ofReader() {
    const now = state();
    const isAway = personOf(now, now.you)?.status === "away";
    const entering = now.account
      ? [{ label: t("log_out"), act: actions.logOut }]
      : [
          { label: t("register"), act: () => actions.enter("register") },
          { label: t("log_in"), act: () => actions.enter("log_in") },
        ];
    const own = [{ label: t(isAway ? "be_back" : "be_away"), act: () => actions.setAway(!isAway) }];
    if (!now.account) own.push({ label: t("change_name"), act: () => actions.type("/name ") });
    return [own, entering];
  }
}
