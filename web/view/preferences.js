/**
 * The reader's choices for this device: theme and language.
 *
 * @module
 */

/** @typedef {"theme" | "language"} Preference */

const PREFIX = "chinwag:";
/** The colours of the browser's own bars, as in the page's head. */
const BARS = { light: "#f4f5f8", dark: "#14161b" };

/** Returns a choice; empty for that of the system. @param {Preference} name */
export function preference(name) {
  try {
    return localStorage.getItem(PREFIX + name) ?? "";
  } catch {
    return "";
  }
}

/** Stores a choice. @param {Preference} name @param {string} value  empty for that of the system */
export function setPreference(name, value) {
  try {
    if (value) localStorage.setItem(PREFIX + name, value);
    else localStorage.removeItem(PREFIX + name);
  } catch {
    // Full or forbidden storage: the choice lasts as long as this page.
  }
}

/** Puts a theme into the page. @param {string} [theme]  empty for that of the system */
export function showTheme(theme = preference("theme")) {
  const root = document.documentElement;
  const isChosen = theme === "light" || theme === "dark";
  if (isChosen) root.dataset.theme = theme;
  else delete root.dataset.theme;
  for (const bar of document.querySelectorAll('meta[name="theme-color"]')) {
    const own = bar.getAttribute("media")?.includes("dark") ? "dark" : "light";
    bar.setAttribute("content", BARS[isChosen ? theme : own]);
  }
}

/** Returns the wanted languages, best first: the address's, the chosen one, the browser's. @returns {readonly string[]} */
export function wantedLanguages() {
  const named = new URLSearchParams(location.search).get("lang") ?? "";
  return [named, preference("language"), ...navigator.languages].filter((it) => it !== "");
}
