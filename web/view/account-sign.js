/**
 * The signs beside the names of a person with an account, which no guest can have, and of a hook, which
 * no user can have.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { make } from "./dom.js";

/** Makes the sign of an account. */
export function accountSign() {
  const label = t("has_account");
  return make("span", { class: "account-sign", role: "img", title: label, "aria-label": label });
}

/** Makes the sign of a hook. @param {string} hook */
export function hookSign(hook) {
  return make("span", { class: "chip muted", title: hook, text: t("hook") });
}

/** Returns a hook's name as it stands beside the sign. @param {string} sender */
export function withoutMark(sender) {
  return sender.replace(/ \[hook[^[]*$/, "");
}
