import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { connectBot } from "./bots.js";
import { binary } from "../server.js";
import { connected, enter, field, jumpTo, log, makeRoom, pressIn, pressOn, rows, say, sees, setUp, startServer, until } from "./world.js";

// Private rooms and moderation.

const PHONE = { viewport: { width: 375, height: 667 }, hasTouch: true, isMobile: true };

const world = setUp({ args: [] });

function person(name, room, options) {
  return world.enter(name, { room, ...options });
}

function people(page) {
  return page.getByRole("list", { name: "People" });
}

function rooms(page) {
  return page.getByRole("navigation", { name: "Rooms" });
}

test("a private room is visible only to its members", async () => {
  const owner = await person("Olga", "hall");
  const friend = await person("Fred", "hall");
  const stranger = await person("Sven", "hall");
  await makeRoom(owner, "cellar", { isPrivate: true });
  await log(owner).getByText("Olga made the room private.").waitFor();
  await until(async () => (await rooms(owner).getByRole("link", { name: "cellar" }).getAttribute("title")) === "Private room", "the lock");
  await owner.locator("#room-name svg").waitFor();
  await say(owner, "between us");
  await sees(owner, "between us");

  await say(stranger, "/rooms");
  const listed = stranger.getByRole("dialog", { name: "Browse rooms" });
  await listed.getByRole("option", { name: /hall/ }).waitFor();
  assert.doesNotMatch(await listed.innerText(), /cellar/);
  await stranger.keyboard.press("Escape");
  await say(stranger, "/join cellar");
  await stranger.getByRole("button", { name: "Create it" }).click();
  await stranger.getByRole("alert").getByText(/may not|private|forbidden|invit/i).waitFor();
  await stranger.keyboard.press("Escape");
  assert.equal(await rooms(stranger).getByRole("link", { name: "cellar" }).count(), 0);

  await rooms(owner).getByRole("link", { name: "hall" }).click();
  await pressOn(owner, "Fred", "Invite to cellar");
  await log(owner).getByText("Fred was invited to cellar.").waitFor();
  await rooms(friend).getByText("Olga invites you to cellar").waitFor();
  await rooms(friend).getByRole("button", { name: "Accept" }).click();
  await friend.getByRole("heading", { name: "#cellar" }).waitFor();
  await say(friend, "how cosy");
  await rooms(owner).getByRole("link", { name: /cellar/ }).click();
  await sees(owner, "how cosy");
  assert.doesNotMatch(await stranger.content(), /cosy|between us/);

  await pressIn(friend, friend.locator("#room-menu"), "Leave room");
  const question = friend.getByRole("dialog", { name: "Leave #cellar?" });
  await question.getByRole("button", { name: "Cancel" }).click();
  await say(friend, "still here");
  await sees(friend, "still here");
  await pressIn(friend, friend.locator("#room-menu"), "Leave room");
  await question.getByRole("button", { name: "Leave room" }).click();
  await friend.getByRole("heading", { name: "#hall" }).waitFor();
  assert.equal(await rooms(friend).getByRole("link", { name: "cellar" }).count(), 0);
  await pressIn(owner, owner.locator("#room-menu"), "Make public");
  await log(owner).getByText("Olga made the room public.").waitFor();
  await jumpTo(stranger, "cellar");
});

for (const [size, options] of [["desk", {}], ["phone", PHONE]]) {
  test(`the owner of a room moderates from people's menus, at the ${size}`, async () => {
    const room = `order ${size}`;
    const [boss, rogue] = [`Ole ${size}`, `Eve ${size}`];
    const owner = await person(boss, room, options);
    const eve = await person(rogue, room, options);
    await say(eve, "buy my things");
    await sees(owner, "buy my things");

    const open = async () => {
      if (size === "phone") await owner.locator("#people-open").click();
      return people(owner).getByRole("button", { name: rogue });
    };
    await pressIn(owner, await open(), "Mute for 10m");
    await log(eve).getByText(`${boss} muted ${rogue} for 10m.`).waitFor();
    await say(eve, "they are cheap");
    await rows(eve, "they are cheap").and(eve.locator(".failed")).waitFor();
    await eve.getByRole("button", { name: "Discard" }).click();
    if (size === "phone") await owner.keyboard.press("Escape");
    await pressIn(owner, await open(), "Unmute");
    await say(eve, "sorry");
    await sees(owner, "sorry");

    if (size === "phone") await owner.keyboard.press("Escape");
    await rows(owner, "buy my things").focus();
    await pressIn(owner, rows(owner, "buy my things").getByRole("button", { name: "More actions" }), "Delete");
    await sees(eve, "buy my things", 0);

    await pressIn(owner, await open(), "Make moderator");
    await log(eve).getByText(`${boss} made ${rogue} a moderator.`).waitFor();
    await until(async () => /moderator/.test(await people(owner).getByRole("button", { name: rogue }).innerText()), "her role");
    if (size === "phone") await owner.keyboard.press("Escape");
    await pressIn(owner, await open(), "Remove as moderator");
    await log(eve).getByText(`${boss} removed ${rogue} as moderator.`).waitFor();
    if (size === "phone") await owner.keyboard.press("Escape");
    await pressIn(owner, await open(), "Remove from room");
    await eve.getByText("removed you from").first().waitFor();
    await until(async () => (await people(owner).getByRole("button", { name: rogue }).count()) === 0, "Eve to be gone", () => people(owner).innerText(), 20_000);
  });
}

test("menus offer only permitted moderation actions", async () => {
  const owner = await person("Otto", "ranks");
  const mod = await person("Mona", "ranks");
  const guest = await person("Gero", "ranks");
  const offered = async (page, name) => {
    await people(page).getByRole("button", { name }).click();
    const items = await page.getByRole("menuitem").allInnerTexts();
    await page.keyboard.press("Escape");
    return items;
  };
  assert.deepEqual(await offered(guest, "Otto"), ["Message", "Mention"]);
  await pressOn(owner, "Mona", "Make moderator");
  await log(mod).getByText("made Mona a moderator").waitFor();
  assert.deepEqual(await offered(mod, "Otto"), ["Message", "Mention"]);
  assert.deepEqual(await offered(mod, "Gero"), ["Message", "Mention", "Mute for 10m", "Mute for 1h", "Mute", "Unmute", "Remove from room", "Ban from room"]);
  await guest.locator("#room-menu").click();
  assert.deepEqual(await guest.getByRole("menuitem").allInnerTexts(), ["Set topic", "Invite someone", "Leave room"]);
  await guest.keyboard.press("Escape");
  // Commands can be typed by anyone; the server decides.
  await say(guest, "/kick Otto");
  await log(guest).getByText("only moderators of this room").waitFor();
  assert.equal(await people(guest).getByRole("button", { name: "Otto" }).count(), 1);
  const question = mod.getByRole("dialog", { name: "Ban Gero from #ranks?" });
  await pressOn(mod, "Gero", "Ban from room");
  await question.getByRole("button", { name: "Cancel" }).click();
  await pressOn(mod, "Gero", "Ban from room");
  assert.equal(await people(mod).getByRole("button", { name: "Gero" }).count(), 1);
  await question.getByRole("button", { name: "Ban from room" }).click();
  await guest.getByText("banned you").first().waitFor();
});

test("the room menu locks, slows and sets the topic", async () => {
  const owner = await person("Oskar", "rules");
  const guest = await person("Gil", "rules");
  await pressIn(owner, owner.locator("#room-menu"), /^Lock/);
  await log(guest).getByText("Oskar locked the room.").waitFor();
  await say(guest, "may I?");
  await rows(guest, "may I?").and(guest.locator(".failed")).waitFor();
  // One of the two, by what the room is, also for who comes later.
  const offered = async (page) => {
    await page.locator("#room-menu").click();
    const items = await page.getByRole("menuitem").allInnerTexts();
    await page.keyboard.press("Escape");
    return items.filter((it) => /lock/i.test(it));
  };
  assert.deepEqual(await offered(owner), ["Unlock"]);
  await owner.reload();
  await connected(owner);
  assert.deepEqual(await offered(owner), ["Unlock"]);
  await pressIn(owner, owner.locator("#room-menu"), "Unlock");
  await log(guest).getByText("Oskar unlocked the room.").waitFor();
  await guest.getByRole("button", { name: "Retry" }).click();
  await sees(owner, "may I?");
  await pressIn(owner, owner.locator("#room-menu"), "Slow mode: one message per 10s");
  await log(guest).getByText("set slow mode to 10s").waitFor();
  await pressIn(owner, owner.locator("#room-menu"), "Turn slow mode off");
  await pressIn(owner, owner.locator("#room-menu"), "Set topic");
  await owner.getByRole("dialog", { name: "Topic of #rules" }).getByRole("textbox", { name: "Topic" }).fill("House rules");
  await owner.keyboard.press("Enter");
  await guest.locator("#room-topic", { hasText: "House rules" }).waitFor();
});

test("the beginning of a room offers to set a topic and to invite, and dialogs ask for the rest", async () => {
  const owner = await person("Odo", "fresh");
  const friend = await person("Finn", "elsewhere");
  const log = owner.getByRole("log");
  await log.getByText("This is #fresh").waitFor();
  await log.getByRole("button", { name: "Set topic" }).click();
  const topic = owner.getByRole("dialog", { name: "Topic of #fresh" });
  await topic.getByRole("textbox", { name: "Topic" }).fill("given up");
  await owner.keyboard.press("Escape");
  await topic.waitFor({ state: "detached" });
  assert.equal(await owner.locator("#room-topic").textContent(), "");
  await log.getByRole("button", { name: "Invite someone" }).click();
  await owner.getByRole("dialog", { name: "Invite to #fresh" }).getByRole("textbox").fill("Finn");
  await owner.getByRole("button", { name: "Invite", exact: true }).click();
  await friend.getByRole("button", { name: "Join fresh" }).waitFor();
  await pressIn(owner, owner.locator("#me"), "Change name");
  await owner.getByRole("dialog", { name: "Change name" }).getByRole("textbox").fill("Oda");
  await owner.keyboard.press("Enter");
  await people(owner).getByRole("button", { name: "Oda" }).waitFor();
  await pressIn(owner, owner.locator("#room-menu"), "Invite someone");
  await owner.keyboard.press("Escape");
  await say(owner, "/msg Finn hello");
  await log.getByText("This is your conversation with Finn").waitFor();
});

test("menus work with the keyboard", async () => {
  const alice = await person("Alice", "keys");
  const bob = await connectBot(world.url, "Bob", "keys");
  const button = people(alice).getByRole("button", { name: "Bob" });
  await button.focus();
  await alice.keyboard.press("Enter");
  const focused = () => alice.evaluate(() => document.activeElement.textContent);
  assert.equal(await focused(), "Message");
  await alice.keyboard.press("ArrowUp");
  assert.equal(await focused(), "Make moderator");
  await alice.keyboard.press("ArrowDown");
  await alice.keyboard.press("ArrowDown");
  assert.equal(await focused(), "Mention");
  await alice.keyboard.press("End");
  assert.equal(await focused(), "Make moderator");
  await alice.keyboard.press("Escape");
  assert.equal(await alice.getByRole("menu").count(), 0);
  assert.match(await focused(), /Bob/);
  await alice.keyboard.press("Enter");
  await field(alice).click();
  assert.equal(await alice.getByRole("menu").count(), 0);
  await button.click();
  await button.click();
  assert.equal(await alice.getByRole("menu").count(), 0, "the second press closes it");
  await pressOn(alice, "Bob", "Message");
  await alice.getByRole("heading", { name: "@Bob" }).waitFor();
  await alice.keyboard.type("hello");
  await alice.keyboard.press("Enter");
  await until(() => bob.heard.some(({ room }) => room === "@Alice"), "the message");
  await sees(alice, "hello");
  await alice.getByRole("heading", { name: "Direct messages" }).waitFor();
  await pressIn(alice, alice.locator("#room-menu"), "Close conversation");
  await alice.getByRole("heading", { name: "#keys" }).waitFor();
  bob.close();
});

test("the away status is set and cleared from the own menu", async () => {
  const alice = await person("Ava", "lunch");
  const bob = await person("Ben", "lunch");
  await pressIn(alice, alice.locator("#me"), "Set yourself away");
  await until(async () => /away/.test(await people(bob).getByRole("button", { name: "Ava" }).innerText()), "Ava to be away");
  await connected(alice);
  await pressIn(alice, alice.locator("#me"), "Set yourself online");
  await until(async () => !/away/.test(await people(bob).getByRole("button", { name: "Ava" }).innerText()), "Ava to be back");
  await say(alice, "/away lunch");
  await people(bob).getByText("away · lunch").waitFor();
});

test("an administrator removes a room after a question", async () => {
  const folder = await mkdtemp(join(tmpdir(), "chinwag-"));
  execFileSync(binary(), ["user", "add", "Boss", "--admin", "--data", folder], { input: "correct horse\n" });
  const server = await startServer({ args: ["--data", folder] });
  try {
    const bob = world.track(await enter(world.browser, server.url, "Bob", { room: "spam" }));
    await makeRoom(bob, "hall");
    await rooms(bob).getByRole("link", { name: "spam" }).click();
    await say(bob, "buy my things");
    const root = world.track(await enter(world.browser, server.url, "Root", { room: "spam" }));
    await sees(root, "buy my things");
    await root.locator("#room-menu").click();
    assert.equal(await root.getByRole("menuitem", { name: "Remove room" }).count(), 0);
    await root.keyboard.press("Escape");

    await pressIn(root, root.locator("#me"), "Log in");
    await root.getByRole("dialog").getByRole("textbox", { name: "Name" }).fill("Boss");
    await root.getByRole("dialog").getByLabel("Password").fill("correct horse");
    await root.keyboard.press("Enter");
    await log(root).getByText("You are logged in as Boss.").waitFor();
    await connected(root);
    const dialog = root.getByRole("dialog", { name: "Remove spam for everyone?" });
    await pressIn(root, root.locator("#room-menu"), "Remove room");
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await say(bob, "still here");
    await sees(root, "still here");
    await pressIn(root, root.locator("#room-menu"), "Remove room");
    await dialog.getByRole("button", { name: "Remove room" }).click();
    await log(bob).getByText("Boss removed the room spam.").waitFor();
    for (const page of [bob, root]) {
      await until(async () => (await rooms(page).getByRole("link", { name: "spam" }).count()) === 0, "the room to be gone");
    }
  } finally {
    await server.kill();
    await rm(folder, { recursive: true });
  }
});
