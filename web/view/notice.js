/**
 * Lines of the list that are not messages: notices of the server and of the page, and moderation.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { make } from "./dom.js";
import { span } from "./time.js";

/** @typedef {import("../state/room.js").Moderation} Moderation */

/** Moderation actions that have a text of their own. */
const ACTIONS = new Set(
  "kick ban unban mute unmute lock unlock slow invite make_private make_public promote demote pin unpin add_hook remove_hook".split(" "),
);

/**
 * Returns the nodes of a line.
 *
 * @param {import("../state/timeline.js").Item} item
 * @param {{ open: (room: string) => void }} actions
 */
export function noticeNodes({ notice }, { open }) {
  if (!notice) return [];
  const { text, moderation, invites } = notice;
  const line = make("span", { text: moderation ? moderationLine(moderation) : text, dir: "auto" });
  if (!invites) return [line];
  const join = make("button", { type: "button", text: t("join_room", { room: invites }), onclick: () => open(invites) });
  return [line, " ", join];
}

/** Returns the text for a moderation action. @param {Moderation} moderation */
export function moderationLine({ action, by, user, seconds, reason }) {
  const time = span(seconds * 1000);
  const isTimed = seconds > 0 && (action === "mute" || action === "ban");
  const isOff = action === "slow" && seconds === 0;
  const key = `moderated_${action}${isTimed ? "_for" : ""}${isOff ? "_off" : ""}`;
  const line = ACTIONS.has(action) ? t(key, { by, user, time }) : `${by}: ${action} ${user}`.trim();
  return reason ? t("with_reason", { line, reason }) : line;
}
