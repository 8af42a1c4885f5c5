import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { connected, enter, field, jumpTo, log, makeRoom, newTab, openPage, pressOn, pressOnMessage, rows, say, sees, setUp, startServer, statusIs, texts, until } from "./world.js";

const world = setUp({ args: [] });

const person = world.enter;

test("two pages talk", async () => {
  const alice = await person("Alice", { room: "talk" });
  const bob = await person("Bob", { room: "talk" });
  await say(alice, "Hello, Bob");
  await sees(bob, "Hello, Bob");
  await say(bob, "Hello, Alice");
  await sees(alice, "Hello, Alice");
  await sees(alice, "Hello, Bob");
  assert.deepEqual(await texts(alice), await texts(bob));
  const people = alice.getByRole("list", { name: "People" });
  await people.getByText("Bob").waitFor();
  await people.getByText("Alice").waitFor();
  await alice.getByRole("navigation", { name: "Rooms" }).getByRole("link", { name: "talk" }).waitFor();
});

test("a reload keeps name, rooms and messages without asking", async () => {
  const alice = await person("Alma", { room: "reload" });
  await say(alice, "before the reload");
  await sees(alice, "before the reload");
  await alice.reload();
  await connected(alice);
  await sees(alice, "before the reload");
  await say(alice, "after the reload");
  await sees(alice, "after the reload");
  const people = alice.getByRole("list", { name: "People" });
  await people.getByText("Alma", { exact: true }).waitFor();
  assert.equal(await people.getByRole("listitem").count(), 1);
  assert.equal(await alice.evaluate(() => location.hash), "#reload");
});

test("what is typed and not sent survives a reload, in its room", async () => {
  const alice = await person("Ally", { room: "draft" });
  await field(alice).fill("not yet");
  await alice.reload();
  await connected(alice);
  await until(async () => (await field(alice).inputValue()) === "not yet", "the draft");
  await makeRoom(alice, "elsewhere");
  assert.equal(await field(alice).inputValue(), "");
  await alice.getByRole("link", { name: "draft", exact: true }).click();
  await until(async () => (await field(alice).inputValue()) === "not yet", "the draft");
  await field(alice).press("Enter");
  await sees(alice, "not yet");
  await alice.reload();
  await connected(alice);
  assert.equal(await field(alice).inputValue(), "");
});

test("a line that means nothing goes back into the field", async () => {
  const alice = await person("Alix", { room: "slash" });
  for (const line of ["/etc/passwd is a file", "/join", "/edit nothing of mine"]) {
    await say(alice, line);
    await until(async () => (await field(alice).inputValue()) === line, line);
  }
});

test("who scrolls up a little reads on undisturbed", async () => {
  const alice = await person("Aldo", { room: "reading" });
  const bob = await person("Bert", { room: "reading" });
  await say(alice, "line\n".repeat(60).trim());
  await sees(bob, "line");
  await log(bob).hover();
  const top = () => log(bob).evaluate((it) => it.scrollTop);
  const end = await top();
  await bob.mouse.wheel(0, -40);
  await until(async () => (await top()) < end, "the scroll");
  const reading = await top();
  await say(alice, "something new");
  await bob.getByRole("button", { name: /1 new message below/ }).waitFor();
  assert.equal(await top(), reading);
});

test("a room in the address is opened", async () => {
  const alice = world.track(await openPage(world.browser, `${world.url}/#kit%20chen`));
  assert.equal(await alice.getByRole("textbox", { name: "Room" }).inputValue(), "kit chen");
  await alice.getByRole("textbox", { name: "Your name" }).fill("Ada");
  await alice.keyboard.press("Enter");
  await alice.getByRole("heading", { name: "#kit chen" }).waitFor();
});

test("two tabs of one user are one person and see the same", async () => {
  const first = await person("Tina", { room: "tabs" });
  const second = world.track(await newTab(first.context(), `${world.url}/#tabs`));
  await connected(second);
  await say(first, "from the first");
  await sees(second, "from the first");
  await say(second, "from the second");
  await sees(first, "from the second");
  assert.deepEqual(await texts(first), await texts(second));
  assert.equal(await first.getByRole("list", { name: "People" }).getByRole("listitem").count(), 1);
  assert.equal(first.faults.length + second.faults.length, 0);
});

test("messages are edited, answered, reacted to and deleted", async () => {
  const alice = await person("Anna", { room: "change" });
  const bob = await person("Ben", { room: "change" });
  await say(alice, "teh first");
  await sees(bob, "teh first");

  await field(alice).fill("a draft");
  await rows(alice, "teh first").hover();
  await alice.getByRole("button", { name: "Edit", exact: true }).click();
  const editor = alice.getByRole("textbox", { name: "Edit message" });
  await editor.press("Escape");
  assert.equal(await field(alice).inputValue(), "a draft", "editing is not done in its place");
  await field(alice).fill("");
  await field(alice).press("ArrowUp");
  assert.equal(await editor.inputValue(), "teh first");
  await editor.fill("x".repeat(4100));
  await log(alice).getByText("100 characters too many").waitFor();
  await alice.getByRole("button", { name: "Save" }).click();
  assert.equal(await editor.inputValue(), "x".repeat(4100), "what is too long is not sent");
  await editor.fill("the first");
  await alice.getByRole("button", { name: "Save" }).click();
  await sees(bob, "the first");
  await sees(bob, "(edited)");
  await sees(bob, "teh first", 0);

  await rows(bob, "the first").hover();
  await bob.getByRole("button", { name: "Reply" }).click();
  await bob.getByText("Replying to Anna").waitFor();
  await field(bob).fill("an answer");
  await field(bob).press("Enter");
  await sees(alice, "an answer");
  await rows(alice, "an answer").getByRole("button", { name: "Anna the first" }).waitFor();

  await rows(bob, "the first").first().hover();
  await bob.getByRole("button", { name: "Add reaction" }).click();
  await bob.getByRole("button", { name: "🎉" }).click();
  const chip = (page) => page.getByRole("button", { name: "🎉, 1 reaction" });
  await chip(alice).waitFor();
  assert.equal(await chip(bob).getAttribute("aria-pressed"), "true");
  assert.equal(await chip(alice).getAttribute("aria-pressed"), "false");
  await chip(alice).click();
  await bob.getByRole("button", { name: "🎉, 2 reactions" }).waitFor();
  await alice.getByRole("button", { name: "🎉, 2 reactions" }).click();
  await chip(bob).waitFor();

  await bob.clock.install();
  await pressOnMessage(bob, "an answer", "Delete");
  await bob.getByText("Message deleted").waitFor();
  await bob.getByRole("button", { name: "Undo" }).click();
  await sees(bob, "an answer");
  await pressOnMessage(bob, "an answer", "Delete");
  await bob.getByText("Message deleted").waitFor();
  await sees(alice, "an answer");
  await bob.clock.runFor(8_000);
  await sees(alice, "an answer", 0);
  await bob.getByText("Message deleted").waitFor({ state: "detached" });
});

test("a second press where a message was deleted deletes no other", async () => {
  const alice = await person("Alva", { room: "twice" });
  for (const text of ["the one above", "the one between", "the one below"]) await say(alice, text);
  await sees(alice, "the one below");
  const row = rows(alice, "the one between");
  await row.hover();
  await row.getByRole("button", { name: "More actions" }).click();
  const { x, y, width, height } = await alice.getByRole("menuitem", { name: "Delete" }).boundingBox();
  const press = () => alice.mouse.click(x + width / 2, y + height / 2);
  await press();
  await alice.getByText("Message deleted").waitFor();
  for (let time = 0; time < 3; time += 1) await press();
  assert.equal(await alice.getByText("Message deleted").count(), 1);
  for (const text of ["the one above", "the one below"]) await sees(alice, text);
});

test("unread messages are counted in the list and in the title", async () => {
  const alice = await person("Amy", { room: "here" });
  const bob = await person("Bill", { room: "there" });
  await jumpTo(alice, "there");
  await say(alice, "I am here");
  await sees(bob, "I am here");
  await alice.getByRole("link", { name: "here", exact: true }).click();
  await alice.getByRole("heading", { name: "#here" }).waitFor();
  await say(bob, "one");
  await say(bob, "two, @Amy");
  await alice.getByRole("link", { name: "there 2 unread messages, you are mentioned" }).waitFor();
  assert.equal(await alice.title(), "(2) here – chinwag");
  await alice.getByRole("link", { name: /there/ }).click();
  await sees(alice, "two, @Amy");
  const mark = log(alice).locator(".row.unread");
  await mark.waitFor();
  assert.match(await mark.evaluate((it) => it.nextElementSibling.innerText), /one/);
  await until(async () => (await alice.title()) === "there – chinwag", "nothing to be unread");
});

test("a message with an expiry disappears", async () => {
  const alice = await person("Abe", { room: "short" });
  const bob = await person("Bea", { room: "short" });
  await say(alice, "/expire 5 gone soon");
  await sees(bob, "gone soon");
  await rows(bob, "gone soon").getByText(/disappears in [1-5]s/).waitFor();
  await sees(bob, "gone soon", 0);
  await sees(alice, "gone soon", 0);
});

test("rooms are left and listed, topics set, names changed", async () => {
  const alice = await person("Ava", { room: "first" });
  const bob = await person("Bo", { room: "first" });
  await say(alice, "/topic Release day");
  await bob.getByText("Release day").first().waitFor();
  await makeRoom(bob, "second");
  await say(alice, "/rooms");
  await alice.getByRole("dialog", { name: "Browse rooms" }).getByRole("option", { name: /second/ }).click();
  await alice.getByRole("heading", { name: "#second" }).waitFor();
  await say(bob, "/name Bosse");
  await alice.getByRole("list", { name: "People" }).getByText("Bosse").waitFor();
  await say(bob, "in my new name");
  await sees(alice, "in my new name");
  await say(alice, "/leave");
  await alice.getByRole("heading", { name: "#first" }).waitFor();
  assert.equal(await alice.getByRole("link", { name: "second" }).count(), 0);
  await say(alice, "/leave");
  await alice.getByText("Join a room to start.").waitFor();
  await jumpTo(alice, "first");
});

test("an unknown command is not broadcast, and the server's answer is shown", async () => {
  const alice = await person("Ama", { room: "typo" });
  const bob = await person("Bao", { room: "typo" });
  await say(alice, "/hlep");
  await log(alice).getByText(/\/help/).waitFor();
  await say(alice, "//literally");
  await sees(bob, "/literally");
  assert.deepEqual(await texts(bob), ["/literally"]);
});

test("an invalid name or room is reported, and the user joins anyway", async () => {
  const alice = await person("Ash\u202egnip", { room: "a/b" });
  await log(alice).getByText("You are now Anonymous").waitFor();
  await log(alice).getByText("U+202E cannot stand in a name").waitFor();
  await log(alice).getByText("a room's name has no /").waitFor();
  await alice.getByRole("heading", { name: "#lobby" }).waitFor();
  await say(alice, "/name Ash");
  await say(alice, "here I am");
  await sees(alice, "here I am");
});

test("a person's menu inserts a mention", async () => {
  const alice = await person("Aki", { room: "call" });
  const bob = await person("Bix", { room: "call" });
  await pressOn(alice, "Bix", "Mention");
  await alice.keyboard.type("are you there?");
  await alice.keyboard.press("Enter");
  await sees(bob, "@Bix are you there?");
  assert.equal(await log(bob).locator("mark").innerText(), "@Bix");
});

test("a refused message stays and can be discarded", async () => {
  const alice = await person("Alf", { room: "long" });
  await say(alice, "x".repeat(4001));
  await alice.getByText("1 character too many").waitFor();
  assert.equal(await field(alice).inputValue(), "x".repeat(4001), "what is too long stays in the field");
  await say(alice, "/expire 999999999999 for ever");
  await log(alice).getByText(/Not sent:/).waitFor();
  await say(alice, "short");
  await sees(alice, "short");
  await alice.getByRole("button", { name: "Retry" }).click();
  await log(alice).getByText(/Not sent:/).waitFor();
  await alice.getByRole("button", { name: "Discard" }).click();
  await until(async () => (await texts(alice)).join() === "short", "the message to be gone");
});

for (const kind of ["in memory", "on disk"]) {
  test(`the server is killed in mid-conversation, its record ${kind}: both come back, what was said offline arrives once`, async () => {
    const folder = kind === "on disk" ? await mkdtemp(join(tmpdir(), "chinwag-")) : "none";
    const args = ["--data", folder];
    let own = await startServer({ args });
    try {
      const alice = await enter(world.browser, own.url, "Alice");
      const bob = await enter(world.browser, own.url, "Bob");
      [alice, bob].forEach(world.track);
      await say(alice, "before");
      await sees(bob, "before");
      await own.kill();
      await statusIs(alice, "Offline");
      await alice.getByRole("button", { name: "Reconnect" }).waitFor();
      await say(alice, "said offline");
      await rows(alice, "said offline").and(alice.locator(".waiting")).waitFor();
      own = await startServer({ port: own.port, args });
      // The page may have reconnected before the click.
      await alice.getByRole("button", { name: "Reconnect" }).click({ timeout: 500 }).catch(() => {});
      await connected(alice);
      await connected(bob);
      await say(bob, "welcome back");
      for (const page of [alice, bob]) {
        await sees(page, "said offline");
        await sees(page, "welcome back");
      }
      const shown = await texts(alice);
      assert.deepEqual(await texts(bob), shown);
      // History in memory is lost with the server.
      const since = shown.filter((it) => it !== "before");
      assert.deepEqual(since.toSorted(), ["said offline", "welcome back"]);
      assert.ok(shown.length - since.length <= 1);
    } finally {
      await own.kill();
      if (folder !== "none") await rm(folder, { recursive: true });
    }
  });
}

test("an unsent message survives a reload while offline", async () => {
  const own = await startServer();
  let again;
  try {
    const alice = await enter(world.browser, own.url, "Alice");
    const bob = await enter(world.browser, own.url, "Bob");
    [alice, bob].forEach(world.track);
    await alice.context().setOffline(true);
    await own.kill();
    await statusIs(alice, "Offline");
    await say(alice, "kept in the outbox");
    again = await startServer({ port: own.port });
    await alice.context().setOffline(false);
    await alice.reload();
    await connected(alice);
    await connected(bob);
    await sees(bob, "kept in the outbox");
    await sees(alice, "kept in the outbox");
  } finally {
    await again?.kill();
  }
});

test("a page connects at once when the network returns", async () => {
  const alice = await person("Ali", { room: "network" });
  const bob = await person("Bim", { room: "network" });
  await say(alice, "here");
  await sees(bob, "here");
  await alice.evaluate(() => {
    // Chromium's offline switch does not affect open sockets: the page's probe detects it.
    window.dispatchEvent(new Event("online"));
  });
  await say(bob, "still here");
  await sees(alice, "still here");
  await connected(alice);
});

test("the files of a message are links with their size", async () => {
  const folder = await mkdtemp(join(tmpdir(), "chinwag-"));
  const own = await startServer({ args: ["--data", folder] });
  try {
    const post = async (path, body, headers) => (await fetch(own.url + path, { method: "POST", body, headers })).json();
    const json = { "Content-Type": "application/json" };
    const { token } = await post("/api/register", JSON.stringify({ name: "Fay", password: "correct horse" }), json);
    const authorized = { Authorization: `Bearer ${token}` };
    await post("/api/rooms/files/messages", JSON.stringify({ content: "first" }), { ...json, ...authorized });
    const alice = world.track(await enter(world.browser, own.url, "Alice", { room: "files" }));
    const { file } = await post("/api/rooms/files/files?name=50%25%20plan.txt", "a".repeat(1_500_000), authorized);
    await post("/api/rooms/files/messages", JSON.stringify({ content: "", files: [file] }), { ...json, ...authorized });
    const link = log(alice).getByRole("link", { name: "50% plan.txt" });
    await link.waitFor();
    await log(alice).getByText("1.5 MB").waitFor();
    const bytes = await link.evaluate(async ({ href }) => (await (await fetch(href)).text()).length);
    assert.equal(bytes, 1_500_000);
  } finally {
    await own.kill();
    await rm(folder, { recursive: true });
  }
});
