import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";

import { FREELY, makeRoom, rows, say, sees, setUp, until } from "./world.js";

const world = setUp({ args: [...FREELY, "--data", "none"] });

const PHONE = { viewport: { width: 390, height: 700 }, hasTouch: true, isMobile: true };

/** Touches an element until its sheet is open. */
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

test("axe-core finds nothing in the sheet", async () => {
  const page = await world.enter("Anka", { room: "sound", ...PHONE });
  await say(page, "hold me");
  await sees(page, "hold me");
  await hold(page, rows(page, "hold me").locator(".text"));
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`), []);
});

test("Back closes what is open, and then leads to the room before", async () => {
  const page = await world.enter("Becky", { room: "first", ...PHONE });
  await say(page, "hold me");
  await sees(page, "hold me");
  const isOpen = () => page.getByRole("navigation", { name: "Rooms" }).isVisible();
  await page.getByRole("button", { name: "Show rooms" }).tap();
  await page.locator("#me").tap();
  await page.getByRole("menu").waitFor();
  await page.goBack();
  await page.getByRole("menu").waitFor({ state: "detached" });
  assert.equal(await isOpen(), true, "one thing at a time");
  await page.goBack();
  await until(async () => !(await isOpen()), "the rooms to close");
  await hold(page, rows(page, "hold me").locator(".text"));
  await page.getByRole("dialog").waitFor();
  await page.goBack();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Emoji", exact: true }).tap();
  await page.getByRole("dialog").waitFor();
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
