import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeServer } from "../web/fake-server.js";
import { sample } from "../web/sample-stats.js";
import { connectBot } from "./bots.js";
import { LOOKS, isSound } from "./sound.js";
import { FREELY, enter, openPage, rows, say, sees, setUp, startServer, statusIs } from "./world.js";

const world = setUp({ args: [...FREELY, "--data", "none"] });

for (const [look, options] of LOOKS) {
  test(`axe-core finds nothing in the chat: ${look}`, async () => {
    const bob = await connectBot(world.url, "Bert", `axe ${look}`);
    await bob.say("Hello *all* of `you`", "> quoted\nhttps://example.org", "```js\nlet code = f(\"text\", 1); // why\n```");
    await bob.say({ content: "an answer, @Ann", reply_to: 1 }, "🎉");
    bob.send({ type: "react", id: "r", payload: { mid: 1, emoji: "👍", on: true } });
    bob.send({ type: "set_topic", id: "t", payload: "What axe finds" });
    const page = await openPage(world.browser, world.url, options);
    await isSound(page, "entrance");
    await page.locator("#join-name").fill("Ann");
    await page.locator("#join-room").fill(`axe ${look}`);
    await page.keyboard.press("Enter");
    await page.locator('#chat[data-phase="live"]').waitFor();
    await bob.say("@Ann, here");
    await page.locator(".text", { hasText: "here" }).last().hover();
    await page.locator(".code-keyword").first().waitFor();
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
    await page.keyboard.press("Escape");
    await page.locator(".row.message .body").first().hover();
    await page.locator(".toolbar [aria-haspopup=menu]").click();
    await page.locator(".menu button").first().waitFor();
    await isSound(page, "the menu of a message");
    await page.keyboard.press("Escape");
    await page.locator(".meta > .sender").first().click();
    await page.locator(".person-card").waitFor();
    await isSound(page, "the card of a person");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    bob.send({ type: "direct_message", id: "d", payload: { to: await page.locator("#me .name").textContent(), content: "psst" } });
    await page.locator(".toast").waitFor();
    await isSound(page, "a toast");
    if (await page.locator("#rooms-open").isVisible()) {
      await page.locator("#rooms-open").click();
      await isSound(page, "rooms");
      await page.keyboard.press("Escape");
    }
    await page.context().close();
    bob.close();
  });

  test(`axe-core finds nothing in the account's dialog, in menus and in a search: ${look}`, async () => {
    const room = `kept ${look}`;
    const page = await openPage(world.browser, world.url, options);
    await page.locator("#entrance-register").click();
    await isSound(page, "the dialog at the entrance");
    await page.locator("#account-name").fill("<>");
    await page.locator("#account-password").fill("short");
    await page.keyboard.press("Enter");
    await page.locator("#account-failure:not(:empty)").waitFor();
    await isSound(page, "a refusal");
    await page.keyboard.press("Escape");
    await page.locator("#join-name").fill(`Ann ${look}`);
    await page.locator("#join-room").fill(room);
    await page.keyboard.press("Enter");
    await page.locator('#chat[data-phase="live"]').waitFor();
    const bob = await connectBot(world.url, `Bert ${look}`, room);
    await bob.say("needles in hay", "and more needles");
    await page.locator(".text", { hasText: "more needles" }).waitFor();

    const isDrawer = await page.locator("#rooms-open").isVisible();
    if (isDrawer) await page.locator("#rooms-open").click();
    await page.locator("#new-room-open").click();
    await page.locator(".new-room input").first().fill(room);
    await page.keyboard.press("Enter");
    await page.locator(".new-room [role=alert]:not(:empty)").waitFor();
    await isSound(page, "making a room");
    await page.keyboard.press("Escape");
    await page.locator("#jump-open").focus();
    await page.keyboard.press("?");
    await page.locator(".shortcuts").waitFor();
    await isSound(page, "the keys");
    await page.keyboard.press("Escape");
    for (const dialog of ["jump", "browse"]) {
      await page.locator(`#${dialog}-open`).click();
      await page.locator(`.${dialog} [role=option]`).first().waitFor();
      await isSound(page, dialog);
      await page.locator(`.${dialog} input`).fill("nothing like this");
      await isSound(page, `${dialog} without a result`);
      await page.keyboard.press("Escape");
    }
    await page.locator("#me").click();
    await page.locator(".menu button").first().waitFor();
    await isSound(page, "one's own menu");
    await page.keyboard.press("Escape");
    if (isDrawer) await page.keyboard.press("Escape");

    await page.locator("#room-menu").click();
    await page.locator(".menu button").first().click();
    await page.locator("dialog.question").waitFor();
    await isSound(page, "a question");
    await page.keyboard.press("Escape");
    await page.locator("#room-menu").click();
    await isSound(page, "the room's menu");
    await page.locator(".menu button").nth(2).click();
    await page.locator(".row.notice").first().waitFor();
    await page.locator("#message").fill("locked, but not for me");
    await page.locator("#send").click();
    const own = page.locator(".row.message:not(.waiting)", { hasText: "but not for me" });
    await own.waitFor();
    await page.locator("#message").press("ArrowUp");
    await page.locator(".row.message textarea").waitFor();
    await isSound(page, "the editor of a message");
    await page.keyboard.press("Escape");
    await own.locator(".text").hover();
    await own.locator(".toolbar [aria-haspopup=menu]").click();
    await page.locator(".menu button").nth(4).click();
    await page.locator("#pins-open").click();
    await page.locator("dialog.pins").waitFor();
    await isSound(page, "what is pinned");
    await page.keyboard.press("Escape");
    if (await page.locator("#people-open").isVisible()) await page.locator("#people-open").click();
    await page.locator(".person", { hasText: "Bert" }).click();
    await page.locator(".menu .danger").first().waitFor();
    await isSound(page, "somebody's menu");
    await page.locator(".menu button").first().click();
    await page.locator("#conversations li, #room-name").first().waitFor({ state: "attached" });
    await page.locator("#message").fill("psst");
    await page.locator("#send").click();
    await page.locator(".row.message:not(.waiting)", { hasText: "psst" }).waitFor();
    await isSound(page, "a private conversation");

    if (isDrawer) await page.locator("#rooms-open").click();
    await page.locator("#settings-open").click();
    await isSound(page, "the settings");
    await page.keyboard.press("Escape");
    if (isDrawer) await page.keyboard.press("Escape");
    await page.locator("#search-open").click();
    await isSound(page, "the search");
    await page.locator("#search-field").fill("needles");
    await page.keyboard.press("Enter");
    await page.locator("#results li").nth(1).waitFor();
    await isSound(page, "what was found");
    await page.context().close();
    bob.close();
  });

  test(`axe-core finds nothing offline: ${look}`, async () => {
    // In one language, because the test looks for its texts.
    const own = await startServer();
    const page = await enter(world.browser, own.url, "Ann", { ...options, locale: "en" });
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
    const page = await openPage(world.browser, `${url}/stats`, options);
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
