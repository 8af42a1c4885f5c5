import assert from "node:assert/strict";
import { test } from "node:test";

import { connected, field, join, log, makeRoom, openPage, rows, say, sees, setUp, statusIs, until } from "./world.js";

// Accounts, private rooms, moderation and other parts of the protocol that a server may not support:
// the test plays one that does.

const world = setUp({ isFake: true });

const person = world.enter;

function tell(...events) {
  for (const client of world.server.clients) for (const event of events) client.tell(event);
}

const heard = (type) => world.server.heard.filter((event) => event.type === type);

test("typing is sent once in three seconds, and cleared", async () => {
  const alice = await person("Alice");
  const bob = await person("Bob");
  await field(alice).pressSequentially("Hello there", { delay: 20 });
  await bob.getByText("Alice is typing…").waitFor();
  assert.deepEqual(heard("typing").map(({ room, payload }) => [room, payload]), [["lobby", true]]);
  await field(alice).fill("");
  await until(async () => (await bob.locator("#typing").innerText()) === "", "the line to be empty");
  assert.deepEqual(heard("typing").map(({ payload }) => payload), [true, false]);
  await field(alice).pressSequentially("/he");
  await field(alice).fill("");
  assert.equal(heard("typing").length, 2, "commands are nobody's business");
  await field(alice).pressSequentially("Hi");
  await bob.getByText("Alice is typing…").waitFor();
  await field(alice).press("Enter");
  await sees(bob, "Hi");
  await until(async () => (await bob.locator("#typing").innerText()) === "", "the line to end with the message");
});

test("an unsupported typing event is sent once", async () => {
  world.server.refusals.typing = { code: "unknown_type", message: "no", retryable: false };
  const alice = await person("Alice");
  for (const text of ["one", "two", "three"]) {
    await field(alice).pressSequentially(text);
    await field(alice).press("Enter");
    await sees(alice, text);
  }
  assert.equal(heard("typing").length, 1);
  assert.equal(await log(alice).locator(".row.notice").count(), 0);
});

test("an account's read marker is sent and received", async () => {
  for (let i = 1; i <= 60; i += 1) world.server.append("lobby", "message", { sender: "Bob", content: `text ${i}` });
  world.server.extra = { account: true, rooms: { lobby: { seq: 60, users: 1, topic: "", read: 20, unread: 40 }, dev: { seq: 0, users: 1, topic: "", private: true, role: "owner" } } };
  world.server.record("dev");
  const alice = await person("Alice");
  const mark = log(alice).locator(".row.unread");
  await mark.waitFor();
  assert.match(await mark.evaluate((it) => it.nextElementSibling.innerText), /text 21/);
  await sees(alice, "text 60");
  assert.deepEqual(heard("read"), [], "one begins with the first unread, not with the last");
  await alice.getByRole("button", { name: /latest|below/ }).click();
  await until(() => heard("read").length === 1, "the mark");
  assert.deepEqual(heard("read")[0].payload, { seq: 60 });

  await alice.getByRole("link", { name: /dev/ }).click();
  assert.equal(await alice.getByRole("link", { name: /dev/ }).getAttribute("title"), "Private room");
  tell({ type: "message", room: "lobby", seq: 61, ts: Date.now(), payload: { mid: 61, sender: "Bob", content: "new" } });
  await alice.getByRole("link", { name: "lobby 1 unread message" }).waitFor();
  tell({ type: "read", room: "lobby", payload: { seq: 61 } });
  await alice.getByRole("link", { name: "lobby", exact: true }).waitFor();
  assert.equal(await alice.title(), "dev – chinwag");
  assert.equal(heard("read").length, 1, "only what is before the reader's eyes is marked");
});

test("guests send no read marker", async () => {
  const alice = await person("Alice");
  world.server.append("lobby", "message", { sender: "Bob", content: "hello" });
  await sees(alice, "hello");
  await say(alice, "hello yourself");
  await sees(alice, "hello yourself");
  assert.deepEqual(heard("read"), []);
});

test("a private conversation is listed, loaded when it is opened, and answered in its room", async () => {
  for (let i = 1; i <= 3; i += 1) world.server.append("@Bob-2", "message", { sender: "Bob", content: `psst ${i}` });
  world.server.extra = { direct: { "@Bob-2": { with: "Bob", seq: 3, read: 1, unread: 2 } } };
  const alice = await person("Alice");
  await alice.getByRole("link", { name: /^Bob 2 unread messages/ }).click();
  await alice.getByRole("heading", { name: "@Bob" }).waitFor();
  await sees(alice, "psst 3");
  await field(alice).fill("psst yourself");
  await field(alice).press("Enter");
  await until(() => heard("send_message").length === 1, "the answer");
  assert.equal(heard("send_message")[0].room, "@Bob-2");
});

test("moderation is shown in the room", async () => {
  const alice = await person("Alice", { room: "dev" });
  world.server.append("dev", "moderated", { action: "mute", by: "Eve", user: "Bob", seconds: 600, reason: "flood" });
  await log(alice).getByText("Eve muted Bob for 10m. (flood)").waitFor();
  world.server.append("dev", "moderated", { action: "juggle", by: "Eve", user: "Bob" });
  await log(alice).getByText("Eve: juggle Bob").waitFor();
  tell({ type: "user_list", room: "dev", payload: { users: [{ name: "Alice" }, { name: "Eve", role: "owner", status: "away", text: "lunch" }] } });
  await alice.getByRole("list", { name: "People" }).getByText("owner · away · lunch").waitFor();
  tell({ type: "invitation", room: "attic", payload: { by: "Eve", ts: Date.now() } });
  const rooms = alice.getByRole("navigation", { name: "Rooms" });
  await rooms.getByText("Eve invites you to attic").waitFor();
  await rooms.getByRole("button", { name: "Accept" }).click();
  await alice.getByRole("heading", { name: "#attic" }).waitFor();
  tell({ type: "left", room: "attic", payload: { why: "kicked", by: "Eve", reason: "" } });
  await alice.getByRole("heading", { name: "#dev" }).waitFor();
  await log(alice).getByText("Eve removed you from attic.").waitFor();
});

test("unavailable history is not requested repeatedly", async () => {
  for (let i = 1; i <= 80; i += 1) world.server.append("lobby", "message", { sender: "Bob", content: `text ${i}` });
  const alice = await person("Alice");
  await sees(alice, "text 80");
  world.server.refusals.history = { code: "overloaded", message: "later", retryable: true, retry_after_ms: 100 };
  await log(alice).evaluate((it) => it.scrollTo(0, 0));
  await until(() => heard("history").length > 0, "the question");
  await alice.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500)));
  assert.ok(heard("history").length <= 3, `${heard("history").length} questions`);
  world.server.refusals = {};
  await log(alice).evaluate((it) => it.scrollTo(0, 200));
  await log(alice).evaluate((it) => it.scrollTo(0, 0));
  await sees(alice, /text 1$/);
});

for (const [size, options] of [["phone", { viewport: { width: 320, height: 600 }, hasTouch: true, isMobile: true }], ["desk", {}]]) {
  test(`at the ${size}, an offline page counts down to the next attempt and accepts messages`, async () => {
    const alice = await person("Alice", options);
    tell({ type: "bye", payload: { code: 1012, reason: "restart", reconnect: true, after_ms: 60_000 } });
    for (const { ws } of world.server.clients) ws.close(1012);
    await statusIs(alice, "Offline");
    const countdown = alice.getByText(/retrying in \d+ s/);
    await countdown.waitFor();
    const now = alice.getByRole("button", { name: "Reconnect" });
    const { x, width } = await now.boundingBox();
    assert.ok(x >= 0 && x + width <= (options.viewport?.width ?? 1280));
    assert.equal(await alice.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
    await say(alice, "said offline");
    await rows(alice, "said offline").waitFor();
    assert.equal(heard("send_message").length, 0);
    await now.click();
    await connected(alice);
    await sees(alice, "said offline");
    assert.equal(heard("send_message").length, 1);
  });
}

test("notifications need the reader's permission, and a click opens the room", async () => {
  const page = world.track(await openPage(world.browser, world.url));
  await page.addInitScript(() => {
    window.shown = [];
    window.Notification = class {
      static permission = "default";
      static asked = 0;
      static requestPermission() {
        this.asked += 1;
        this.permission = "granted";
        return Promise.resolve("granted");
      }
      constructor(title, { body, tag }) {
        window.shown.push(this);
        Object.assign(this, { title, body, tag });
      }
      close() {}
    };
  });
  await page.reload();
  await join(page, "Alice", "dev");
  await makeRoom(page, "lobby");
  assert.equal(await page.evaluate(() => Notification.asked), 0);
  await page.getByRole("button", { name: "Notify me about mentions" }).click();
  assert.equal(await page.evaluate(() => Notification.asked), 1);
  await page.getByRole("button", { name: "Notify me about mentions" }).waitFor({ state: "hidden" });

  world.server.append("dev", "message", { sender: "Bob", content: "@Alice, you are here" });
  await until(async () => (await page.title()) === "(1) lobby – chinwag", "the title");
  assert.equal(await page.evaluate(() => shown.length), 0, "who sees the page needs none");
  await page.evaluate(() => Object.defineProperty(document, "hidden", { configurable: true, get: () => true }));
  world.server.append("dev", "message", { sender: "Bob", content: "@Alice, where are you?" });
  world.server.append("dev", "message", { sender: "Bob", content: "nothing for Alice" });
  await until(async () => (await page.title()) === "(3) lobby – chinwag", "the title");
  assert.deepEqual(await page.evaluate(() => shown.map(({ title, body, tag }) => [title, body, tag])), [["Bob – dev", "@Alice, where are you?", "dev"]]);
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => false });
    shown[0].onclick();
  });
  await page.getByRole("heading", { name: "#dev" }).waitFor();
});

test("an expired login is shown, and the page waits for a new one", async () => {
  world.server.extra = { account: true };
  const alice = await person("Alice");
  await until(async () => (await alice.locator("#me").innerText()).trim() === "Alice", "no guest");
  for (const { ws } of world.server.clients) ws.close(4105, "token expired");
  await statusIs(alice, "Login expired");
  const dialog = alice.getByRole("dialog");
  assert.equal(await dialog.getByRole("textbox", { name: "Name" }).inputValue(), "Alice");
  await alice.keyboard.press("Escape");
  assert.equal(await alice.getByText(/next attempt/).count(), 0);
  await say(alice, "kept for later");
  await rows(alice, "kept for later").and(alice.locator(".waiting")).waitFor();
  await alice.locator("#now").click();
  assert.equal(await alice.getByRole("dialog").getByRole("textbox", { name: "Name" }).inputValue(), "Alice");
});

test("the service worker shows notifications on phones, and a tap opens the room", async () => {
  const page = world.track(await openPage(world.browser, world.url));
  await page.addInitScript(() => {
    window.shown = [];
    window.Notification = class {
      static permission = "granted";
      constructor() {
        throw new TypeError("only from a worker");
      }
    };
    const registration = { showNotification: async (title, { body, tag }) => window.shown.push({ title, body, tag }) };
    navigator.serviceWorker.getRegistration = async () => registration;
  });
  await page.reload();
  await join(page, "Alice", "dev");
  await page.evaluate(() => Object.defineProperty(document, "hidden", { configurable: true, get: () => true }));
  world.server.append("dev", "message", { sender: "Bob", content: "@Alice, come" });
  await until(() => page.evaluate(() => window.shown.length), "the notification");
  assert.deepEqual(await page.evaluate(() => window.shown), [{ title: "Bob – dev", body: "@Alice, come", tag: "dev" }]);
  await page.evaluate(() => Object.defineProperty(document, "hidden", { configurable: true, get: () => false }));
  world.server.append("attic", "message", { sender: "Bob", content: "of long ago" });
  await page.evaluate(() => navigator.serviceWorker.dispatchEvent(new MessageEvent("message", { data: { open: "attic" } })));
  await page.getByRole("heading", { name: "#attic" }).waitFor();
});
