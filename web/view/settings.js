/**
 * The dialog for the reader's profile and account, and the choices on this device. Each takes effect at once.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { avatar } from "./avatar.js";
import { openDialog } from "./dialog.js";
import { make } from "./dom.js";
import { accountFields } from "./own-account.js";
import { preference, setPreference, showTheme } from "./preferences.js";

/** Languages by their tags, in their own words. */
const LANGUAGES = [["en", "English"], ["de", "Deutsch"], ["ar", "العربية"]];

/** The longest text of a status, and the number of hues. */
const STATUS_MAX = 100;
const HUES = 12;

/**
 * @typedef {object} Profile
 * @property {string} name
 * @property {string} text  the status
 * @property {number} hue   0 for none
 * @property {(text: string) => void} setText
 * @property {(hue: number) => void} setHue
 */

/**
 * @param {Profile | null} profile  null while it cannot be changed
 * @param {import("../client/own-account.js").OwnAccount | null} account  null for a guest
 */
export function openSettings(profile, account) {
  const themes = ["light", "dark"].map((theme) => [theme, t(`theme_${theme}`)]);
  const note = make("p", { class: "muted", text: t("settings_note") });
  openDialog("settings", t("settings"), choice("theme", themes, showTheme), choice("language", LANGUAGES, reload), note, ...(profile ? [profileFields(profile)] : []), ...(profile && account ? [accountFields(account, profile.name)] : []));
}

/** @param {Profile} profile */
function profileFields({ name, text, hue, setText, setHue }) {
  const status = make("input", { type: "text", value: text, maxlength: STATUS_MAX, dir: "auto", placeholder: t("status_hint"), onchange: () => setText(status.value.trim()) });
  const swatches = Array.from({ length: HUES + 1 }, (_, number) => {
    const radio = make("input", { type: "radio", name: "hue", "aria-label": number ? t("hue_number", { n: number }) : t("hue_none"), onchange: () => setHue(number) });
    radio.checked = number === hue;
    return make("label", { class: "swatch" }, radio, avatar(name, { isSmall: true, hue: number }));
  });
  return make(
    "fieldset",
    { class: "profile" },
    make("legend", { text: t("profile") }),
    make("label", {}, make("span", { text: t("status") }), status),
    make("div", { class: "swatches", role: "radiogroup", "aria-label": t("hue") }, ...swatches),
  );
}

/**
 * @param {import("./preferences.js").Preference} name
 * @param {string[][]} options  values and texts
 * @param {(value: string) => void} apply
 */
function choice(name, options, apply) {
  const all = [["", t("system")], ...options].map(([value, text]) => make("option", { value, text }));
  const select = make("select", {}, ...all);
  select.value = preference(name);
  select.onchange = () => {
    setPreference(name, select.value);
    apply(select.value);
  };
  return make("label", {}, make("span", { text: t(name) }), select);
}

/** Loads the page in the chosen language: an address that names one would keep it. */
function reload() {
  const url = new URL(location.href);
  url.searchParams.delete("lang");
  if (url.href === location.href) location.reload();
  else location.replace(url);
}
