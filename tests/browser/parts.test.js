import assert from "node:assert/strict";
import { test } from "node:test";

import { FREELY, connected, field, join, log, openPage, setUp, until } from "./world.js";

const world = setUp({ args: [...FREELY, "--data", "none"] });

/** Opens an empty page that notes what the server is asked for. */
async function noting(options) {
  const page = world.track(await openPage(world.browser, "about:blank", options));
  page.asked = [];
  page.on("request", (request) => page.asked.push(new URL(request.url()).pathname.replace(/^\/v\/\w+\//, "")));
  return page;
}

/** Returns the parts that were loaded beside the bundle, in order. */
function parts(page) {
  return page.asked.filter((path) => /^(view|strings|app|text)\//.test(path));
}

test("a reader of another language gets its texts in one request, and sees no English before", async () => {
  const page = await noting({ locale: "ar" });
  await page.addInitScript(() => {
    window.seen = new Set();
    const look = () => {
      const shown = document.querySelector("#entrance:not([hidden]) [data-t=join]");
      if (shown) window.seen.add(shown.textContent);
      requestAnimationFrame(look);
    };
    look();
  });
  await page.goto(world.url);
  await page.getByRole("button", { name: "انضمام" }).waitFor();
  await until(() => page.evaluate(() => window.seen.size > 0), "a frame");
  assert.deepEqual(await page.evaluate(() => [...window.seen]), ["انضمام"]);
  assert.deepEqual(parts(page), ["strings/ar.js"]);
});

test("without the texts of their language the reader sees English", async () => {
  const page = await noting({ locale: "de" });
  await page.route("**/strings/de.js", (route) => route.abort());
  await page.goto(world.url);
  await page.getByRole("button", { name: "Join" }).waitFor();
});

test("parts of the page are loaded when they are first needed", async () => {
  const page = await noting({ locale: "en" });
  await page.goto(world.url);
  await join(page, "Pat");
  await field(page).fill("one message needs nothing more");
  await page.keyboard.press("Enter");
  assert.deepEqual(parts(page), []);
  for (let time = 1; time <= 2; time += 1) {
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByRole("dialog", { name: "Settings" }).waitFor();
    await page.keyboard.press("Escape");
  }
  assert.deepEqual(parts(page), ["view/settings.js"]);
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog", { name: "Jump to" }).waitFor();
  assert.deepEqual(parts(page), ["view/settings.js", "view/jump.js"]);
});

test("the reader is told when a part cannot be loaded", async () => {
  const page = await noting({ locale: "en", serviceWorkers: "block" });
  await page.goto(world.url);
  await join(page, "Pat");
  await page.route("**/view/*.js", (route) => route.fulfill({ status: 404 }));
  for (const button of ["Settings", "New room", "Browse rooms", "Emoji"]) {
    await page.getByRole("button", { name: button, exact: true }).click();
    await until(async () => (await log(page).getByText("could not be loaded").count()) > 0, button);
    await page.reload();
    await connected(page);
  }
});

test("a part that is asked for twice while it loads opens once", async () => {
  const page = await noting({ locale: "en", serviceWorkers: "block" });
  await page.goto(world.url);
  await join(page, "Pia");
  let go;
  await page.route("**/view/settings.js", (route) => (go = () => route.continue()));
  for (let time = 1; time <= 2; time += 1) await page.getByRole("button", { name: "Settings" }).click();
  await until(() => go, "the part to be asked for");
  await go();
  const dialogs = page.getByRole("dialog", { name: "Settings" });
  await dialogs.first().waitFor();
  assert.equal(await dialogs.count(), 1);
  await page.keyboard.press("Escape");
  await dialogs.waitFor({ state: "detached" });
});

test("what was loaded later is there without the network", async () => {
  const page = await noting({ locale: "ar" });
  await page.goto(world.url);
  await page.locator("#join-name").fill("Omar");
  await page.keyboard.press("Enter");
  await page.locator('#chat[data-phase="live"]').waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === "activated");
  await page.locator("#settings-open").click();
  await page.locator("dialog.settings").waitFor();
  await page.context().setOffline(true);
  await page.reload();
  await page.getByRole("button", { name: "إرسال" }).waitFor();
  await page.locator("#settings-open").click();
  await page.locator("dialog.settings").waitFor();
  await page.context().setOffline(false);
});
