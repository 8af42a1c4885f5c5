/**
 * Attaching files, as far as it is needed before the first one: the rest is loaded with that.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { attachView } from "../view/attach.js";
import { loaded } from "../view/parts.js";

/** How many times the length of a message a text may have to be pasted, and the length before it is known. */
const PASTED_TIMES = 5;
const CHARACTERS_MAX = 4_000;

/**
 * @param {Omit<import("./uploads.js").UploadsContext, "active"> & { store: import("./store.js").Store }} context
 */
export function attaching({ store, ...context }) {
  const { chat, feedback } = context;
  const active = () => store.state.active;
  /** @type {import("./uploads.js").Uploads | null} */
  let uploads = null;
  const view = attachView({ attach, attachText, tell: (text) => feedback.show(text) });
  let shown = "";

  return {
    /** @param {import("../state/state.js").State} state */
    update(state) {
      view.update(state);
      if (state.active !== shown) uploads?.show();
      shown = state.active;
    },

    /** Whether files are attached to the next message to the open room. */
    has: () => uploads?.has(active()) === true,

    /** Takes a message if files are attached to it, see `Uploads`. @param {string} room @param {string} text @param {import("./uploads.js").MessageOptions} options */
    hold: (room, text, options) => uploads?.hold(room, text, options) === true,
  };

  /** @param {File[]} files */
  async function attach(files) {
    const room = active();
    if (!chat.limits.file) feedback.show(t("files_off"));
    if (!chat.limits.file || !room) return;
    const part = await loaded(import("./uploads.js"));
    if (!part) return;
    uploads ??= new part.Uploads({ ...context, active });
    uploads.add(room, files);
    context.focus();
  }

  /** Attaches a text that is much too long for a message, which would freeze the input box. @param {string} text */
  function attachText(text) {
    const limit = chat.limits.content ?? CHARACTERS_MAX;
    if (text.length <= limit * PASTED_TIMES) return false;
    if (chat.limits.file) {
      feedback.show(t("paste_as_file"));
      attach([new File([text], "pasted.txt", { type: "text/plain" })]);
    } else feedback.show(t("paste_too_long", { n: limit }));
    return true;
  }
}
