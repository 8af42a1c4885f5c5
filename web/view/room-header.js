/**
 * The head of the conversation and the line of who is typing.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { partnerOf, personOf } from "../state/moderation.js";
import { unreadIn } from "../state/unread.js";
import { t } from "../strings/strings.js";
import { titleOf } from "./composer.js";
import { byId, icon, pictures, setText } from "./dom.js";

const WRITERS_MAX = 3;

export function headView() {
  const name = byId("room-name");
  const topic = byId("room-topic");
  const typing = byId("typing");
  const opener = byId("rooms-open");
  const elsewhere = byId("elsewhere");

  return {
    /** @param {import("../state/state.js").State} state @param {import("../state/state.js").State} before */
    update(state, before) {
      if (state.rooms === before.rooms && state.active === before.active && state.phase === before.phase) return;
      const room = state.rooms.get(state.active);
      setText(name, state.active ? titleOf(state.active, room?.partner) : "chinwag");
      showLock(name, room?.isPrivate === true);
      const about = room ? aboutOf(state, room) : "";
      setText(topic, about);
      topic.title = about;
      byId("room-menu").hidden = room === undefined;
      const writers = Object.keys(room?.typing ?? {});
      const names = writers.slice(0, WRITERS_MAX).join(", ");
      setText(typing, writers.length ? t("typing", { names, n: writers.length }) : "");
      const unread = unreadIn(state);
      const badge = unread > 99 ? "99+" : String(unread || "");
      elsewhere.hidden = unread === 0;
      setText(elsewhere, badge);
      opener.setAttribute("aria-label", `${t("menu_rooms")} ${badge}`.trim());
    },
  };
}

/** The topic; of a private conversation, whether the other one is there to read. @param {import("../state/state.js").State} state @param {import("../state/room.js").Room} room */
function aboutOf(state, room) {
  if (!isDirect(room.name)) return room.topic;
  const partner = partnerOf(room);
  const person = personOf(state, partner);
  if (!person) return state.phase === "live" ? t("not_there", { name: partner }) : "";
  return [person.status === "away" ? t("away") : "", person.text].filter(Boolean).join(" · ");
}

/** @param {Element} name @param {boolean} isPrivate */
function showLock(name, isPrivate) {
  const lock = name.querySelector("svg");
  if (isPrivate && !lock) name.append(icon(pictures.lock));
  else if (!isPrivate) lock?.remove();
}
