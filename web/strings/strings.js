/**
 * The texts of the page, one table per language; `t("key", { name: "…" })` returns a text.
 *
 * A missing translation falls back to English. An entry that depends on a number is an object of plural
 * categories (`Intl.PluralRules`), chosen by `n`.
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

/** The reader's language, and with its region for dates and numbers; English until `setLanguage`. */
export const reader = { language: "en", locale: "en" };
let plurals = new Intl.PluralRules("en");

/**
 * Chooses the first wanted language that has a table.
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
 * Returns the text of a key with its `{names}` filled in.
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
    // Two adjacent names of the other direction would change places.
    return RTL.has(reader.language) ? `\u2068${value}\u2069` : value;
  });
}

/** Returns the keys of each language, for the test of completeness. */
export function coverage() {
  return Object.entries(tables).map(([lang, table]) => ({ lang, keys: Object.keys(table) }));
}

/** @param {string} tag */
function primary(tag) {
  return tag.toLowerCase().split("-")[0];
}
