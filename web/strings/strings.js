/**
 * All words of the page, one table per language in `strings/`; `t("key", { name: "…" })` gives the text.
 *
 * A missing translation falls back to English. Where a number decides the form, the entry is an
 * object of plural categories (`Intl.PluralRules`), chosen by `n`.
 *
 * @module
 */

import { ar } from "./ar.js";
import { de } from "./de.js";
import { en } from "./en.js";

/** @typedef {import("./en.js").Table} Table */

/** @type {Record<string, Table>} */
const tables = { en, de, ar };

const RTL = new Set(["ar", "fa", "he", "ur"]);

/** What the reader speaks: the language in use, and with its region for dates and numbers; English until `setLanguage`. */
export const reader = { language: "en", locale: "en" };
let plurals = new Intl.PluralRules("en");

/**
 * Takes the first wanted language that has a table.
 *
 * @param {readonly string[]} wanted  BCP 47 tags, best first
 * @returns {{ lang: string, dir: "ltr" | "rtl" }}
 */
export function setLanguage(wanted) {
  reader.locale = wanted.find((tag) => Object.hasOwn(tables, primary(tag))) ?? "en";
  reader.language = primary(reader.locale);
  plurals = new Intl.PluralRules(reader.locale);
  return { lang: reader.language, dir: RTL.has(reader.language) ? "rtl" : "ltr" };
}

/**
 * The text of this key with its `{names}` filled in.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const entry = tables[reader.language][key] ?? tables.en[key] ?? key;
  const form = typeof entry === "string" ? entry : entry[plurals.select(Number(values.n))] ?? entry.other;
  return form.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name] ?? "";
    if (typeof value === "number") return value.toLocaleString(reader.locale);
    // Two names of the other direction side by side would change places.
    return RTL.has(reader.language) ? `\u2068${value}\u2069` : value;
  });
}

/** Languages and the keys they have; for the test that none is forgotten. */
export function coverage() {
  return Object.entries(tables).map(([lang, table]) => ({ lang, keys: Object.keys(table) }));
}

/** @param {string} tag */
function primary(tag) {
  return tag.toLowerCase().split("-")[0];
}
