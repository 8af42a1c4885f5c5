import assert from "node:assert/strict";
import { test } from "node:test";

import { connectBot } from "./bots.js";
import { FREELY, jumpTo, log, makeRoom, rows, say, sees, setUp, until } from "./world.js";

const world = setUp({ args: [...FREELY, "--data", "none"] });

const PHONE = { viewport: { width: 390, height: 700 }, hasTouch: true, isMobile: true };

/** Holds a finger on an element. */
async function hold(page, element) {
  const { x, y, height } = await element.boundingBox();
  const session = await page.context().newCDPSession(page);
  const touchPoints = [{ x: x + 20, y: y + height / 2 }];
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await page.getByRole("dialog").waitFor();
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}

test("a long press on a message opens a sheet with six reactions and the actions", async () => {
  const page = await world.enter("Lola", { room: "press", ...PHONE });
  await say(page, "hold me");
  await sees(page, "hold me");
  await hold(page, rows(page, "hold me").locator(".text"));
  const sheet = page.getByRole("dialog", { name: "Lola" });
  assert.equal(await sheet.getByRole("group", { name: "Add reaction" }).getByRole("button").count(), 7);
  assert.deepEqual((await sheet.getByRole("menuitem").allInnerTexts()).slice(0, 2), ["Reply", "Copy text"]);
  await sheet.getByRole("button", { name: "🎉" }).tap();
  await page.getByRole("button", { name: "🎉, 1 reaction" }).waitFor();
  await hold(page, rows(page, "hold me").locator(".text"));
  await sheet.getByRole("button", { name: "Add another reaction" }).tap();
  await page.getByRole("dialog", { name: "Emoji" }).getByRole("button", { name: "🔥" }).tap();
  await page.getByRole("button", { name: "🔥, 1 reaction" }).waitFor();
  await hold(page, rows(page, "hold me").locator(".text"));
  await sheet.getByRole("menuitem", { name: "Reply" }).tap();
  await page.getByText("Replying to Lola").waitFor();
});

test("Back closes what is open, and then leads to the room before", async () => {
  const page = await world.enter("Becky", { room: "first", ...PHONE });
  await say(page, "hold me");
  await sees(page, "hold me");
  const isOpen = (name) => page.getByRole("navigation", { name: "Rooms" }).isVisible({ name });
  await page.getByRole("button", { name: "Show rooms" }).tap();
  await page.locator("#me").tap();
  await page.getByRole("menu").waitFor();
  await page.goBack();
  await page.getByRole("menu").waitFor({ state: "detached" });
  assert.equal(await isOpen(), true, "one thing at a time");
  await page.goBack();
  await until(async () => !(await isOpen()), "the rooms to close");
  await hold(page, rows(page, "hold me").locator(".text"));
  await page.goBack();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Emoji", exact: true }).tap();
  await page.goBack();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await page.getByRole("heading", { name: "#first" }).count(), 1);

  await page.getByRole("button", { name: "Show rooms" }).tap();
  await makeRoom(page, "second");
  await page.goBack();
  await page.getByRole("heading", { name: "#first" }).waitFor();
});

test("no cross stands beside the rooms of a phone", async () => {
  const page = await world.enter("Nell", { room: "badges", ...PHONE });
  await page.getByRole("button", { name: "Show rooms" }).tap();
  await page.getByRole("link", { name: "badges" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Leave badges" }).count(), 0);
});

test("a mention elsewhere is shown over the open room, spoken, and a press leads there", async () => {
  const page = await world.enter("Mia", { room: "here" });
  const bob = await connectBot(world.url, "Bob", "there");
  await jumpTo(page, "there");
  await page.getByRole("link", { name: "here" }).click();
  await page.getByRole("heading", { name: "#here" }).waitFor();
  await bob.say("nothing for her");
  await bob.say("@Mia, come **over**");
  const toast = page.getByRole("button", { name: "Bob – #there @Mia, come over" });
  await toast.waitFor();
  assert.match(await page.locator("#announcer").innerText(), /Bob – #there: @Mia, come over/);
  assert.equal(await page.locator(".toast").count(), 1);
  await toast.click();
  await page.getByRole("heading", { name: "#there" }).waitFor();
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
