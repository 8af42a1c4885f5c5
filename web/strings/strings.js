/**
 * The texts of the page, one table per language; `t("key", { name: "…" })` returns a text.
 *
 * English is part of the page, and what a missing translation falls back to; the others are loaded when
 * they are chosen. An entry that depends on a number is an object of plural
 * categories (`Intl.PluralRules`), chosen by `n`.
 *
 * @module
 */

import { en } from "./en.js";

/** @typedef {import("./en.js").Table} Table */

/** @type {Record<string, Table>} */
const tables = { en };

/** Loads the tables of the other languages. @type {Record<string, () => Promise<Table>>} */
const loaders = {
  ar: async () => (await import("./ar.js")).ar,
  de: async () => (await import("./de.js")).de,
};

const RTL = new Set(["ar", "fa", "he", "ur"]);

/** The reader's language, and with its region for dates and numbers; English until `setLanguage`. */
export const reader = { language: "en", locale: "en" };
let plurals = new Intl.PluralRules("en");

/**
 * Chooses the first wanted language that has a table; `loadTexts` loads that.
 *
 * @param {readonly string[]} wanted  BCP 47 tags, best first
 * @returns {{ lang: string, dir: "ltr" | "rtl" }}
 */
export function setLanguage(wanted) {
  reader.locale = wanted.find((tag) => primary(tag) === "en" || Object.hasOwn(loaders, primary(tag))) ?? "en";
  reader.language = primary(reader.locale);
  plurals = new Intl.PluralRules(reader.locale);
  return { lang: reader.language, dir: RTL.has(reader.language) ? "rtl" : "ltr" };
}

/** Loads the texts of the chosen language. Without them, those in English are shown. */
export async function loadTexts() {
  const { language } = reader;
  if (!Object.hasOwn(tables, language)) tables[language] = await loaders[language]().catch(() => en);
}

/**
 * Returns the text of a key with its `{names}` filled in.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const entry = tables[reader.language]?.[key] ?? en[key] ?? key;
  const form = typeof entry === "string" ? entry : entry[plurals.select(Number(values.n))] ?? entry.other;
  return form.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name] ?? "";
    if (typeof value === "number") return value.toLocaleString(reader.locale);
    // Two adjacent names of the other direction would change places.
    return RTL.has(reader.language) ? `\u2068${value}\u2069` : value;
  });
}

/** @param {string} tag */
function primary(tag) {
  return tag.toLowerCase().split("-")[0];
}
