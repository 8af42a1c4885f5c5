/**
 * The dialog *Keyboard shortcuts*: keys and commands.
 *
 * @module
 */

import { commands } from "../state/commands.js";
import { t } from "../strings/strings.js";
import { openDialog } from "./dialog.js";
import { make } from "./dom.js";

/** Keys and the names of what they do, by where they work. @type {[string, [string[], string][]][]} */
const KEYS = [
  ["keys_everywhere", [
    [["Ctrl K"], "jump_to"],
    [["Alt ↑", "Alt ↓"], "key_rooms"],
    [["Alt Shift ↑", "Alt Shift ↓"], "key_unread_rooms"],
    [["Ctrl Shift ↑", "Ctrl Shift ↓"], "key_move_room"],
    [["Esc"], "key_close"],
    [["?"], "keyboard_shortcuts"],
  ]],
  ["keys_message", [
    [["Enter"], "send"],
    [["Shift Enter"], "key_new_line"],
    [["↑"], "cmd_edit"],
    [["Ctrl B"], "key_bold"],
    [["Ctrl I"], "key_italic"],
    [["Ctrl K"], "key_link"],
    [["@", "#", ":", "/"], "key_complete"],
    [["Tab"], "key_accept"],
  ]],
  ["keys_list", [
    [["↑", "↓"], "key_messages"],
    [["Enter"], "more_actions"],
    [["R"], "reply"],
    [["E"], "edit"],
    [["+"], "react"],
    [["U"], "mark_unread"],
    [["Delete"], "delete"],
  ]],
];

export function openShortcuts() {
  if (document.querySelector("dialog[open]")) return;
  const parts = KEYS.map(([title, keys]) =>
    section(t(title), keys.map(([names, what]) => [names.map((it) => make("kbd", { text: it })), t(what)])),
  );
  const typed = section(t("commands"), commands.map(([name, rest]) => [[make("kbd", { text: `/${name} ${rest}`.trim() })], t(`cmd_${name}`)]));
  const all = make("div", { class: "sheet", tabindex: "0", role: "group", "aria-label": t("keyboard_shortcuts") }, ...parts, typed);
  openDialog("shortcuts", t("keyboard_shortcuts"), all);
  all.focus();
}

/** @param {string} title @param {[Node[], string][]} rows */
function section(title, rows) {
  const list = rows.map(([keys, what]) => make("div", {}, make("dt", {}, ...keys), make("dd", { text: what })));
  return make("section", {}, make("h3", { text: title }), make("dl", {}, ...list));
}
