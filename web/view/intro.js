/**
 * The beginning of a room: what it is, and what one can do there.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { t } from "../strings/strings.js";
import { avatar } from "./avatar.js";
import { icon, icons, make } from "./dom.js";

/**
 * @typedef {object} IntroActions
 * @property {() => void} setTopic
 * @property {() => void} invite
 */

/** Returns the nodes of the row. @param {import("../state/timeline.js").Item} item @param {IntroActions} actions */
export function introNodes({ room = "", partner = "", isPrivate }, { setTopic, invite }) {
  if (isDirect(room)) {
    const name = partner || room.slice(1);
    return [avatar(name), make("p", { class: "title", text: t("intro_direct", { name }) }), make("p", { class: "muted", text: t("intro_direct_note", { name }) })];
  }
  const sign = make("span", { class: "sign", "aria-hidden": "true" }, isPrivate ? icon(icons.lock) : "#");
  const choices = [
    make("button", { type: "button", text: t("do_topic"), onclick: setTopic }),
    make("button", { type: "button", text: t("do_invite"), onclick: invite }),
  ];
  return [
    sign,
    make("p", { class: "title", dir: "auto", text: t("intro_title", { room: `#${room}` }) }),
    make("p", { class: "muted", text: t(isPrivate ? "intro_private_note" : "intro_note") }),
    make("div", { class: "choices" }, ...choices),
  ];
}
