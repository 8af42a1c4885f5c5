/**
 * The replies to a message: a dialog that lists them, from the first one on.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { openDialog } from "./dialog.js";
import { make } from "./dom.js";
import { excerptOf } from "./excerpt.js";

/** @typedef {import("../state/room.js").Message} Message */

/**
 * Lists the replies; a single one is shown at once.
 *
 * @param {object} actions
 * @param {(after: number) => Promise<{ messages: Message[], more: boolean }>} actions.load
 * @param {(mid: number) => void} actions.show
 * @param {(error: unknown) => void} actions.showError
 */
export async function openReplies({ load, show, showError }) {
  const list = make("ul", { class: "pinned" });
  const more = make("button", { class: "quiet", type: "button", text: t("more"), onclick: () => add().catch(showError) });
  let after = 0;
  /** @type {HTMLDialogElement | undefined} */
  let dialog;
  try {
    const messages = await add();
    if (messages.length === 1 && more.hidden) show(messages[0].mid);
    else dialog = openDialog("replies", t("replies_title"), messages.length ? list : make("p", { class: "muted", text: t("no_replies") }), more);
  } catch (error) {
    showError(error);
  }

  /** Adds a page to the list. */
  async function add() {
    const page = await load(after);
    after = page.messages.at(-1)?.mid ?? after;
    more.hidden = !page.more;
    list.append(...page.messages.map((message) => excerptOf(message, () => lead(message.mid))));
    return page.messages;
  }

  /** @param {number} mid */
  function lead(mid) {
    dialog?.close();
    show(mid);
  }
}
