/**
 * The sheet that a long press on a message opens: six reactions, and the actions of its menu.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { openDialog } from "./dialog.js";
import { iconButton, icons, make } from "./dom.js";
import { favourites, recent } from "./emoji.js";

const REACTIONS = 6;

/**
 * @param {string} title
 * @param {import("./menu.js").Choice[][]} groups
 * @param {{ react: (emoji: string) => void, more: () => void }} actions  `more`: opens the picker
 */
export function openSheet(title, groups, { react, more }) {
  /** @param {() => void} act */
  const press = (act) => () => {
    dialog.close();
    act();
  };
  const offered = [...new Set([...recent(), ...favourites])].slice(0, REACTIONS);
  const reactions = offered.map((emoji) => make("button", { type: "button", text: emoji, "aria-label": emoji, onclick: press(() => react(emoji)) }));
  const items = groups.flat().map(({ label, act, isDangerous }) =>
    make("button", { class: isDangerous ? "danger" : "", type: "button", role: "menuitem", text: label, onclick: press(act) }));
  const dialog = openDialog(
    "message-sheet",
    title,
    make("div", { class: "sheet-reactions", role: "group", "aria-label": t("react") }, ...reactions, iconButton(icons.react_more, t("react_more"), press(more))),
    make("div", { role: "menu", "aria-label": t("more_actions") }, ...items),
  );
  // The finger that opened the sheet may lie on it, and its end is no press.
  let isPressed = false;
  dialog.addEventListener("pointerdown", () => (isPressed = true), true);
  dialog.addEventListener("click", (event) => !isPressed && event.detail > 0 && event.stopPropagation(), true);
}
