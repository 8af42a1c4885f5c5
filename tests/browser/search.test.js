import assert from "node:assert/strict";
import { test } from "node:test";

import { connectBot } from "./bots.js";
import { FREELY, field, log, makeRoom, rows, say, sees, setUp, texts, until } from "./world.js";

const PHONE = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };

const world = setUp({ args: [...FREELY, "--data", "none"] });

const person = world.enter;

/** Fills a room with messages, of which the third contains a needle. */
async function haystack(room, number = 400) {
  const bob = await connectBot(world.url, `Bob of ${room}`, room);
  await bob.say(...Array.from({ length: number }, (_, i) => (i === 2 ? "a needle, of all things" : `straw ${i + 1}`)));
  return bob;
}

async function search(page, words) {
  await page.getByRole("button", { name: "Search messages" }).click();
  const panel = page.getByRole("search");
  await panel.getByRole("searchbox", { name: "Search for" }).fill(words);
  await panel.getByRole("button", { name: "Find" }).click();
  return panel;
}

/** Whether the row is visible. */
function inSight(row) {
  return row.evaluate((it) => {
    const { top, bottom } = it.getBoundingClientRect();
    const list = document.querySelector("#log").getBoundingClientRect();
    return top >= list.top - 1 && bottom <= list.bottom + 1;
  });
}

test("a search result opens its message, and scrolling back leaves no gap", async () => {
  const bob = await haystack("barn");
  const alice = await person("Alice", { room: "barn" });
  await sees(alice, "straw 400");
  const panel = await search(alice, "needle");
  await panel.getByText("1 message found").waitFor();
  assert.equal(await panel.locator("mark").innerText(), "needle");
  await panel.getByRole("list", { name: "Search results" }).getByRole("button").click();
  const needle = rows(alice, "a needle");
  await needle.waitFor();
  assert.ok(await inSight(needle));
  assert.equal(await panel.isVisible(), true, "the other results stay beside it");

  await log(alice).hover();
  const seen = new Set();
  await until(async () => {
    const shown = await texts(alice);
    for (const text of shown) seen.add(text);
    assert.ok(shown.length <= 241, `${shown.length} rows`);
    await alice.mouse.wheel(0, 600);
    return (await log(alice).locator(".row.gap").count()) === 0 && (await rows(alice, "straw 400").count()) === 1;
  }, "the end of the record", async () => (await texts(alice)).join(), 60_000);
  assert.equal(seen.size, 400, "each line has been there");
  const shown = await texts(alice);
  const numbers = shown.map((text) => Number(text.split(" ")[1]));
  assert.deepEqual(numbers, numbers.toSorted((a, b) => a - b));
  await bob.say("and now?");
  await sees(alice, "and now?");
  bob.close();
});

test("on a phone the search closes when a result is opened", async () => {
  const bob = await haystack("loft", 150);
  const alice = await person("Ali", { room: "loft", ...PHONE });
  await sees(alice, "straw 150");
  const panel = await search(alice, "needle");
  await panel.getByText("1 message found").waitFor();
  assert.equal(await alice.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
  await panel.getByRole("list", { name: "Search results" }).getByRole("button").tap();
  await rows(alice, "a needle").waitFor();
  assert.equal(await panel.isVisible(), false);
  assert.ok(await inSight(rows(alice, "a needle")));
  await alice.getByRole("button", { name: /latest|below/ }).tap();
  await sees(alice, "straw 150");
  bob.close();
});

test("arrow keys walk through the results", async () => {
  const bob = await haystack("stable", 20);
  const alice = await person("Arwen", { room: "stable" });
  await sees(alice, "straw 20");
  const panel = await search(alice, "straw");
  await panel.getByText(/messages found/).waitFor();
  await panel.getByRole("searchbox").focus();
  for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"]) await alice.keyboard.press(key);
  assert.match(await alice.evaluate(() => document.activeElement.innerText), /straw 19/);
  await alice.keyboard.press("Enter");
  await until(() => alice.evaluate(() => document.activeElement.matches(".row") && document.activeElement.innerText.includes("straw 19")), "the message to have the focus");
  bob.close();
});

test("filters narrow a search, and a bad date is named", async () => {
  const bob = await connectBot(world.url, "Bob Byte", "pantry");
  await bob.say("tea at https://tea.example", "more tea");
  const alice = await person("Agnes", { room: "pantry" });
  await say(alice, "my tea");
  const panel = await search(alice, 'tea from:"bob byte" has:link');
  await panel.getByText("1 message found").waitFor();
  assert.equal(await panel.locator("mark").first().innerText(), "tea");
  assert.equal(await panel.getByText("Narrow it down with").isVisible(), false);
  await searchAgain(panel, "from:agnes in:pantry");
  await panel.getByText("my tea").waitFor();
  await searchAgain(panel, "tea before:yesterday");
  await panel.getByText("a date such as 2026-11-20 is expected after before:").waitFor();
  assert.ok(await panel.getByText("Narrow it down with").isVisible());
  bob.close();
});

/** Searches again in the open panel. */
async function searchAgain(panel, words) {
  await panel.getByRole("searchbox", { name: "Search for" }).fill(words);
  await panel.getByRole("button", { name: "Find" }).click();
}

test("an empty result is shown, and Escape returns to the conversation", async () => {
  const alice = await person("Abel", { room: "empty" });
  await say(alice, "one word");
  const panel = await search(alice, "another");
  await panel.getByText("0 messages found").waitFor();
  await until(async () => (await alice.locator("#announcer").innerText()).includes("0 messages found"), "it to be read aloud");
  await alice.keyboard.press("Escape");
  assert.equal(await panel.isVisible(), false);
  assert.equal(await alice.evaluate(() => document.activeElement.id), "search-open");
});

test("a search in all rooms opens another room", async () => {
  const bob = await haystack("shed", 120);
  const alice = await person("Ava", { room: "shed" });
  await makeRoom(alice, "house");
  const panel = await search(alice, "needle");
  await panel.getByRole("checkbox", { name: "Only in this room" }).check();
  await panel.getByRole("button", { name: "Find" }).click();
  await panel.getByText("0 messages found").waitFor();
  await panel.getByRole("checkbox", { name: "Only in this room" }).uncheck();
  await panel.getByRole("button", { name: "Find" }).click();
  await panel.getByRole("button", { name: /#shed/ }).click();
  await alice.getByRole("heading", { name: "#shed" }).waitFor();
  await rows(alice, "a needle").waitFor();
  assert.ok(await inSight(rows(alice, "a needle")));
  bob.close();
});

test("a quote opens its message, however old", async () => {
  const bob = await haystack("field", 200);
  await bob.say({ content: "about that needle", reply_to: 3 });
  const alice = await person("Anouk", { room: "field" });
  await sees(alice, "about that needle");
  await rows(alice, "about that needle").getByRole("button", { name: "Original message" }).click();
  const needle = rows(alice, /^(?!.*about).*a needle/s);
  await needle.waitFor();
  assert.ok(await inSight(needle));
  bob.close();
});

test("the page offers to jump to the first unread message", async () => {
  const bob = await haystack("office", 30);
  const alice = await person("Amir", { room: "office" });
  await sees(alice, "straw 30");
  await makeRoom(alice, "canteen");
  await bob.say(...Array.from({ length: 150 }, (_, i) => `news ${i + 1}`));
  await alice.getByRole("link", { name: /office 150 unread/ }).click();
  await sees(alice, "news 150");
  const jump = alice.getByRole("button", { name: /first unread/ });
  await jump.click();
  const mark = log(alice).locator(".row.unread");
  await mark.waitFor();
  assert.ok(await inSight(mark));
  assert.ok(await inSight(rows(alice, /news 1$/)));
  await jump.waitFor({ state: "hidden" });
  await alice.getByRole("button", { name: /latest|below/ }).click();
  await sees(alice, "news 150");
  assert.equal(await jump.isVisible(), false, "it is offered once");
  bob.close();
});

test("a message that mentions the reader is highlighted", async () => {
  const bob = await haystack("call", 3);
  const alice = await person("Asta", { room: "call" });
  await bob.say("hey @Asta", "hey @Astarte");
  await sees(alice, "Astarte");
  const called = rows(alice, /hey/).and(alice.locator(".mentioned"));
  assert.deepEqual(await called.locator(".text").allInnerTexts(), ["hey @Asta"]);
  await field(alice).fill("@Bo");
  await alice.getByRole("option", { name: "@Bob of call" }).waitFor();
  const ann = await person("Ann Lee", { room: "call" });
  await bob.say("well, @ann lee, *you* and @Ann Leeds", "@Ann only");
  await sees(ann, "only");
  assert.deepEqual(await log(ann).locator("mark").allInnerTexts(), ["@ann lee"]);
  assert.equal(await log(ann).locator(".mentioned").count(), 1);
  bob.close();
});
