/**
 * The dialog for the reader's choices on this device. Each takes effect at once.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { openDialog } from "./dialog.js";
import { make } from "./dom.js";
import { preference, setPreference, showTheme } from "./preferences.js";

/** Languages by their tags, in their own words. */
const LANGUAGES = [["en", "English"], ["de", "Deutsch"], ["ar", "العربية"]];

export function openSettings() {
  const themes = ["light", "dark"].map((theme) => [theme, t(`theme_${theme}`)]);
  const note = make("p", { class: "muted", text: t("settings_note") });
  openDialog("settings", t("settings"), choice("theme", themes, showTheme), choice("language", LANGUAGES, reload), note);
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
