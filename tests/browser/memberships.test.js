import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { connectBot } from "./bots.js";
import { FREELY, connected, field, jumpTo, log, makeRoom, openPage, pressIn, pressOn, pressOnMessage, say, sees, setUp, startServer, until } from "./world.js";

// What an account belongs to, on whatever device.

const world = setUp();
const PASSWORD = "correct horse battery";
let server;
let data;

before(async () => {
  data = await mkdtemp(join(tmpdir(), "chinwag-"));
  server = await startServer({ args: [...FREELY, "--data", data] });
  world.url = server.url;
  await goneMember("Gwen", "lounge");
});
after(async () => {
  await server?.kill();
  await rm(data, { recursive: true, force: true });
});

/** Makes an account that joins a room and goes. It is told some seconds later that it has gone. */
async function goneMember(name, room) {
  const body = JSON.stringify({ name, password: PASSWORD });
  const answer = await fetch(`${server.url}/api/register`, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { token } = await answer.json();
  const bot = await connectBot(server.url, name, room, { token });
  // A room without a record ends with the last who leaves it.
  await bot.say("I was here");
  bot.close();
}

/** Opens the page as an account, which is made if `kind` is "Register". */
async function account(name, kind = "Register", options = {}) {
  const page = world.track(await openPage(world.browser, `${world.url}/`, options));
  await page.getByRole("button", { name: kind }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill(name);
  await dialog.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await connected(page);
  return page;
}

function rooms(page) {
  return page.getByRole("navigation", { name: "Rooms" });
}

function names(page) {
  return page.locator("#rooms .name").allInnerTexts();
}

test("an invitation waits in the list until it is answered", async () => {
  const owner = await account("Olga");
  const friend = await account("Fred");
  await friend.context().close();
  world.pages.splice(world.pages.indexOf(friend), 1);
  await makeRoom(owner, "cellar", { isPrivate: true });
  await say(owner, "between us");
  await sees(owner, "between us");
  await makeRoom(owner, "attic", { isPrivate: true });
  for (const room of ["cellar", "attic"]) {
    await jumpTo(owner, room);
    await say(owner, "/invite Fred");
    await log(owner).getByText("Olga invited Fred.").waitFor();
  }

  const back = await account("Fred", "Log in");
  const invitations = rooms(back).getByRole("list", { name: "Invitations" });
  await invitations.getByText("Olga invites you to cellar").waitFor();
  await invitations.getByText("Olga invites you to attic").waitFor();
  const second = await account("Fred", "Log in");
  await rooms(second).getByText("Olga invites you to cellar").waitFor();
  await invitations.getByRole("listitem").filter({ hasText: "attic" }).getByRole("button", { name: "Decline" }).click();
  await invitations.getByText("attic").waitFor({ state: "detached" });
  await invitations.getByRole("button", { name: "Accept" }).click();
  await back.getByRole("heading", { name: "#cellar" }).waitFor();
  await sees(back, "between us");
  await rooms(second).getByText("invites you").first().waitFor({ state: "detached" });
  await rooms(second).getByRole("link", { name: "cellar" }).click();
  await sees(second, "between us");
});

test("the rooms of an account are the same on every device, and stay after leaving", async () => {
  const first = await account("Mia");
  await makeRoom(first, "garden");
  await say(first, "roses");
  await sees(first, "roses");
  await makeRoom(first, "garage");
  const second = await account("Mia", "Log in", { viewport: { width: 1000, height: 700 } });
  await until(async () => (await names(second)).join() === (await names(first)).join(), "the same rooms", async () => (await names(second)).join());
  await makeRoom(second, "kitchen");
  await rooms(first).getByRole("link", { name: "kitchen" }).waitFor();
  await rooms(first).getByRole("link", { name: "garden" }).click();
  await sees(first, "roses");
  await rooms(second).getByRole("link", { name: "garden" }).click();
  await sees(second, "roses");
  await say(second, "/leave garden");
  await rooms(first).getByRole("link", { name: "garden" }).waitFor({ state: "detached" });
  await first.reload();
  await connected(first);
  await rooms(first).getByRole("link", { name: "kitchen" }).waitFor();
  assert.equal(await rooms(first).getByRole("link", { name: "garden" }).count(), 0);
});

test("a room tells of everything, of mentions or of nothing", async () => {
  const page = await account("Nora");
  const bob = await connectBot(world.url, "Bob of noise", "noise");
  await jumpTo(page, "noise");
  await makeRoom(page, "quiet place");
  const menu = page.getByRole("button", { name: "Room actions" });
  await jumpTo(page, "noise");
  await menu.click();
  assert.equal(await page.getByRole("menuitemradio", { name: "everything" }).getAttribute("aria-checked"), "true");
  await page.getByRole("menuitemradio", { name: "nothing" }).click();
  await until(async () => (await page.locator("#rooms li.silent").innerText()) === "#\nnoise", "the room to be silent", () => page.locator("#rooms").innerHTML());
  await jumpTo(page, "quiet place");
  await bob.say("bla");
  await rooms(page).getByRole("link", { name: "noise 1 unread message" }).waitFor();
  assert.equal(await page.title(), "quiet place – chinwag");
  const other = await account("Nora", "Log in");
  await other.locator("#rooms li.silent").waitFor();

  // So do the toasts and what is read aloud. The second device keeps its room open.
  const toasts = page.locator(".toast");
  await jumpTo(page, "noise");
  await sees(page, "bla");
  assert.equal(await toasts.count(), 0);
  for (const [level, heard] of [["mentions", ["@Nora?"]], ["everything", ["so so", "@Nora?"]]]) {
    await pressIn(page, menu, level, "menuitemradio");
    await jumpTo(page, "quiet place");
    for (const said of ["so so", "@Nora?"]) {
      await bob.say(`${level}: ${said}`);
      if (heard.includes(said)) await toasts.getByText(`${level}: ${said}`).waitFor();
    }
    const spoken = await page.locator("#announcer p").allInnerTexts();
    const elsewhere = spoken.filter((it) => it.startsWith("Bob of noise – #noise: ") && it.includes(level)).map((it) => it.replace(/^.*?: .*?: /, ""));
    assert.deepEqual(elsewhere, heard, level);
    await jumpTo(page, "noise");
    assert.equal(await toasts.count(), 0);
  }
  bob.close();
});

test("rooms are put into an order by hand, dragged or with keys, on every device", async () => {
  const page = await account("Otto");
  for (const room of ["one", "two", "three"]) await makeRoom(page, `${room} of order`);
  const other = await account("Otto", "Log in");
  const isOrder = (where, order) =>
    until(async () => (await names(where)).join(" ").replaceAll(" of order", "") === order, order, async () => (await names(where)).join(" "));
  await isOrder(other, "lobby one two three");
  const link = (name) => rooms(page).getByRole("link", { name });
  await link("three of order").dragTo(link("lobby"), { targetPosition: { x: 20, y: 3 } });
  await isOrder(page, "three lobby one two");
  await isOrder(other, "three lobby one two");
  await link("three of order").dragTo(link("two of order"), { targetPosition: { x: 20, y: 25 } });
  await isOrder(page, "lobby one two three");
  await link("two of order").focus();
  await page.keyboard.press("Control+Shift+ArrowUp");
  await page.keyboard.press("Control+Shift+ArrowUp");
  await isOrder(page, "two lobby one three");
  assert.equal(await page.locator("#announcer p").last().innerText(), "two of order: 1 of 4");
  await page.keyboard.press("Control+Shift+ArrowUp");
  await page.keyboard.press("Control+Shift+ArrowDown");
  await isOrder(page, "lobby two one three");
  assert.equal(await page.evaluate(() => document.activeElement.textContent.includes("two of order")), true, "the focus stays");
  await isOrder(other, "lobby two one three");
  await page.reload();
  await connected(page);
  await isOrder(page, "lobby two one three");
});

test("members who are not here are listed", async () => {
  const page = await account("Hal");
  await jumpTo(page, "lounge");
  const absent = page.getByRole("list", { name: "Members not here" });
  await absent.getByText("Gwen").waitFor({ timeout: 30_000 });
  await page.getByText("Members not here — 1").waitFor();
  await field(page).fill("hi @gw");
  await page.getByRole("option", { name: "@Gwen" }).waitFor();
  await field(page).fill("");
  const back = await account("Gwen", "Log in");
  await absent.getByText("Gwen").waitFor({ state: "hidden" });
  await jumpTo(back, "lounge");
  await pressOn(page, "Gwen", "Mention");
});

test("what one device marks as unread is unread on the other", async () => {
  const bob = await connectBot(world.url, "Bob of marks", "marks");
  await bob.say("one", "two", "three");
  const first = await account("Uma");
  await jumpTo(first, "marks");
  await sees(first, "three");
  const second = await account("Uma", "Log in");
  await rooms(second).getByRole("link", { name: "marks", exact: true }).waitFor();
  await pressOnMessage(first, "two", "Mark unread from here");
  await rooms(first).getByRole("link", { name: "marks 2 unread messages" }).waitFor();
  await rooms(second).getByRole("link", { name: "marks 2 unread messages" }).waitFor();
  await rooms(second).getByRole("link", { name: "marks 2 unread messages" }).click();
  await log(second).locator(".row.unread").waitFor();
  await pressIn(second, second.locator("#room-menu"), "Leave room");
  bob.close();
});
