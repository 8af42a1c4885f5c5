/**
 * Lines of the list that are no messages: words of the server and of the page, and what somebody
 * did who keeps order.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { make } from "./dom.js";
import { span } from "./time.js";

/** @typedef {import("../state/room.js").Moderation} Moderation */

/** What can be done; of another deed only its word is known. */
const DEEDS = new Set(
  "kick ban unban mute unmute lock unlock slow invite make_private make_public promote demote".split(" "),
);

/**
 * The nodes of a line.
 *
 * @param {import("../state/timeline.js").Item} item
 * @param {{ open: (room: string) => void }} actions
 */
export function lineOf({ notice }, { open }) {
  if (!notice) return [];
  const { text, deed, invites } = notice;
  const words = make("span", { text: deed ? moderationLine(deed) : text, dir: "auto" });
  if (!invites) return [words];
  const joining = make("button", { type: "button", text: t("join_room", { room: invites }), onclick: () => open(invites) });
  return [words, " ", joining];
}

/** @param {Moderation} deed */
export function moderationLine({ action, by, user, seconds, reason }) {
  const time = span(seconds * 1000);
  const isTimed = seconds > 0 && (action === "mute" || action === "ban");
  const key = `deed_${action}${isTimed ? "_for" : ""}`;
  const line = DEEDS.has(action) ? t(key, { by, user, time, n: seconds }) : `${by}: ${action} ${user}`.trim();
  return reason ? t("because", { line, reason }) : line;
}
