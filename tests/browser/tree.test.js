import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";

import { connectBot } from "./bots.js";
import { FREELY, enter, field, log, makeRoom, openPage, pressIn, rows, say, sees, setUp, until } from "./world.js";

// The accessibility trees of the main views, as in the files of `trees/`. `TREES=write` writes them.

const world = setUp({ args: [...FREELY, "--data", "none"] });

/** Returns the tree of a view without what changes from run to run. */
async function treeOf(view) {
  // What was read aloud depends on when it came.
  await view.page().evaluate(() => document.querySelector("#announcer").replaceChildren());
  const tree = await view.ariaSnapshot();
  return `${tree.replaceAll("\u202f", " ").replace(/\b\d{1,2}:\d{2}\b(?:\s?[AP]M\b)?/g, "TIME").replace(/\b[A-Z][a-z]{2} \d{1,2}, TIME/g, "DATE").replace(/(#[\w%]+\/\d+)\/\w+/g, "$1/EPOCH")}\n`;
}

async function isAsWritten(view, name) {
  const file = new URL(`trees/${name}.yml`, import.meta.url);
  let tree = await treeOf(view);
  if (process.env.TREES === "write") await writeFile(file, tree);
  const wanted = await readFile(file, "utf8");
  // What is still loading changes it.
  await until(async () => (tree = await treeOf(view)) === wanted, name).catch(() => assert.equal(tree, wanted, name));
}

/** Opens a dialog, compares its tree, and closes it. */
async function dialogIsAsWritten(page, name, file) {
  const dialog = page.getByRole("dialog", { name });
  await dialog.waitFor();
  await isAsWritten(dialog, file);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
}

test("the views of the page have the trees that are written down", async () => {
  const page = world.track(await openPage(world.browser, world.url, { locale: "en-US" }));
  await isAsWritten(page.locator("body"), "entrance");
  await page.getByRole("textbox", { name: "Your name" }).fill("Ann");
  await page.getByRole("textbox", { name: "Room" }).fill("trees");
  await page.keyboard.press("Enter");
  await page.locator('#chat[data-phase="live"]').waitFor();
  const bob = await connectBot(world.url, "Bert", "trees");
  await bob.say("Hello **all** of `you`, @Ann", "> quoted\n- one\n- two\n\n```\ncode\n```");
  await sees(page, "quoted");
  const mid = Number((await rows(page, "Hello all").getByRole("link").getAttribute("href")).split("/")[1]);
  await bob.say({ content: "an answer", reply_to: mid });
  bob.send({ type: "react", id: "r", payload: { mid, emoji: "👍", on: true } });
  await log(page).getByRole("button", { name: "👍, 1 reaction" }).waitFor();
  await sees(page, "an answer");
  await makeRoom(page, "second", { isPrivate: true });
  await page.getByRole("link", { name: "trees" }).click();
  await rows(page, "an answer").waitFor();
  await field(page).hover();
  await isAsWritten(page.locator("body"), "chat");

  await rows(page, "an answer").hover();
  await rows(page, "an answer").getByRole("button", { name: "More actions" }).click();
  await isAsWritten(page.getByRole("menu"), "menu-of-message");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Room actions" }).click();
  await isAsWritten(page.getByRole("menu"), "menu-of-room");
  await page.keyboard.press("Escape");
  await page.locator("#me").click();
  await isAsWritten(page.getByRole("menu"), "menu-of-reader");
  await page.keyboard.press("Escape");
  await page.getByRole("list", { name: "People" }).getByRole("button", { name: "Bert" }).click();
  await isAsWritten(page.getByRole("menu"), "menu-of-person");
  await page.keyboard.press("Escape");

  await rows(page, "an answer").getByRole("button", { name: "Bert" }).first().click();
  await dialogIsAsWritten(page, "Bert", "card");
  await page.keyboard.press("Control+k");
  await dialogIsAsWritten(page, "Jump to", "jump-to");
  await page.getByRole("button", { name: "Browse rooms" }).click();
  await page.getByRole("dialog").getByRole("option", { name: /second/ }).waitFor();
  await dialogIsAsWritten(page, "Browse rooms", "browse-rooms");
  await page.getByRole("button", { name: "New room" }).click();
  await dialogIsAsWritten(page, "New room", "new-room");
  await page.getByRole("button", { name: "Settings" }).click();
  await dialogIsAsWritten(page, "Settings", "settings");
  await pressIn(page, page.getByRole("button", { name: "Room actions" }), "Set topic");
  await dialogIsAsWritten(page, "Topic of #trees", "topic");
  await page.locator("#jump-open").focus();
  await page.keyboard.press("?");
  await dialogIsAsWritten(page, "Keyboard shortcuts", "keyboard-shortcuts");

  await page.getByRole("button", { name: "Search messages" }).click();
  await page.getByRole("searchbox", { name: "Search for" }).fill("answer");
  await page.keyboard.press("Enter");
  await page.getByRole("list", { name: "Search results" }).getByRole("button").first().waitFor();
  await isAsWritten(page.getByRole("search"), "search");
  bob.close();
});

test("what tools look for has its name", async () => {
  const page = world.track(await openPage(world.browser, world.url, { locale: "en-US" }));
  await page.getByRole("textbox", { name: "Your name" }).fill("Tool");
  await page.getByRole("button", { name: "Join" }).click();
  await page.getByRole("textbox", { name: "Message", exact: true }).fill("mine");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("log", { name: "Messages" }).getByText("mine").waitFor();
  await page.getByRole("list", { name: "People" }).getByText("Tool").waitFor();
  await page.getByRole("navigation", { name: "Rooms" }).getByRole("link", { name: "lobby" }).waitFor();
  await sees(page, "mine");
  assert.match(await rows(page, "mine").getByRole("link").getAttribute("href"), /^#lobby\/\d+$/);
  await rows(page, "mine").hover();
  await rows(page, "mine").getByRole("button", { name: "More actions" }).click();
  // The lobby is nobody's, so that nobody pins there.
  assert.deepEqual(await page.getByRole("menu").getByRole("menuitem").allInnerTexts(), ["Reply", "Copy text", "Copy link", "Mark unread from here", "Edit", "Delete"]);
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await page.getByRole("textbox", { name: "Edit message" }).waitFor();
  await page.getByRole("button", { name: "Save" }).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await rows(page, "mine").hover();
  await pressIn(page, rows(page, "mine").getByRole("button", { name: "More actions" }), "Delete");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Settings" }).click();
  const settings = page.getByRole("dialog", { name: "Settings" });
  await settings.waitFor();
  assert.deepEqual(await settings.getByRole("combobox", { name: "Theme" }).getByRole("option").allInnerTexts(), ["System", "Light", "Dark"]);
  await settings.getByRole("combobox", { name: "Language" }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog", { name: "Jump to" }).getByRole("option").first().waitFor();
  await page.keyboard.press("Escape");
  for (const name of ["Browse rooms", "New room"]) {
    await page.getByRole("button", { name }).click();
    await page.getByRole("dialog", { name }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog", { name }).waitFor({ state: "detached" });
  }
  await page.locator("#jump-open").focus();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
});

test("the tree of a phone has the drawers", async () => {
  const page = world.track(await enter(world.browser, world.url, "Pip", { room: "phone", locale: "en-US", viewport: { width: 390, height: 700 }, hasTouch: true, isMobile: true }));
  await say(page, "hold me");
  await sees(page, "hold me");
  await isAsWritten(page.locator("body"), "phone");
  await page.getByRole("button", { name: "Show rooms" }).tap();
  await isAsWritten(page.locator("#rooms-side"), "phone-rooms");
});
