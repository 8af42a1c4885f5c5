import assert from "node:assert/strict";
import { test } from "node:test";

import { connectBot } from "./bots.js";
import { FREELY, field, jumpTo, makeRoom, newTab, say, sees, setUp, until } from "./world.js";

// The ways to rooms, people and commands.

// One makes a dozen rooms as quickly as the page can.
const UNLIMITED = [...FREELY, "--query-rate-limit", "off", "--http-query-rate-limit", "off"];
const world = setUp({ args: [...UNLIMITED, "--data", "none"] });

const person = world.enter;

function heading(page, room) {
  return page.getByRole("heading", { name: `#${room}`, exact: true }).waitFor();
}

/** Opens the dialog *Jump to* and types. */
async function jump(page, words) {
  await page.keyboard.press("Control+k");
  const dialog = page.getByRole("dialog", { name: "Jump to" });
  await dialog.getByRole("combobox").fill(words);
  return dialog;
}

/** Waits until the options of a dialog begin with these. */
async function offers(dialog, expected) {
  const names = () => dialog.getByRole("option").locator(".name").allInnerTexts();
  await until(async () => (await names()).slice(0, expected.length).join() === expected.join(), expected.join(), async () => (await names()).join());
}

test("Ctrl+K leads to rooms, people and commands by a few letters, recent rooms first", async () => {
  await person("José Ångström", { room: "platform" });
  const alice = await person("Alva", { room: "platform" });
  await makeRoom(alice, "general");
  await makeRoom(alice, "garden");
  await jumpTo(alice, "platform");

  const dialog = await jump(alice, "");
  await offers(dialog, ["garden", "general", "platform"]);
  await dialog.getByRole("combobox").fill("gnrl");
  await offers(dialog, ["general"]);
  await alice.keyboard.press("Enter");
  await heading(alice, "general");
  assert.equal(await alice.evaluate(() => document.activeElement.id), "message");

  await jump(alice, "angst");
  await offers(dialog, ["José Ångström"]);
  await alice.keyboard.press("Enter");
  await alice.getByRole("heading", { name: "@José Ångström" }).waitFor();

  await jump(alice, "/top");
  await offers(dialog, ["/topic"]);
  await alice.keyboard.press("Enter");
  assert.equal(await field(alice).inputValue(), "/topic ");

  await field(alice).fill("a draft");
  await alice.keyboard.press("Control+k");
  await alice.keyboard.press("Escape");
  assert.equal(await alice.evaluate(() => document.activeElement.value), "a draft", "the focus is back");
});

test("Jump to and Browse rooms find rooms that one has not joined", async () => {
  const bob = await connectBot(world.url, "Bob the gardener", "orchard");
  bob.send({ type: "set_topic", id: "t", payload: "Apples and pears" });
  const alice = await person("Asa", { room: "elsewhere" });
  const dialog = await jump(alice, "orch");
  await offers(dialog, ["orchard"]);
  await alice.keyboard.press("Enter");
  await heading(alice, "orchard");
  await say(alice, "/leave");
  await heading(alice, "elsewhere");

  await alice.getByRole("button", { name: "Browse rooms" }).click();
  const rooms = alice.getByRole("dialog", { name: "Browse rooms" });
  await rooms.getByRole("combobox").fill("pears");
  await rooms.getByRole("option", { name: /orchard.*1 person.*Apples and pears/ }).click();
  await heading(alice, "orchard");
  bob.close();
});

test("a mistyped room is not made, but asked about", async () => {
  const bob = await connectBot(world.url, "Bob of typos", "watercolour");
  const alice = await person("Ada", { room: "typing" });
  await say(alice, "/join watercoluor");
  const dialog = alice.getByRole("dialog", { name: "New room" });
  await dialog.getByText('No room "watercoluor". Did you mean "watercolour"?').waitFor();
  await dialog.getByRole("button", { name: "Create it" }).waitFor();
  await alice.keyboard.press("Enter");
  await heading(alice, "watercolour");

  const found = await jump(alice, "watercoluor");
  await found.getByText('No room "watercoluor". Did you mean "watercolour"?').waitFor();
  await alice.keyboard.press("Escape");
  await alice.evaluate(() => (location.hash = "#nowhere-at-all"));
  await dialog.getByText('No room "nowhere-at-all".').waitFor();
  await dialog.getByRole("button", { name: "Create it" }).click();
  await heading(alice, "nowhere-at-all");

  await alice.getByRole("button", { name: "New room" }).click();
  await dialog.getByRole("textbox", { name: "Name" }).fill("WaterColour");
  await alice.keyboard.press("Enter");
  await dialog.getByText('There is already a room "watercolour".').waitFor();
  await dialog.getByRole("button", { name: "Open watercolour" }).click();
  await heading(alice, "watercolour");
  bob.close();
});

test("Alt with arrows goes through the rooms, with Shift through unread ones", async () => {
  const alice = await person("Alt", { room: "one" });
  await makeRoom(alice, "two");
  await makeRoom(alice, "three");
  await field(alice).fill("in three");
  await alice.keyboard.press("Alt+ArrowDown");
  await heading(alice, "one");
  await alice.keyboard.press("Alt+ArrowUp");
  await heading(alice, "three");
  assert.equal(await field(alice).inputValue(), "in three");
  const bob = await connectBot(world.url, "Bob of one", "one");
  await bob.say("news");
  await alice.getByRole("link", { name: "one 1 unread message" }).waitFor();
  await alice.keyboard.press("Alt+Shift+ArrowUp");
  await heading(alice, "one");
  bob.close();
});

test("? and /help show keys and commands", async () => {
  const alice = await person("Hel", { room: "help" });
  const dialog = alice.getByRole("dialog", { name: "Keyboard shortcuts" });
  await field(alice).fill("/help");
  await alice.keyboard.press("Enter");
  await dialog.getByText("Previous and next unread room").waitFor();
  await dialog.getByText("/kick USER [WHY]").waitFor();
  await alice.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await alice.keyboard.type("why?");
  assert.equal(await field(alice).inputValue(), "why?", "in the field it is a character");
  await alice.getByRole("button", { name: "Browse rooms" }).focus();
  await alice.keyboard.press("?");
  await dialog.waitFor();
  await alice.keyboard.press("Escape");
  assert.equal(await alice.evaluate(() => document.activeElement.id), "browse-open");
});

test("names are completed by any word and without accents, rooms too", async () => {
  await person("Zoë Marlowe", { room: "complete" });
  const alice = await person("Cora", { room: "complete" });
  await alice.getByRole("list", { name: "People" }).getByText("Zoë Marlowe").waitFor();
  await field(alice).fill("hi @marl");
  await alice.getByRole("option", { name: "@Zoë Marlowe" }).click();
  assert.equal(await field(alice).inputValue(), "hi @Zoë Marlowe ");
  await field(alice).pressSequentially("in #compl");
  await alice.getByRole("option", { name: "#complete" }).click();
  assert.equal(await field(alice).inputValue(), "hi @Zoë Marlowe in #complete ");
});

test("a name that is changed in one tab is changed in the other", async () => {
  const first = await person("Tabby", { room: "naming" });
  const second = world.track(await newTab(first.context(), `${world.url}/#naming`));
  await second.getByRole("heading", { name: "#naming", exact: true }).waitFor();
  await say(first, "/name Tabitha");
  await second.getByRole("button", { name: /^Tabitha/ }).first().waitFor();
  await until(async () => /Tabitha/.test(await second.locator("#me").innerText()), "the name at the foot");
  await second.reload();
  await until(async () => /Tabitha/.test(await second.locator("#me").innerText()), "the name after a reload");
});

test("the focus goes to the input box when what had it is gone", async () => {
  const alice = await person("Foc", { room: "stay" });
  await makeRoom(alice, "go away");
  await alice.getByRole("button", { name: "Leave go away" }).focus();
  await alice.keyboard.press("Enter");
  await heading(alice, "stay");
  await until(() => alice.evaluate(() => document.activeElement.id === "message"), "the focus", () => alice.evaluate(() => document.activeElement.outerHTML.slice(0, 100)));
});

test("unread rooms rise where the list is too long to see", async () => {
  const alice = await person("Rita", { room: "r01", viewport: { width: 1000, height: 420 } });
  for (let number = 2; number <= 12; number += 1) await makeRoom(alice, `r${String(number).padStart(2, "0")}`);
  await field(alice).click();
  const bob = await connectBot(world.url, "Bob of the last", "r11");
  await bob.say("news");
  const first = alice.locator("#rooms a").first();
  await until(async () => /r11/.test(await first.innerText()), "r11 to rise", () => alice.locator("#rooms").innerText());
  bob.close();
});

test("Back leads to the room before, and Ctrl with a press opens a tab", async () => {
  const alice = await person("Bea", { room: "first" });
  await makeRoom(alice, "second");
  await makeRoom(alice, "third");
  await alice.goBack();
  await heading(alice, "second");
  await alice.goBack();
  await heading(alice, "first");
  await alice.goForward();
  await heading(alice, "second");
  await say(alice, "/leave second");
  await until(async () => (await alice.getByRole("link", { name: "second", exact: true }).count()) === 0, "leaving");
  const tab = alice.context().waitForEvent("page");
  await alice.getByRole("link", { name: "third", exact: true }).click({ modifiers: ["Control"] });
  const other = await tab;
  await heading(other, "third");
  await sees(alice, "nothing", 0);
});
