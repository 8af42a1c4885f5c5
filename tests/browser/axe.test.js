import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { FakeServer } from "../web/fake.js";
import { sample } from "../web/sample.js";
import { someone } from "./crowd.js";
import { FREELY, enter, openPage, rows, say, sees, startBrowser, startServer, statusIs } from "./world.js";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const LOOKS = [
  ["light", {}],
  ["dark", { colorScheme: "dark" }],
  ["phone", { viewport: { width: 360, height: 700 }, hasTouch: true, isMobile: true }],
  ["dark phone", { viewport: { width: 320, height: 600 }, colorScheme: "dark" }],
  ["Arabic", { locale: "ar" }],
];

let browser;
let server;

before(async () => {
  browser = await startBrowser();
  server = await startServer({ args: [...FREELY, "--data", "none"] });
});

after(async () => {
  await browser?.close();
  await server?.kill();
});

/** Fails with what axe-core finds wrong with the page as it is now. */
async function isSound(page, what) {
  // The policy of the page keeps scripts out; axe comes in by the debugger's door.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`);
  assert.deepEqual(found, [], what);
}

for (const [look, options] of LOOKS) {
  test(`axe-core finds nothing in the chat: ${look}`, async () => {
    const bob = await someone(server.url, "Bert", `axe ${look}`);
    await bob.say("Hello *all* of `you`", "> quoted\nhttps://example.org", "```\ncode\n```");
    await bob.say({ content: "an answer, @Ann", reply_to: 1 }, "🎉");
    bob.send({ type: "react", id: "r", payload: { mid: 1, emoji: "👍", on: true } });
    bob.send({ type: "set_topic", id: "t", payload: "What axe finds" });
    const page = await openPage(browser, server.url, options);
    await isSound(page, "entrance");
    await page.locator("#join-name").fill("Ann");
    await page.locator("#join-room").fill(`axe ${look}`);
    await page.keyboard.press("Enter");
    await page.locator('#chat[data-phase="live"]').waitFor();
    await bob.say("@Ann, here");
    await page.locator(".text", { hasText: "here" }).last().hover();
    await isSound(page, "chat");
    await page.locator("#message").fill("/");
    await page.locator("#suggestions li").first().waitFor();
    await isSound(page, "suggestions");
    await page.keyboard.press("Escape");
    await page.locator("#message").fill("");
    await page.locator("#message").press("ArrowUp");
    await page.locator(".toolbar button").first().click();
    await page.locator(".picker").waitFor();
    await isSound(page, "picker");
    if (await page.locator("#rooms-open").isVisible()) {
      await page.locator("#rooms-open").click();
      await isSound(page, "rooms");
      await page.keyboard.press("Escape");
    }
    await page.context().close();
    bob.close();
  });

  test(`axe-core finds nothing offline: ${look}`, async () => {
    // In one language, for its words are looked for.
    const own = await startServer();
    const page = await enter(browser, own.url, "Ann", { ...options, locale: "en" });
    await say(page, "before");
    await sees(page, "before");
    await own.kill();
    await statusIs(page, "Offline");
    await say(page, "unsent");
    await rows(page, "unsent").and(page.locator(".waiting")).waitFor();
    await page.locator("#now").waitFor();
    await isSound(page, "offline");
    await page.context().close();
  });

  test(`axe-core finds nothing in the statistics: ${look}`, async () => {
    const told = new FakeServer();
    told.stats = ({ minutes }) => sample({ minutes });
    const url = await told.listen();
    const page = await openPage(browser, `${url}/stats`, options);
    await page.locator("#rooms tbody tr").nth(4).waitFor();
    await isSound(page, "statistics");
    for (const summary of await page.locator("summary").all()) await summary.click();
    await page.locator("#days tbody tr").nth(29).waitFor();
    await isSound(page, "tables");
    await told.close();
    await page.locator('#status[data-phase="offline"]').waitFor();
    await isSound(page, "statistics offline");
    await page.context().close();
  });
}
