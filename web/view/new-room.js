/**
 * The dialog for a new room. It does not join one that exists; whoever tried to join one that does not
 * exist is offered the one they may have meant.
 *
 * @module
 */

import { roomNamed } from "../state/directory.js";
import { nearest } from "../text/match.js";
import { t } from "../strings/strings.js";
import { openDialog } from "./dialog.js";
import { make, setText } from "./dom.js";

/**
 * @typedef {object} NewRoomActions
 * @property {() => Promise<readonly string[]>} rooms  names of those that exist
 * @property {(room: string) => void} open
 * @property {(room: string, isPrivate: boolean) => Promise<unknown>} create
 * @property {(error: unknown) => string} errorText
 */

/**
 * Opens the dialog.
 *
 * @param {NewRoomActions} actions
 * @param {string} [name]
 * @param {boolean} [isMissing]  somebody tried to join it
 */
export function openNewRoom({ rooms, open, create, errorText }, name = "", isMissing = false) {
  if (document.querySelector("dialog[open]")) return;
  const field = make("input", { type: "text", required: true, maxlength: "64", dir: "auto", autocapitalize: "none", autocomplete: "off", spellcheck: "false" });
  field.value = name;
  const isPrivate = make("input", { type: "checkbox" });
  const note = make("p", { role: "alert", class: "note" });
  const meant = make("button", { type: "button", hidden: true });
  const submit = make("button", { type: "submit", class: "primary", text: t("create") });
  const form = make(
    "form",
    { onsubmit, autocomplete: "off" },
    make("label", {}, make("span", { text: t("room_name") }), field),
    make("label", { class: "choice" }, isPrivate, " ", make("span", { text: t("private_choice") })),
    note,
    make("div", { class: "buttons" }, meant, submit, make("button", { type: "button", class: "quiet", text: t("cancel"), onclick: () => dialog.close() })),
  );
  const dialog = openDialog("new-room", t("new_room"), form);
  let isBusy = false;
  field.focus();
  if (isMissing) tellMissing();

  /** @param {Event} event */
  async function onsubmit(event) {
    event.preventDefault();
    const wanted = field.value.trim().replace(/^#/, "");
    if (isBusy || !wanted) return;
    isBusy = true;
    try {
      const existing = roomNamed((await rooms()).map((it) => ({ name: it })), wanted)?.name;
      if (existing) {
        setText(note, t("room_exists", { room: existing }));
        offer(existing);
        return;
      }
      await create(wanted, isPrivate.checked);
      dialog.close();
    } catch (error) {
      setText(note, errorText(error));
    } finally {
      isBusy = false;
    }
  }

  /** Shows that the room does not exist, and offers one that may be meant. */
  async function tellMissing() {
    const known = await rooms().catch(() => /** @type {string[]} */ ([]));
    const similar = nearest(name, known);
    setText(note, [t("no_room_named", { room: name }), similar && t("did_you_mean", { room: similar })].filter(Boolean).join(" "));
    setText(submit, t("create_it"));
    if (similar) offer(similar);
    (similar ? meant : submit).focus();
  }

  /** @param {string} room */
  function offer(room) {
    meant.hidden = false;
    setText(meant, t("open_room", { room }));
    meant.onclick = () => {
      dialog.close();
      open(room);
    };
  }
}
