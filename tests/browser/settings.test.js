import assert from "node:assert/strict";
import { test } from "node:test";

import { FREELY, join, openPage, setUp } from "./world.js";

const world = setUp({ args: [...FREELY, "--data", "none"] });

/** Returns the colour scheme that the page is drawn in. */
function scheme(page) {
  return page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
}

test("the theme is chosen in the settings, stored, and there before the first frame", async () => {
  const page = await world.enter("Thea", { room: "looks", colorScheme: "light" });
  await page.getByRole("button", { name: "Settings" }).click();
  const dialog = page.getByRole("dialog", { name: "Settings" });
  const theme = dialog.getByRole("combobox", { name: "Theme" });
  assert.deepEqual(await theme.getByRole("option").allInnerTexts(), ["System", "Light", "Dark"]);
  await theme.selectOption("Dark");
  assert.equal(await scheme(page), "dark");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement.id), "settings-open");

  // Light frames before the page is drawn would be seen as a flash.
  await page.addInitScript(() => {
    window.frames_ = [];
    const note = () => {
      if (document.body?.checkVisibility?.() && document.querySelector("#chat:not([hidden])")) window.frames_.push(getComputedStyle(document.documentElement).colorScheme);
      if (window.frames_.length < 3) requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
  });
  await page.reload();
  await page.waitForFunction(() => window.frames_.length >= 3);
  assert.deepEqual(await page.evaluate(() => window.frames_), ["dark", "dark", "dark"]);
  assert.equal(await page.evaluate(() => document.querySelector('script[src$="app.js"]').getAttribute("blocking")), "render");
  assert.equal(await page.locator('meta[name="theme-color"]').first().getAttribute("content"), "#14161b");
  await page.getByRole("link", { name: "Statistics" }).click();
  await page.getByRole("heading", { name: "Statistics" }).waitFor();
  assert.equal(await scheme(page), "dark", "the statistics follow it");
  await page.goBack();
  await page.getByRole("button", { name: "Settings" }).click();
  await theme.selectOption("System");
  assert.equal(await scheme(page), "light dark");
});

test("the language is chosen in the settings and stays", async () => {
  const page = await world.enter("Lena", { room: "looks", locale: "en" });
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("combobox", { name: "Language" }).selectOption("Deutsch");
  await page.getByRole("navigation", { name: "Räume" }).waitFor();
  await page.getByRole("button", { name: "Einstellungen" }).click();
  assert.equal(await page.getByRole("combobox", { name: "Sprache" }).inputValue(), "de");
  await page.getByRole("combobox", { name: "Sprache" }).selectOption("العربية");
  await page.waitForFunction(() => document.documentElement.dir === "rtl");
  await page.reload();
  await page.getByRole("navigation", { name: "الغرف" }).waitFor();
});

test("forced colours leave nothing invisible", async () => {
  const page = world.track(await openPage(world.browser, world.url, { forcedColors: "active" }));
  await join(page, "Fiona", "looks");
  const dot = await page.locator("#people .dot").first().evaluate((it) => getComputedStyle(it).forcedColorAdjust);
  assert.equal(dot, "none");
  assert.notEqual(await page.locator("nav li.active").evaluate((it) => getComputedStyle(it).outlineStyle), "none");
});
