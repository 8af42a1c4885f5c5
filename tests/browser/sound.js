/**
 * What axe-core says about a page, and the looks in which it is asked.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const LOOKS = [
  ["light", {}],
  ["dark", { colorScheme: "dark" }],
  ["phone", { viewport: { width: 360, height: 700 }, hasTouch: true, isMobile: true }],
  ["dark phone", { viewport: { width: 320, height: 600 }, colorScheme: "dark" }],
  ["Arabic", { locale: "ar" }],
  ["dark Arabic", { locale: "ar", colorScheme: "dark" }],
];

/** Fails if axe-core finds violations in the page. */
export async function isSound(page, what) {
  // The Content Security Policy blocks scripts; axe is injected through the debugger.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`);
  assert.deepEqual(found, [], what);
}
