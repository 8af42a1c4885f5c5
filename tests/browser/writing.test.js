import assert from "node:assert/strict";
import { test } from "node:test";

import { FREELY, field, log, rows, say, sees, setUp, until } from "./world.js";

const world = setUp({ args: [...FREELY, "--data", "none"] });

const PHONE = { viewport: { width: 390, height: 700 }, hasTouch: true, isMobile: true };

test("the emoji picker finds, remembers and inserts, and its data comes when it is first needed", async () => {
  const asked = [];
  const page = await world.enter("Emma", { room: "emoji" });
  page.on("request", (request) => /emoji\.json/.test(request.url()) && asked.push(request.url()));
  await say(page, "no emoji yet");
  await sees(page, "no emoji yet");
  assert.deepEqual(asked, []);
  await field(page).fill("ab");
  await field(page).press("ArrowLeft");
  await page.getByRole("button", { name: "Emoji", exact: true }).click();
  const picker = page.getByRole("dialog", { name: "Emoji" });
  await picker.getByRole("button", { name: "Food and drink" }).click();
  await picker.getByRole("button", { name: "🥑 avocado" }).waitFor();
  await picker.getByRole("searchbox", { name: "Search emoji" }).fill("octop");
  await picker.getByRole("button", { name: "🐙 octopus" }).click();
  await picker.waitFor({ state: "detached" });
  assert.equal(await field(page).inputValue(), "a🐙b");
  assert.equal(asked.length, 1);
  await field(page).fill("");
  // The same picker, with what was picked last, serves reactions.
  await rows(page, "no emoji yet").hover();
  await page.getByRole("button", { name: "Add reaction" }).click();
  assert.match(await picker.getByRole("group", { name: "Recently used" }).getByRole("button").first().innerText(), /🐙/);
  await picker.getByRole("button", { name: "🐙" }).click();
  await page.getByRole("button", { name: "🐙, 1 reaction" }).waitFor();
  await page.getByRole("button", { name: "Add another reaction" }).click();
  await picker.getByRole("button", { name: "🔥" }).click();
  await page.getByRole("button", { name: "🔥, 1 reaction" }).waitFor();
});

test("the emoji picker works with the keyboard, and returns the focus", async () => {
  const page = await world.enter("Kim", { room: "emoji" });
  await page.getByRole("button", { name: "Emoji", exact: true }).focus();
  await page.keyboard.press("Enter");
  const focused = () => page.evaluate(() => document.activeElement.textContent || document.activeElement.getAttribute("aria-label"));
  await until(async () => (await focused()) === "👍", "the picker to have the focus");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  assert.equal(await focused(), "✅");
  await page.keyboard.type("rocket");
  assert.equal(await focused(), "Search emoji");
  await page.getByRole("dialog").getByRole("button", { name: "🚀" }).waitFor();
  await page.keyboard.press("Enter");
  assert.equal(await field(page).inputValue(), "🚀");
  await page.keyboard.press("Shift+Tab");
  await page.getByRole("button", { name: "Emoji", exact: true }).click();
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement.id), "message");
  assert.equal(await page.getByRole("dialog").count(), 0);
});

test("a short name in a message becomes its emoji, and typing one offers it", async () => {
  const page = await world.enter("Nora", { room: "names" });
  await field(page).pressSequentially("well :avoc");
  await page.getByRole("option", { name: ":avocado:" }).waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await field(page).inputValue(), "well 🥑 ");
  // A completion can be undone like typing.
  await page.keyboard.press("Control+z");
  assert.equal(await field(page).inputValue(), "well :avoc");
  await field(page).fill("");
  await say(page, "so :rocket: and :nosuchname:");
  await sees(page, "so 🚀 and :nosuchname:");
});

test("Ctrl+B, Ctrl+I and Ctrl+K format what is selected", async () => {
  const page = await world.enter("Bea", { room: "keys" });
  const box = field(page);
  const select = (from, to) => box.evaluate((it, [a, b]) => it.setSelectionRange(a, b), [from, to]);
  await box.fill("make it bold");
  await select(8, 12);
  await page.keyboard.press("Control+b");
  assert.equal(await box.inputValue(), "make it **bold**");
  await page.keyboard.press("Control+i");
  assert.equal(await box.inputValue(), "make it ***bold***");
  await page.keyboard.press("Control+i");
  await page.keyboard.press("Control+b");
  assert.equal(await box.inputValue(), "make it bold");
  await page.keyboard.press("Control+k");
  assert.equal(await box.inputValue(), "make it [bold]()");
  await page.keyboard.type("https://example.org/");
  assert.equal(await box.inputValue(), "make it [bold](https://example.org/)");
  await box.fill("");
  await page.keyboard.press("Control+b");
  await page.keyboard.type("x");
  assert.equal(await box.inputValue(), "**x**");
  // Without a selection, Ctrl+K is for jumping.
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog", { name: "Jump to" }).waitFor();
});

test("code whose language is named is coloured, loaded when it is first needed, and easy to read", async () => {
  const asked = [];
  const page = await world.enter("Hugo", { room: "colours" });
  page.on("request", (request) => /highlight/.test(request.url()) && asked.push(request.url()));
  await say(page, "```\nlet plain = 1;\n```");
  await sees(page, "plain");
  assert.deepEqual(asked, []);
  const code = '// why\nconst name = call("text", 1);';
  await say(page, `\`\`\`js\n${code}\n\`\`\``);
  await rows(page, "why").locator(".code-keyword").waitFor();
  assert.equal(await rows(page, "why").locator("pre").innerText(), code);
  await say(page, "```brainfuck\n+++ why not\n```");
  await sees(page, "why not");
  assert.equal(await rows(page, "why not").locator("pre span").count(), 0);
  assert.equal(asked.length, 1);
  for (const theme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: theme });
    const low = await page.evaluate(() => {
      const canvas = document.createElement("canvas").getContext("2d");
      const luminance = (colour) => {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((it) => (it / 255 <= 0.03928 ? it / 255 / 12.92 : ((it / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const colours = [...document.querySelectorAll("pre span")].map((span) => {
        const [a, b] = [getComputedStyle(span).color, getComputedStyle(span.closest("pre")).backgroundColor].map(luminance);
        return [span.className, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
      });
      return { number: new Set(colours.map(([name]) => name)).size, low: colours.filter(([, contrast]) => contrast < 4.5) };
    });
    assert.deepEqual(low, { number: 5, low: [] }, theme);
  }
});

test("a block of code is copied by its button, and its text has no more than the code", async () => {
  const page = await world.enter("Cody", { room: "code" });
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await say(page, "```js\nlet x = 1;\nlet y;\n```");
  await sees(page, "let x = 1;");
  assert.equal(await log(page).locator(".text").last().innerText(), "let x = 1;\nlet y;");
  await rows(page, "let x").getByRole("button", { name: "Copy", exact: true }).click();
  await until(async () => (await page.evaluate(() => navigator.clipboard.readText())) === "let x = 1;\nlet y;", "the copy");
});

test("on a phone Enter makes a line, and opening a room opens no keyboard", async () => {
  const page = await world.enter("Pam", { room: "touch", ...PHONE });
  assert.notEqual(await page.evaluate(() => document.activeElement.id), "message");
  await field(page).tap();
  await page.keyboard.type("one");
  await page.keyboard.press("Enter");
  await page.keyboard.type("two");
  assert.equal(await field(page).inputValue(), "one\ntwo");
  await page.getByRole("button", { name: "Send" }).tap();
  await sees(page, "two");
  assert.equal(await field(page).inputValue(), "");
});
