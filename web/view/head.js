/**
 * The head of the conversation and the line of who is typing.
 *
 * @module
 */

import { unreadIn } from "../reading.js";
import { t } from "../strings.js";
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
    /** @param {import("../state.js").State} state @param {import("../state.js").State} before */
    update(state, before) {
      if (state.rooms === before.rooms && state.active === before.active) return;
      const room = state.rooms.get(state.active);
      setText(name, state.active ? titleOf(state.active, room?.partner) : "chinwag");
      showLock(name, room?.isPrivate === true);
      setText(topic, room?.topic ?? "");
      topic.title = room?.topic ?? "";
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

/** @param {Element} name @param {boolean} isPrivate */
function showLock(name, isPrivate) {
  const lock = name.querySelector("svg");
  if (isPrivate && !lock) name.append(icon(pictures.lock));
  else if (!isPrivate) lock?.remove();
}
