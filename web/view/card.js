/**
 * The card of a person, beside their name: status, role and ways to reach them.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { accountSign } from "./account-sign.js";
import { avatar, presenceOf } from "./avatar.js";
import { make } from "./dom.js";
import { placeBeside } from "./menu.js";

/** @typedef {import("../state/room.js").Person} Person */

/** Closes the open card. @type {() => void} */
let close = () => {};

/**
 * Opens a card. Escape and a press beside it close it, and the focus returns to the name.
 *
 * @param {HTMLElement} anchor
 * @param {Person} person
 * @param {{ isYou: boolean, message: () => void, mention: () => void, more: (button: HTMLElement) => void }} actions
 */
export function openCard(anchor, person, { isYou, message, mention, more }) {
  close();
  const { name, status, text, role, account, hue } = person;
  const roleName = role === "owner" || role === "moderator" ? t(`role_${role}`) : "";
  const statusName = status === "" ? t("online") : status === "away" || status === "absent" ? t(status) : status;
  const about = [isYou ? t("you") : "", roleName, statusName].filter(Boolean).join(" · ");
  const press = (/** @type {() => void} */ act) => () => {
    shut();
    act();
  };
  const moreButton = make("button", { type: "button", text: t("more_actions"), "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => more(moreButton) });
  const buttons = isYou
    ? []
    : [
        make("button", { type: "button", class: "primary", text: t("send_message"), onclick: press(message) }),
        make("button", { type: "button", text: t("mention"), onclick: press(mention) }),
        moreButton,
      ];
  const card = make(
    "div",
    { class: "person-card", role: "dialog", "aria-label": name, tabindex: "-1", onkeydown: onKey },
    avatar(name, { presence: presenceOf(status), hue }),
    make("div", {}, make("strong", {}, make("bdi", { text: name })), account ? accountSign() : null, make("div", { class: "muted", text: about }), text && make("div", { dir: "auto", text })),
    buttons.length ? make("div", { class: "buttons" }, ...buttons) : null,
  );
  (anchor.closest("aside, main") ?? document.body).append(card);
  placeBeside(card, anchor.getBoundingClientRect());
  document.addEventListener("pointerdown", onPress, true);
  addEventListener("resize", shut);
  close = shut;
  (buttons[0] ?? card).focus();

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    event.preventDefault();
    shut();
    anchor.focus({ preventScroll: true });
  }

  /** @param {Event} event */
  function onPress({ target }) {
    const pressed = /** @type {Element} */ (target);
    if (!card.contains(pressed) && !pressed.closest(".menu")) shut();
  }

  function shut() {
    card.remove();
    document.removeEventListener("pointerdown", onPress, true);
    removeEventListener("resize", shut);
    close = () => {};
  }
}
