/**
 * The dialog for registration and login.
 *
 * A password is passed on and cleared from the field; nothing stores it.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { closeOnBack } from "./back.js";
import { byId, setText } from "./dom.js";
import { span } from "./time.js";

/** @typedef {"register" | "log_in"} Kind */

/**
 * @param {(kind: Kind, name: string, password: string) => Promise<void>} enter
 * @returns {(kind: Kind, name?: string, note?: string) => void} opens the dialog
 */
export function accountDialog(enter) {
  const dialog = byId("account");
  const name = byId("account-name");
  const password = byId("account-password");
  const failure = byId("account-failure");
  const go = byId("account-go");
  const other = byId("account-other");
  /** @type {Kind} */
  let kind = "log_in";
  let isBusy = false;

  byId("account-form").onsubmit = submit;
  byId("account-close").onclick = () => dialog.close();
  other.onclick = () => {
    setKind(kind === "register" ? "log_in" : "register");
    (name.value ? password : name).focus();
  };
  let closed = () => {};
  dialog.onclose = () => {
    closed();
    password.value = "";
  };

  return (wanted, known = "", note = "") => {
    setKind(wanted);
    name.value = known;
    password.value = "";
    if (note) setText(failure, note);
    if (!dialog.open) {
      dialog.showModal();
      closed = closeOnBack(() => dialog.close());
    }
    (known ? password : name).focus();
  };

  /** @param {Kind} next */
  function setKind(next) {
    kind = next;
    const isNew = kind === "register";
    setText(byId("account-title"), t(kind));
    setText(byId("account-note"), t(`${kind}_note`));
    setText(go, t(kind));
    setText(other, t(isNew ? "log_in_instead" : "register_instead"));
    setText(failure, "");
    password.autocomplete = isNew ? "new-password" : "current-password";
  }

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    if (isBusy || !name.value.trim() || !password.value) return;
    isBusy = true;
    go.setAttribute("aria-disabled", "true");
    setText(failure, "");
    try {
      await enter(kind, name.value.trim(), password.value);
      dialog.close();
    } catch (error) {
      setText(failure, accountErrorText(error));
      password.select();
    }
    isBusy = false;
    go.removeAttribute("aria-disabled");
  }
}

/** Returns the text for an error, in the reader's language where its code is known. @param {any} error */
export function accountErrorText(error) {
  const { code, message, retryAfterMs } = error;
  if (code === "rate_limited") return t("try_later", { time: span(Math.max(retryAfterMs, 1000)) });
  if (code === "unauthorized") return t("wrong_password");
  if (code === "name_taken") return t("name_taken");
  return message === "offline" ? t("not_while_offline") : message;
}
