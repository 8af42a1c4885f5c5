import assert from "node:assert/strict";
import { test } from "node:test";

import { connectBot } from "./bots.js";
import { FREELY, connected, field, log, makeRoom, newTab, openPage, pressOnMessage, rows, say, sees, setUp, startServer, until } from "./world.js";

// Messages as things: links, the menu, the card of a person, and the keyboard in the list.

const world = setUp({ args: [...FREELY, "--data", "none"] });

const person = world.enter;
const CLIPBOARD = { permissions: ["clipboard-read", "clipboard-write"] };

function clipboard(page) {
  return page.evaluate(() => navigator.clipboard.readText());
}

function notice(page, text) {
  return log(page).locator(".row.notice").filter({ hasText: text }).last().waitFor();
}

/** Whether the row is visible. */
function inSight(row) {
  return row.evaluate((it) => {
    const { top, bottom } = it.getBoundingClientRect();
    const list = document.querySelector("#log").getBoundingClientRect();
    return top >= list.top - 1 && bottom <= list.bottom + 1;
  });
}

test("the time of a message is a link to it, which opens it in its place", async () => {
  const bob = await connectBot(world.url, "Bob of links", "long ago");
  await bob.say(...Array.from({ length: 200 }, (_, i) => `line ${i + 1}.`));
  const alice = await person("Ada", { room: "long ago", ...CLIPBOARD });
  await sees(alice, "line 200.");
  const time = rows(alice, "line 199.").getByRole("link");
  assert.equal(await time.getAttribute("href"), "#long%20ago/199");
  assert.match(await time.innerText(), /\d:\d\d/);
  await pressOnMessage(alice, "line 198.", "Copy link");
  const link = await clipboard(alice);
  assert.match(link, /^http.*\/#long%20ago\/198\/\w+$/);

  const old = link.replace("/198/", "/5/");
  const tab = world.track(await newTab(alice.context(), old));
  await connected(tab);
  await rows(tab, "line 5.").waitFor();
  assert.ok(await inSight(rows(tab, "line 5.")));

  const other = world.track(await openPage(world.browser, old));
  await other.getByRole("textbox", { name: "Your name" }).fill("Olaf");
  await other.keyboard.press("Enter");
  await rows(other, "line 5.").waitFor();
  await other.getByRole("heading", { name: "#long ago" }).waitFor();
  bob.close();
});

test("a link to what is gone, may not be read or is of another record says so", async () => {
  const owner = await person("Owner", { room: "open" });
  await say(owner, "the only one");
  await sees(owner, "the only one");
  await makeRoom(owner, "closed", { isPrivate: true });
  await say(owner, "a secret");
  const guest = await person("Guest", { room: "hall" });
  const go = (hash) => guest.evaluate((it) => (location.hash = it), hash);
  await go("#closed/1");
  await notice(guest, "does not exist, or that you may not read");
  await go("#nowhere/1");
  await until(async () => (await log(guest).locator(".row.notice").count()) === 2, "the second line");
  await go("#@Owner/1");
  await until(async () => (await log(guest).locator(".row.notice").count()) === 3, "the third line");
  await go("#open/1/otherrecord");
  await notice(guest, "of another server, or of an earlier record");
  await go("#open/77");
  await guest.getByRole("heading", { name: "#open" }).waitFor();
  await notice(guest, "That message no longer exists.");
  await go("#open/1");
  await until(() => guest.evaluate(() => document.activeElement.innerText.includes("the only one")), "the message to have the focus");
  assert.equal(await guest.getByRole("dialog").count(), 0, "no room is offered to be made");

  const late = world.track(await openPage(world.browser, `${world.url}/#closed/1`));
  await late.getByRole("textbox", { name: "Your name" }).fill("Late");
  await late.keyboard.press("Enter");
  await notice(late, "does not exist, or that you may not read");
});

test("the menu of a message copies, answers, edits, deletes and marks as unread", async () => {
  const alice = await person("Anna", { room: "menu", ...CLIPBOARD });
  const bob = await person("Ben", { room: "menu" });
  await say(bob, "first of *Ben*");
  await say(bob, "second of Ben");
  await say(alice, "one of Anna");
  await sees(alice, "one of Anna");
  await rows(alice, "second of Ben").hover();
  await rows(alice, "second of Ben").getByRole("button", { name: "More actions" }).click();
  // Anna made the room, and may delete in it.
  assert.deepEqual(await alice.getByRole("menuitem").allInnerTexts(), ["Reply", "Copy text", "Copy link", "Mark unread from here", "Pin", "Delete"]);
  await alice.keyboard.press("Escape");
  await pressOnMessage(alice, "first of Ben", "Copy text");
  await until(async () => (await clipboard(alice)) === "first of *Ben*", "the text");
  await alice.locator("#announcer").getByText("Copied").waitFor();
  await pressOnMessage(alice, "one of Anna", "Edit");
  await alice.getByRole("textbox", { name: "Edit message" }).press("Escape");
  await pressOnMessage(alice, "second of Ben", "Reply");
  await alice.getByText("Replying to Ben").waitFor();
  await field(alice).press("Escape");

  await pressOnMessage(alice, "second of Ben", "Mark unread from here");
  await alice.getByRole("link", { name: "menu 1 unread message" }).waitFor();
  await say(bob, "third of Ben");
  await alice.getByRole("link", { name: "menu 2 unread messages" }).waitFor();
  assert.match(await log(alice).locator(".row.unread + .row").innerText(), /second of Ben/);
  await makeRoom(alice, "away from it");
  await alice.getByRole("link", { name: "menu 2 unread messages" }).click();
  await alice.getByRole("link", { name: "menu", exact: true }).waitFor();

  await pressOnMessage(alice, "one of Anna", "Delete");
  await alice.getByRole("button", { name: "Undo" }).click();
  await sees(alice, "one of Anna");
});

test("avatars, names and mentions show who somebody is", async () => {
  const alice = await person("Ama", { room: "cards" });
  const bob = await person("Ben Ali", { room: "cards" });
  await say(bob, "/away lunch until two");
  await say(bob, "hello @ama");
  await sees(alice, "hello");
  await alice.getByRole("list", { name: "People" }).getByText("lunch until two").waitFor();
  await rows(alice, "hello").locator(".avatar").click();
  const card = alice.getByRole("dialog", { name: "Ben Ali" });
  await card.getByText("away").waitFor();
  await card.getByText("lunch until two").waitFor();
  await alice.keyboard.press("Escape");
  await card.waitFor({ state: "detached" });
  await rows(alice, "hello").getByRole("button", { name: "@ama" }).click();
  await alice.getByRole("dialog", { name: "Ama" }).getByText("you · owner").waitFor();
  await log(alice).click({ position: { x: 5, y: 5 } });
  await rows(alice, "hello").getByRole("button", { name: "Ben Ali" }).click();
  await card.getByRole("button", { name: "More actions" }).click();
  await alice.getByRole("menuitem", { name: "Ban from room" }).waitFor();
  await alice.keyboard.press("Escape");
  await card.getByRole("button", { name: "Message", exact: true }).click();
  await alice.getByRole("heading", { name: "@Ben Ali" }).waitFor();
});

test("moderators pin messages, which all find in a panel", async () => {
  const alice = await person("Pia", { room: "pins" });
  const bob = await person("Pit", { room: "pins" });
  await say(alice, "the **rules**");
  await say(alice, "something else");
  await sees(bob, "something else");
  await rows(bob, "the rules").hover();
  await rows(bob, "the rules").getByRole("button", { name: "More actions" }).click();
  assert.equal(await bob.getByRole("menuitem", { name: "Pin" }).count(), 0);
  await bob.keyboard.press("Escape");
  await pressOnMessage(alice, "the rules", "Pin");
  await notice(bob, "Pia pinned a message.");
  await rows(bob, "the rules").getByText("pinned").waitFor();
  await bob.getByRole("button", { name: "Pinned messages" }).click();
  await bob.getByRole("dialog", { name: "Pinned messages" }).getByRole("button", { name: /Pia.*the rules/ }).click();
  await until(() => bob.evaluate(() => document.activeElement.innerText.includes("the rules")), "the message to have the focus");
  const late = await person("Lea", { room: "pins" });
  await late.getByRole("button", { name: "Pinned messages" }).waitFor();
  await pressOnMessage(alice, "the rules", "Unpin");
  await bob.getByRole("button", { name: "Pinned messages" }).waitFor({ state: "hidden" });
});

test("replies are counted at a message, loaded or not, and the number leads to them", async () => {
  const bob = await connectBot(world.url, "Bob of replies", "answers");
  await bob.say("a question");
  await bob.say(...Array.from({ length: 60 }, (_, i) => `filler ${i + 1}\nand more`), { content: "one answer", reply_to: 1 }, { content: "two answer", reply_to: 1 });
  await bob.say(...Array.from({ length: 30 }, (_, i) => `later ${i + 1}`));
  const alice = await person("Ari", { room: "answers" });
  await sees(alice, "later 30");
  await alice.evaluate(() => (location.hash = "#answers/1"));
  const replies = rows(alice, "a question").getByRole("button", { name: "2 replies" });
  await replies.click();
  const dialog = alice.getByRole("dialog", { name: "Replies" });
  await dialog.getByRole("button", { name: /two answer/ }).waitFor();
  await dialog.getByRole("button", { name: /one answer/ }).click();
  await until(() => inSight(rows(alice, "one answer")), "the first answer to be in sight");
  bob.close();
});

test("the messages are one tab stop, and keys act on the one that has the focus", async () => {
  const alice = await person("Kay", { room: "keys" });
  const bob = await connectBot(world.url, "Bob of keys", "keys");
  await bob.say("https://example.org and @Kay", "second");
  await say(alice, "third");
  await sees(alice, "third");
  bob.send({ type: "react", id: "r", payload: { mid: 1, emoji: "👍", on: true } });
  await log(alice).getByRole("button", { name: /👍/ }).waitFor();
  const focused = () => alice.evaluate(() => document.activeElement.closest(".row")?.querySelector(".text")?.innerText ?? document.activeElement.id);

  await field(alice).focus();
  await alice.keyboard.press("Shift+Tab");
  assert.equal(await focused(), "log", "one stop");
  await alice.keyboard.press("ArrowUp");
  assert.equal(await focused(), "third");
  await alice.keyboard.press("e");
  await alice.getByRole("textbox", { name: "Edit message" }).press("Escape");
  await until(async () => (await focused()) === "message", "the input box to have the focus");
  await alice.keyboard.press("Shift+Tab");
  assert.equal(await focused(), "third", "the stop is where the focus was");
  await alice.keyboard.press("ArrowUp");
  await alice.keyboard.press("ArrowUp");
  assert.match(await focused(), /example/);
  await alice.keyboard.press("Tab");
  assert.match(await focused(), /example/, "what is in the message comes next");
  await alice.keyboard.press("Shift+Tab");
  await alice.keyboard.press("Enter");
  await alice.getByRole("menuitem", { name: "Reply" }).waitFor();
  await alice.keyboard.press("Escape");
  assert.equal(await alice.evaluate(() => document.activeElement.matches(".row.message")), true, "the focus is back");
  await alice.keyboard.press("u");
  await alice.getByRole("link", { name: /keys 2 unread/ }).waitFor();
  await alice.keyboard.press("r");
  await alice.getByText("Replying to Bob of keys").waitFor();
  assert.equal(await focused(), "message");
  bob.close();
});

test("copied messages are name, time and text", async () => {
  const alice = await person("Cleo", { room: "copies", ...CLIPBOARD });
  const bob = await connectBot(world.url, "Carl", "copies");
  await bob.say("first *line*", "second line");
  bob.send({ type: "react", id: "r", payload: { mid: 1, emoji: "👍", on: true } });
  await log(alice).getByRole("button", { name: /👍/ }).waitFor();
  await sees(alice, "second line");
  await alice.evaluate(() => {
    const [first, second] = document.querySelectorAll("#log .text");
    getSelection().setBaseAndExtent(first.firstChild, 0, second.firstChild, 6);
    document.querySelector("#log .row.message").focus();
  });
  await alice.keyboard.press("Control+c");
  await until(async () => /^Carl, [^:]*\d:\d\d.*: first \*?line\*?\nCarl, .*: second$/.test(await clipboard(alice)), "the lines", () => clipboard(alice));
  bob.close();
});
