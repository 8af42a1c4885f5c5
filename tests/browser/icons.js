/**
 * Draws the icons for installing the page from `web/icon.svg`: `node tests/browser/icons.js`, to be
 * run again whenever that changes.
 *
 * @module
 */

import { readFile, writeFile } from "node:fs/promises";

import { startBrowser } from "./world.js";

const WEB = new URL("../../web/", import.meta.url);
/** A maskable icon has the background of the page, from which a system cuts a shape. */
const GROUND = "#dfe7f9";

const drawn = await readFile(new URL("icon.svg", WEB), "utf8");
const browser = await startBrowser();
try {
  await draw("icon-192.png", 192, 1, "transparent");
  await draw("icon-512.png", 512, 1, "transparent");
  // The outer tenth on each side may be cut off.
  await draw("icon-full.png", 512, 0.62, GROUND);
} finally {
  await browser.close();
}

async function draw(name, size, share, ground) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>
    body { margin: 0; height: 100vh; display: grid; place-items: center; background: ${ground} }
    svg { width: ${share * 100}%; height: ${share * 100}% }
  </style>${drawn}`);
  await writeFile(new URL(name, WEB), await page.screenshot({ omitBackground: true }));
  await page.close();
}
