/**
 * Makes the pictures of the README: `node tests/browser/screenshots.js [FOLDER]`.
 *
 * The people talk through the real server, so the pictures show what the page does, not what it
 * might do; only the statistics are made up, for they would take a month to come together. Times are
 * those of the run; all else is the same each time.
 *
 * @module
 */

import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { FakeServer } from "../web/fake.js";
import { sample } from "../web/sample.js";
import { someone } from "./crowd.js";
import { openPage, startBrowser, startServer } from "./world.js";

const FOLDER = process.argv[2] ?? fileURLToPath(new URL("../../.readme/", import.meta.url));
const DESK = { viewport: { width: 1180, height: 720 } };
const PHONE = { viewport: { width: 390, height: 760 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

const server = await startServer();
const browser = await startBrowser();
try {
  await mkdir(FOLDER, { recursive: true });
  const session = await talk(server.url);
  const views = [
    ["light", { ...DESK, colorScheme: "light" }],
    ["dark", { ...DESK, colorScheme: "dark" }, (page) => page.locator("#message").fill("/e")],
    ["phone", { ...PHONE, colorScheme: "light" }],
    ["arabic", { ...DESK, colorScheme: "light", locale: "ar" }],
  ];
  for (const [name, options, act] of views) {
    const page = await openPage(browser, `${server.url}/#garden`, options);
    // Maya comes back as herself.
    const known = JSON.stringify({ session, name: "Maya", rooms: ["garden", "bees", "kitchen"] });
    await page.evaluate((it) => localStorage.setItem("chinwag", it), known);
    await page.reload();
    await page.locator('#chat[data-phase="live"]').waitFor();
    await page.locator(".text", { hasText: "Saturday" }).last().waitFor();
    await page.locator("#people li").nth(3).waitFor({ state: "attached" });
    await act?.(page);
    await page.screenshot({ path: `${FOLDER}/${name}.png` });
    console.log(`${name}.png`);
    await page.context().close();
  }
  await pictureOfStatistics();
} finally {
  await browser.close();
  await server.kill();
}

async function pictureOfStatistics() {
  const told = new FakeServer();
  told.stats = ({ minutes }) => sample({ minutes, now: Date.now() });
  const page = await openPage(browser, `${await told.listen()}/stats`, { viewport: { width: 1180, height: 1010 }, colorScheme: "light" });
  await page.locator("#days .bar").last().waitFor();
  await page.screenshot({ path: `${FOLDER}/stats.png`, fullPage: true });
  console.log("stats.png");
  await page.context().close();
  await told.close();
}

/** What stands in the pictures. */
async function talk(url) {
  const maya = await someone(url, "Maya", "garden");
  const tomas = await someone(url, "Tomás", "garden");
  const yuki = await someone(url, "Yuki", "garden");
  const layla = await someone(url, "ليلى", "garden");
  maya.send({ type: "set_topic", id: "t", payload: "Beds, bees and who waters on Sunday" });
  await maya.say("Good morning! The first tomatoes are *ripe* :tomato:");
  await tomas.say("Already? Mine are still green.", "Which sort is it?");
  await maya.say({ content: "Matina, from the seed swap: https://example.org/seeds", reply_to: 4 });
  await layla.say("صباح الخير جميعًا، سأسقي الأحواض اليوم.");
  await yuki.say("I wrote down when the pump runs:\n```\nMon, Thu   06:00   bed 1–4\nSat        19:30   greenhouse\n```");
  await tomas.say("Thank you! @Maya, could you take Sunday? I am away until `Tuesday`.");
  await maya.say({ content: "Sure, I'll do Sunday.", reply_to: 8 }, "And there is cake on Saturday 🎂");
  await yuki.say("🎉🎉");
  const react = (who, mid, emoji) => who.send({ type: "react", id: `${mid}${emoji}`, payload: { mid, emoji, on: true } });
  react(yuki, 2, "🍅");
  react(tomas, 2, "🍅");
  react(layla, 9, "❤️");
  react(tomas, 9, "❤️");
  react(yuki, 10, "👏");
  return maya.session;
}
