import assert from "node:assert/strict";
import { test } from "node:test";

import { connectBot } from "./bots.js";
import { FREELY, connected, enter, jumpTo, log, rows, say, sees, setUp, startServer, statusIs, until } from "./world.js";

const world = setUp({ args: [...FREELY, "--data", "none"] });

test("a mention elsewhere is shown over the open room, spoken, and a press leads there", async () => {
  const page = await world.enter("Mia", { room: "garden" });
  const bob = await connectBot(world.url, "Bob", "kitchen");
  await jumpTo(page, "kitchen");
  await page.getByRole("link", { name: "garden" }).click();
  await page.getByRole("heading", { name: "#garden" }).waitFor();
  await bob.say("nothing for her");
  await bob.say("@Mia, come **over**");
  const toast = page.getByRole("button", { name: "Bob – #kitchen @Mia, come over" });
  await toast.waitFor();
  assert.match(await page.locator("#announcer").innerText(), /Bob – #kitchen: @Mia, come over/);
  assert.equal(await page.locator(".toast").count(), 1);
  await toast.click();
  await page.getByRole("heading", { name: "#kitchen" }).waitFor();
  await bob.say("@Mia, here");
  await sees(page, "@Mia, here");
  assert.equal(await page.locator(".toast").count(), 0, "what is open needs none");
  bob.close();
});

test("the icon of the installed page counts what is meant for the reader", async () => {
  const page = await world.enter("Bonnie", { room: "icon" });
  const bob = await connectBot(world.url, "Bill", "other");
  await jumpTo(page, "other");
  await page.getByRole("link", { name: "icon" }).click();
  await page.evaluate(() => {
    window.badges = [];
    navigator.setAppBadge = async (number) => window.badges.push(number);
    navigator.clearAppBadge = async () => window.badges.push(0);
  });
  await bob.say("hello", "@Bonnie?");
  await until(() => page.evaluate(() => window.badges.at(-1) === 1), "the badge");
  await page.getByRole("link", { name: "other" }).click();
  await until(() => page.evaluate(() => window.badges.at(-1) === 0), "no badge");
  bob.close();
});

test("a text of many lines is folded until it is asked for", async () => {
  const page = await world.enter("Fritz", { room: "folded" });
  const eve = await connectBot(world.url, "Eve", "folded");
  await eve.say(`a${"\n".repeat(3990)}b`, `short\n\`\`\`\n${"code\n".repeat(60)}\`\`\``);
  await sees(page, "short");
  const height = async (text) => (await rows(page, text).boundingBox()).height;
  assert.ok((await height(/^Eve.*a/s)) < 500, `${await height(/^Eve.*a/s)} px`);
  assert.equal(await log(page).getByRole("button", { name: "Show all" }).count(), 1, "code scrolls by itself");
  await log(page).getByRole("button", { name: "Show all" }).click();
  await until(async () => (await height(/^Eve.*a/s)) > 5_000, "all of it");
  eve.close();
});

test("past midnight, today becomes yesterday", async () => {
  const page = await world.enter("Dawn", { room: "midnight" });
  await say(page, "before midnight");
  await sees(page, "before midnight");
  await log(page).getByRole("heading", { name: "Today" }).waitFor();
  await page.clock.setFixedTime(Date.now() + 24 * 3600 * 1000);
  await log(page).getByRole("heading", { name: "Yesterday" }).waitFor();
});

test("a window that is seen but not looked at notifies and counts", async () => {
  const page = await world.enter("Wanda", { room: "window" });
  const bob = await connectBot(world.url, "Wim", "window");
  await page.evaluate(() => {
    window.shown = [];
    window.Notification = class {
      static permission = "granted";
      constructor(title, { body, tag, renotify }) {
        window.shown.push(`${title}: ${body}, ${tag}, ${renotify}`);
      }
    };
    document.hasFocus = () => false;
    dispatchEvent(new Event("blur"));
  });
  assert.equal(await page.evaluate(() => document.hidden), false);
  await bob.say("@Wanda, look");
  await until(() => page.evaluate(() => window.shown.length === 1), "the notification");
  assert.equal(await page.evaluate(() => window.shown[0]), "Wim – window: @Wanda, look, window, true", "one for each room, and heard again");
  await until(async () => /^\(1\)/.test(await page.title()), "the count");
  await page.evaluate(() => {
    delete document.hasFocus;
    dispatchEvent(new Event("focus"));
  });
  await until(async () => !/^\(/.test(await page.title()), "the count to go", () => page.title());
  bob.close();
});

test("a server that does not answer is told of: first of the message, then of the connection", async () => {
  const server = await startServer({ args: [...FREELY, "--data", "none"] });
  try {
    const page = world.track(await enter(world.browser, server.url, "Paul", { room: "silence" }));
    await say(page, "before");
    await sees(page, "before");
    process.kill(server.pid, "SIGSTOP");
    await say(page, "into the silence");
    await rows(page, "into the silence").getByText("Sending…").waitFor();
    await statusIs(page, "Offline");
    await page.getByText(/retrying in [0-5] s/).waitFor();
    process.kill(server.pid, "SIGCONT");
    await connected(page);
    await sees(page, "into the silence");
  } finally {
    process.kill(server.pid, "SIGCONT");
    await server.kill();
  }
});
