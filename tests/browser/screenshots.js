/**
 * Makes the pictures of the README: `node tests/browser/screenshots.js [FOLDER]`.
 *
 * The people chat through the real server; only the statistics are made up, because they would take a
 * month to collect. Times are those of the run; everything else is the same each time.
 *
 * @module
 */

import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { FakeServer } from "../web/fake-server.js";
import { sample } from "../web/sample-stats.js";
import { connectBot } from "./bots.js";
import { FREELY, openPage, startBrowser, startServer, until } from "./world.js";

const FOLDER = process.argv[2] ?? fileURLToPath(new URL("../../.readme/", import.meta.url));
const DESK = { viewport: { width: 1180, height: 720 } };
const PHONE = { viewport: { width: 390, height: 760 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

const server = await startServer({ args: [...FREELY, "--data", "none"] });
const browser = await startBrowser();
try {
  await mkdir(FOLDER, { recursive: true });
  const token = await talk(server.url);
  const views = [
    ["light", { ...DESK, colorScheme: "light" }],
    ["dark", { ...DESK, colorScheme: "dark" }, (page) => page.locator(".person", { hasText: "Tomás" }).click()],
    ["phone", { ...PHONE, colorScheme: "light" }],
    ["arabic", { ...DESK, colorScheme: "light", locale: "ar" }],
  ];
  for (const [name, options, act] of views) {
    const page = await openPage(browser, server.url, options);
    // Maya reconnects with her account.
    await page.context().addCookies([{ name: "chinwag", value: token, url: server.url, httpOnly: true, sameSite: "Strict" }]);
    const known = JSON.stringify({ name: "Maya", rooms: ["garden", "kitchen", "beekeepers", "lobby"], account: true });
    await page.evaluate((it) => localStorage.setItem("chinwag", it), known);
    await page.goto(`${server.url}/#garden`);
    await page.reload();
    await page.locator('#chat[data-phase="live"]').waitFor();
    await page.locator(".text", { hasText: "Saturday" }).last().waitFor();
    await page.locator("#people li").nth(3).waitFor({ state: "attached" });
    await page.locator(".details", { hasText: "Tuesday" }).first().waitFor({ state: "attached" });
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
  told.stats = ({ minutes }) => {
    const figures = sample({ minutes, now: Date.now() });
    const names = ["lobby", "garden", "kitchen", "random", "غرفة"];
    return { ...figures, rooms: figures.rooms.map((room, at) => ({ ...room, room: names[at] })) };
  };
  const page = await openPage(browser, `${await told.listen()}/stats`, { viewport: { width: 1180, height: 1010 }, colorScheme: "light" });
  await page.locator("#days .bar").last().waitFor();
  await page.screenshot({ path: `${FOLDER}/stats.png`, fullPage: true });
  console.log("stats.png");
  await page.context().close();
  await told.close();
}

/** Fills the rooms that are shown; returns Maya's token. */
async function talk(url) {
  const maya = await connectBot(url, "Maya", "garden");
  const tomas = await connectBot(url, "Tomás", "garden");
  const yuki = await connectBot(url, "Yuki", "garden");
  const layla = await connectBot(url, "ليلى", "garden");
  const token = await account(url, maya, "Maya");
  await account(url, yuki, "Yuki");
  const enter = (who, room) => who.send({ type: "join_room", id: room, payload: { room } });
  maya.send({ type: "set_topic", id: "t", room: "garden", payload: "Beds, bees and who waters on Sunday" });
  await maya.say("Good morning! The first tomatoes are *ripe* :tomato:");
  await tomas.say("Already? Mine are still green.", "Which sort is it?");
  await maya.say({ content: "Matina, from the seed swap: https://example.org/seeds", reply_to: 4 });
  await layla.say("صباح الخير جميعًا، سأسقي الأحواض اليوم.");
  await yuki.say("I wrote down when the pump runs:\n```\nMon, Thu   06:00   bed 1–4\nSat        19:30   greenhouse\n```");
  await tomas.say("Thank you! @Maya, could you take Sunday? I am away until `Tuesday`.");
  await maya.say({ content: "Sure, I'll do Sunday.", reply_to: 8 }, "And there is cake on Saturday 🎂");
  await yuki.say("🎉🎉");
  const react = (who, mid, emoji) => who.send({ type: "react", id: `${mid}${emoji}`, room: "garden", payload: { mid, emoji, on: true } });
  react(yuki, 2, "🍅");
  react(tomas, 2, "🍅");
  react(layla, 9, "❤️");
  react(tomas, 9, "❤️");
  react(yuki, 10, "👏");
  maya.send({ type: "moderate", id: "m", room: "garden", payload: { action: "promote", user: "Yuki" } });
  tomas.send({ type: "set_status", id: "s", payload: { status: "away", text: "until Tuesday" } });
  maya.send({ type: "read", id: "r", room: "garden", payload: { seq: 9 } });
  // In other rooms: a private room, a mention in the kitchen, two conversations.
  for (const room of ["kitchen", "beekeepers"]) enter(maya, room);
  maya.send({ type: "moderate", id: "p", room: "beekeepers", payload: { action: "make_private" } });
  enter(layla, "kitchen");
  await until(() => layla.heard.some(({ type, re }) => type === "joined" && re === "kitchen"), "the kitchen");
  layla.send({ type: "send_message", id: "k1", room: "kitchen", payload: { content: "@Maya, the oven is free" } });
  tomas.send({ type: "direct_message", id: "d1", payload: { to: "Maya", content: "Here is the key" } });
  yuki.send({ type: "direct_message", id: "d2", payload: { to: "Maya", content: "Shall we swap?" } });
  yuki.send({ type: "direct_message", id: "d3", payload: { to: "Maya", content: "I could do Sunday" } });
  await until(() => maya.heard.filter(({ type, room }) => type === "message" && (room === "kitchen" || room.startsWith("@"))).length === 4, "what is said elsewhere");
  return token;
}

/** Registers an account for a user, who continues as it. */
async function account(url, who, name) {
  const headers = { authorization: `Bearer ${who.session}`, "content-type": "application/json" };
  const body = JSON.stringify({ name, password: "only for pictures" });
  const { token } = await (await fetch(`${url}/api/register`, { method: "POST", headers, body })).json();
  who.send({ type: "auth", id: "auth", payload: { token } });
  await until(() => who.heard.some(({ re }) => re === "auth"), `${name} to be an account`);
  return token;
}
