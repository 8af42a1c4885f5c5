/**
 * The header of the room, and the line that shows who is typing.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { partnerOf, personOf } from "../state/moderation.js";
import { unreadIn } from "../state/unread.js";
import { t } from "../strings/strings.js";
import { titleOf } from "./composer.js";
import { byId, icon, icons, setText } from "./dom.js";

const WRITERS_MAX = 3;

export function roomHeaderView() {
  const name = byId("room-name");
  const topic = byId("room-topic");
  const typing = byId("typing");
  const opener = byId("rooms-open");
  const badge = byId("rooms-badge");

  return {
    /** @param {import("../state/state.js").State} state @param {import("../state/state.js").State} before */
    update(state, before) {
      if (state.rooms === before.rooms && state.active === before.active && state.phase === before.phase) return;
      const room = state.rooms.get(state.active);
      setText(name, state.active ? titleOf(state.active, room?.partner) : "chinwag");
      showLock(name, room?.isPrivate === true);
      const subtitle = room ? subtitleOf(state, room) : "";
      setText(topic, subtitle);
      topic.title = subtitle;
      byId("room-menu").hidden = room === undefined;
      const writers = Object.keys(room?.typing ?? {});
      const names = writers.slice(0, WRITERS_MAX).join(", ");
      setText(typing, writers.length ? t("typing", { names, n: writers.length }) : "");
      const unread = unreadIn(state);
      const count = unread > 99 ? "99+" : String(unread || "");
      badge.hidden = unread === 0;
      setText(badge, count);
      opener.setAttribute("aria-label", `${t("menu_rooms")} ${count}`.trim());
    },
  };
}

/** Returns the topic of a room, or the presence of the partner of a conversation. @param {import("../state/state.js").State} state @param {import("../state/room.js").Room} room */
function subtitleOf(state, room) {
  if (!isDirect(room.name)) return room.topic;
  const partner = partnerOf(room);
  const person = personOf(state, partner);
  if (!person) return state.phase === "live" ? t("partner_absent", { name: partner }) : "";
  return [person.status === "away" ? t("away") : "", person.text].filter(Boolean).join(" · ");
}

/** @param {Element} name @param {boolean} isPrivate */
function showLock(name, isPrivate) {
  const lock = name.querySelector("svg");
  if (isPrivate && !lock) name.append(icon(icons.lock));
  else if (!isPrivate) lock?.remove();
}
