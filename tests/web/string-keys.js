/**
 * The keys of texts that sources use.
 *
 * @module
 */

import { readFile, readdir } from "node:fs/promises";

const WEB = new URL("../../web/", import.meta.url);

/** Returns the modules, pages and style sheets, with their names in `web/`. */
export async function sources() {
  const names = (await readdir(WEB, { recursive: true })).filter((name) => /\.(js|html|css)$/.test(name));
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(new URL(name, WEB), "utf8") })));
}

/** Returns the keys that sources name in a call of `t` or in an attribute. */
export function namedKeys(texts) {
  return texts.flatMap((text) => [...text.matchAll(/\bt\("(\w+)"|data-t(?:-label)?="(\w+)"/g)].map((match) => match[1] ?? match[2]));
}

/** Returns the keys that no source contains as a literal, nor builds by a template. */
export function unusedKeys(keys, texts) {
  const literals = new Set(texts.flatMap((text) => [...text.matchAll(/"(\w+)"/g)].map(([, it]) => it)));
  const templates = texts.flatMap((text) => [...text.matchAll(/`((?:\w|\$\{[^`]*?\})+)`/g)].map(([, it]) => it));
  const patterns = templates.filter((it) => /[a-z]_|_[a-z]/.test(it.replace(/\$\{.*?\}/g, "")));
  const matchers = patterns.map((it) => new RegExp(`^${it.replace(/\$\{.*?\}/g, "\\w*")}$`));
  return keys.filter((key) => !literals.has(key) && !matchers.some((it) => it.test(key)));
}
