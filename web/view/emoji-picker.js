/**
 * The emoji picker: recent ones and favourites, all by group, and a search. One is open at most.
 *
 * Arrow keys move in the grid, letters go to the search, Escape returns to where it was opened.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { closeOnBack } from "./back.js";
import { make } from "./dom.js";
import { emojiGroups, favourites, findEmoji, loadEmoji, recent, remember } from "./emoji.js";
import { placeBeside } from "./menu.js";

const FOUND_MAX = 64;
const COLUMNS = 8;

/** Closes the open picker. @type {() => void} */
let close = () => {};

/**
 * Opens the picker next to a button, or closes it if it is that button's.
 *
 * @param {HTMLElement} button
 * @param {object} actions
 * @param {(sign: string) => void} actions.pick
 * @param {() => void} [actions.leave]  moves the focus after Escape, by default to the button
 */
export function openEmojiPicker(button, { pick, leave = () => button.focus({ preventScroll: true }) }) {
  const isOpen = button.getAttribute("aria-expanded") === "true";
  close();
  if (isOpen) return;
  const search = make("input", { type: "search", "aria-label": t("emoji_search"), placeholder: t("emoji_search"), maxlength: 40, oninput: showFound });
  const grid = make("div", { class: "emoji-grid", role: "group" });
  const tabs = make("div", { class: "emoji-groups", role: "group", "aria-label": t("emoji_groups") });
  const picker = make("div", { class: "picker", role: "dialog", "aria-label": t("emoji"), onkeydown: onKey }, search, grid, tabs);
  (button.closest("main, aside, nav") ?? document.body).append(picker);
  button.setAttribute("aria-expanded", "true");
  document.addEventListener("pointerdown", onPress, true);
  addEventListener("resize", shut);
  close = shut;
  const closed = closeOnBack(shut);
  showRecent();
  loadEmoji().then(showTabs);
  placeBeside(picker, button.getBoundingClientRect());
  grid.querySelector("button")?.focus({ preventScroll: true });

  function showRecent() {
    show(t("emoji_recent"), [...new Set([...recent(), ...favourites])].map((sign) => ({ sign, names: [""] })));
  }

  function showFound() {
    const found = findEmoji(search.value, FOUND_MAX);
    if (search.value.trim() === "") showRecent();
    else show(t("emoji_search"), found);
  }

  /** @param {string} label @param {readonly import("./emoji.js").Emoji[]} emoji */
  function show(label, emoji) {
    grid.setAttribute("aria-label", label);
    const buttons = emoji.map(({ sign, names: [name] }, at) =>
      make("button", { type: "button", text: sign, "aria-label": `${sign} ${name}`.trim(), title: name || undefined, tabindex: at ? -1 : 0, onclick: () => choose(sign) }));
    grid.replaceChildren(...(emoji.length ? buttons : [make("p", { class: "muted", text: t("emoji_none") })]));
    grid.scrollTop = 0;
  }

  function showTabs() {
    const groups = emojiGroups();
    const first = make("button", { type: "button", text: "🕘", "aria-label": t("emoji_recent"), onclick: showRecent });
    const others = groups.map((group, at) => {
      const label = t(`emoji_group_${at}`);
      return make("button", { type: "button", text: group[0]?.sign, "aria-label": label, title: label, onclick: () => show(label, group) });
    });
    if (groups.length) tabs.replaceChildren(first, ...others);
  }

  /** @param {string} sign */
  function choose(sign) {
    remember(sign);
    shut();
    pick(sign);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const { key, target } = event;
    event.stopPropagation();
    if (key === "Escape") {
      event.preventDefault();
      shut();
      leave();
      return;
    }
    const buttons = /** @type {HTMLElement[]} */ ([...grid.querySelectorAll("button")]);
    const at = buttons.indexOf(/** @type {HTMLElement} */ (target));
    if (target === search && (key === "ArrowDown" || key === "Enter")) {
      event.preventDefault();
      if (key === "Enter") buttons[0]?.click();
      else buttons[0]?.focus();
    } else if (at >= 0) {
      const isRtl = document.documentElement.dir === "rtl";
      const steps = /** @type {Record<string, number>} */ ({ ArrowRight: isRtl ? -1 : 1, ArrowLeft: isRtl ? 1 : -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS });
      if (key in steps) {
        event.preventDefault();
        (buttons[at + steps[key]] ?? (steps[key] < 0 ? search : buttons[at])).focus();
      } else if (key.length === 1 && key !== " " && !event.ctrlKey && !event.metaKey) search.focus();
    }
  }

  /** @param {Event} event */
  function onPress({ target }) {
    if (!picker.contains(target) && !button.contains(/** @type {Node} */ (target))) shut();
  }

  function shut() {
    closed();
    picker.remove();
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", onPress, true);
    removeEventListener("resize", shut);
    close = () => {};
  }
}
