/**
 * The sign beside the name of a person with an account, which no guest can have.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { make } from "./dom.js";

/** Makes the sign. */
export function accountSign() {
  const label = t("has_account");
  return make("span", { class: "account-sign", role: "img", title: label, "aria-label": label });
}
