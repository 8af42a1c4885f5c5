import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { connectBot } from "./bots.js";
import { connected, enter, log, newTab, openPage, pressIn, say, sees, setUp, startServer, statusIs, stored, texts, until } from "./world.js";

const PASSWORD = "correct horse";

const world = setUp({ args: [] });

const guest = world.enter;

function dialog(page) {
  return page.getByRole("dialog");
}

/** Fills in and submits the open dialog. */
async function fillIn(page, name, password) {
  await dialog(page).getByRole("textbox", { name: "Name" }).fill(name);
  await dialog(page).getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
}

/** Registers or logs in from the own menu. */
async function becomes(page, what, name, password = PASSWORD) {
  await pressIn(page, page.locator("#me"), what);
  await fillIn(page, name, password);
  await dialog(page).waitFor({ state: "hidden" });
  await isMember(page, name);
}

/** Opens a page and logs in at the entrance. */
async function arrives(name, options) {
  const page = world.track(await openPage(world.browser, world.url, options));
  await page.getByRole("button", { name: "Log in" }).click();
  await fillIn(page, name, PASSWORD);
  await isMember(page, name);
  return page;
}

/** Waits until the page is connected with an account. */
async function isMember(page, name) {
  await connected(page);
  await until(async () => (await page.locator("#me").innerText()).trim() === name, `to be ${name}`, () => page.locator("#me").innerText());
}

/** Returns everything in the browser's storage that scripts can read. */
function readable(page) {
  return page.evaluate(() => JSON.stringify({ local: { ...localStorage }, session: { ...sessionStorage }, cookie: document.cookie, address: location.href }));
}

for (const [size, options] of [["desk", {}], ["phone", { viewport: { width: 375, height: 667 }, hasTouch: true, isMobile: true }]]) {
  test(`at the ${size}, a registered account survives a reload with its name and rooms`, async () => {
    const name = `Ada ${size}`;
    const ada = await guest(name, { room: `${size} attic`, ...options });
    await say(ada, "as a guest");
    await sees(ada, "as a guest");
    if (size === "phone") await ada.locator("#rooms-open").click();
    assert.match(await ada.locator("#me").innerText(), /guest/);
    await pressIn(ada, ada.locator("#me"), "Register");
    assert.equal(await dialog(ada).getByRole("textbox", { name: "Name" }).inputValue(), name);
    assert.equal(await ada.locator("#account-password").getAttribute("autocomplete"), "new-password");
    await fillIn(ada, name, "short");
    await dialog(ada).getByRole("alert").getByText("at least 8").waitFor();
    await fillIn(ada, name, PASSWORD);
    await isMember(ada, name);
    await sees(ada, "as a guest");
    await say(ada, "as an account");
    await sees(ada, "as an account");
    const known = await readable(ada);
    assert.ok(!known.includes(PASSWORD) && !/eyJ/.test(known), known);

    await ada.reload();
    await isMember(ada, name);
    await ada.getByRole("heading", { name: `#${size} attic` }).waitFor();
    await sees(ada, "as a guest");
    // The guest still owns the room it created.
    await pressIn(ada, ada.locator("#room-menu"), "Make private");
    await log(ada).getByText("made the room private").waitFor();
  });
}

test("a login elsewhere shows the same conversations and unread counts", async () => {
  const first = await guest("Carl");
  await becomes(first, "Register", "Carl");
  const bob = await guest("Berta");
  await say(bob, "/msg Carl for your eyes only");
  await first.getByRole("link", { name: /^Berta/ }).waitFor();
  const second = await arrives("Carl");
  await second.getByRole("link", { name: /^Berta 1 unread message/ }).click();
  await sees(second, "for your eyes only");
  await say(second, "from my other machine");
  await sees(bob, "from my other machine");
  await first.getByRole("link", { name: /^Berta/ }).click();
  await sees(first, "from my other machine");
  assert.deepEqual(await texts(first), await texts(second));
});

test("login errors are explained, and nothing is lost", async () => {
  const own = await startServer();
  try {
    const page = world.track(await openPage(world.browser, own.url));
    await page.getByRole("button", { name: "Register" }).click();
    await fillIn(page, "Dora", PASSWORD);
    await isMember(page, "Dora");
    const other = world.track(await enter(world.browser, own.url, "Eve"));
    await pressIn(other, other.locator("#me"), "Register");
    await fillIn(other, "dora", PASSWORD);
    await dialog(other).getByRole("alert").getByText("That name is taken").waitFor();
    await dialog(other).getByRole("button", { name: /Already have an account/ }).click();
    assert.equal(await other.locator("#account-password").getAttribute("autocomplete"), "current-password");
    await fillIn(other, "Dora", "wrong wrong");
    await dialog(other).getByRole("alert").getByText("Wrong name or password.").waitFor();
    await until(async () => {
      await fillIn(other, "Dora", "wrong wrong");
      return /Try again in \d+s\./.test(await dialog(other).getByRole("alert").innerText());
    }, "the attempts to be too many");
    await other.keyboard.press("Escape");
    await dialog(other).waitFor({ state: "hidden" });
    await until(async () => (await other.locator("#account-password").inputValue()) === "", "no password to be left");
    await say(other, "still here");
    await sees(page, "still here");
    await own.kill();
    await pressIn(other, other.locator("#me"), "Log in");
    await fillIn(other, "Dora", PASSWORD);
    await dialog(other).getByRole("alert").getByText("Not available while offline.").waitFor();
  } finally {
    await own.kill();
  }
});

test("who has an account is shown beside the name, and a guest is not", async () => {
  const member = await guest("Minna");
  await becomes(member, "Register", "Minna");
  const visitor = world.track(await enter(world.browser, world.url, "Gustav"));
  await say(member, "from an account");
  await sees(visitor, "from an account");
  await say(visitor, "from a guest");
  await sees(visitor, "from a guest");
  const sign = (text) => visitor.locator(".row.message", { hasText: text }).getByRole("img", { name: "Registered account" });
  assert.deepEqual([await sign("from an account").count(), await sign("from a guest").count()], [1, 0]);
  const people = visitor.getByRole("list", { name: "People" });
  const signOf = (name) => people.getByRole("button", { name: new RegExp(name) }).getByRole("img", { name: "Registered account" });
  await signOf("Minna").waitFor();
  assert.equal(await signOf("Gustav").count(), 0);
});

test("a logout leaves nothing behind and is shown in other tabs", async () => {
  const first = await guest("Fritz");
  await becomes(first, "Register", "Fritz");
  const second = world.track(await newTab(first.context(), world.url));
  await isMember(second, "Fritz");
  await say(first, "a secret of Fritz");
  await sees(second, "a secret of Fritz");
  await pressIn(first, first.locator("#me"), "Log out");
  await first.getByRole("textbox", { name: "Your name" }).waitFor();
  assert.doesNotMatch(await readable(first), /Fritz/);
  await statusIs(second, "Logged out");
  await fillIn(second, "Fritz", PASSWORD);
  await isMember(second, "Fritz");
  await sees(second, "a secret of Fritz");
});

test("a guest's registration reaches their other tabs", async () => {
  const first = await guest("Greta");
  const second = world.track(await newTab(first.context(), world.url));
  await connected(second);
  await becomes(first, "Register", "Greta");
  await isMember(second, "Greta");
  await say(second, "both the same");
  await sees(first, "both the same");
  const people = first.getByRole("list", { name: "People" });
  await until(async () => (await people.innerText()).match(/Greta/g).length === 1, "one Greta", () => people.innerText(), 20_000);
});

test("a server that requires accounts makes the page ask for a login", async () => {
  const own = await startServer({ args: ["--data", "none", "--auth", "required"] });
  try {
    const page = world.track(await openPage(world.browser, own.url));
    await page.getByRole("textbox", { name: "Your name" }).fill("Ida");
    await page.getByRole("button", { name: "Join" }).click();
    await statusIs(page, "Login required");
    await dialog(page).getByRole("button", { name: /No account yet/ }).click();
    await fillIn(page, "Ida", PASSWORD);
    await isMember(page, "Ida");
    await say(page, "inside");
    await sees(page, "inside");

    const stats = world.track(await newTab(page.context(), `${own.url}/stats`));
    await statusIs(stats, "Live");
    const stranger = world.track(await openPage(world.browser, `${own.url}/stats`));
    await stranger.getByRole("link", { name: "Log in" }).click();
    await stranger.getByRole("textbox", { name: "Your name" }).waitFor();
  } finally {
    await own.kill();
  }
});

test("direct messages to an offline account arrive on its return", async () => {
  const away = await guest("Ingo");
  await becomes(away, "Register", "Ingo");
  const context = away.context();
  await away.close();
  const page = await guest("Jana");
  await say(page, "/msg Ingo read this later");
  await page.getByText("Ingo is in none of your rooms right now").waitFor({ timeout: 20_000 });
  await sees(page, "read this later");
  const back = world.track(await newTab(context, world.url));
  await isMember(back, "Ingo");
  await back.getByRole("link", { name: /^Jana 1 unread message/ }).click();
  await sees(back, "read this later");
});

test("a name with spaces is quoted in commands", async () => {
  const eve = await connectBot(world.url, "Eve of the Hill", "lobby");
  const page = await guest("Klara");
  await say(page, '/msg "Eve of the Hill" only for you');
  await page.getByRole("heading", { name: "@Eve of the Hill" }).waitFor();
  await until(() => eve.heard.some(({ room, payload }) => room === "@Klara" && payload.content === "only for you"), "the message");
  eve.close();
});

test("accounts survive a killed server, and direct messages sent meanwhile arrive once", async () => {
  const folder = await mkdtemp(join(tmpdir(), "chinwag-"));
  const args = ["--data", folder];
  let own = await startServer({ args });
  try {
    const come = async (name) => {
      const page = world.track(await openPage(world.browser, own.url));
      await page.getByRole("button", { name: "Register" }).click();
      await fillIn(page, name, PASSWORD);
      await isMember(page, name);
      return page;
    };
    const [lena, max] = [await come("Lena"), await come("Max")];
    await say(lena, "/msg Max are you there?");
    await sees(lena, "are you there?");
    await max.getByRole("link", { name: /^Lena/ }).click();
    await sees(max, "are you there?");
    await own.kill();
    await statusIs(lena, "Offline");
    await statusIs(max, "Offline");
    await say(lena, "said in the dark");
    await say(max, "me too");
    // One of the pages reloads.
    await lena.reload();
    await statusIs(lena, "Offline");
    own = await startServer({ args, port: own.port });
    await isMember(lena, "Lena");
    await isMember(max, "Max");
    for (const page of [lena, max]) {
      await page.getByRole("link", { name: /^(Lena|Max)/ }).click();
      for (const text of ["are you there?", "said in the dark", "me too"]) await sees(page, text);
    }
    assert.deepEqual((await texts(lena)).sort(), (await texts(max)).sort());
  } finally {
    await own.kill();
    await rm(folder, { recursive: true });
  }
});

test("a login that has ended makes nobody a guest: it is asked for over the room, with the name filled in", async () => {
  const page = await guest("Ines", { room: "evening" });
  await becomes(page, "Register", "Ines");
  await say(page, "before");
  await sees(page, "before");
  await stored(page, "before");
  await page.context().clearCookies();
  await page.reload();
  await dialog(page).waitFor();
  assert.equal(await dialog(page).getByRole("textbox", { name: "Name" }).inputValue(), "Ines");
  await sees(page, "before");
  assert.doesNotMatch(await page.locator("#me").innerText(), /guest/);
  await dialog(page).getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await isMember(page, "Ines");
  await say(page, "after");
  await sees(page, "after");
});

/** Opens the settings. */
async function settings(page) {
  await page.getByRole("button", { name: "Settings" }).click();
  return page.getByRole("dialog", { name: "Settings" });
}

test("another password ends the other logins, and this page goes on", async () => {
  const olga = await guest("Olga", { room: "keys" });
  await becomes(olga, "Register", "Olga");
  const elsewhere = await arrives("Olga");
  const panel = await settings(olga);
  await panel.getByRole("heading", { name: "Your logins" }).waitFor();
  await until(async () => (await panel.locator(".logins li").count()) === 2, "both logins");
  assert.match(await panel.locator(".logins").innerText(), /Chrome · Linux[\s\S]*this one/);
  await panel.getByLabel("Current password").fill("wrong horse");
  await panel.getByLabel("New password").fill("battery staple");
  await panel.getByRole("button", { name: "Change password" }).click();
  await panel.getByText("The current password is wrong.").waitFor();
  await panel.getByLabel("Current password").fill(PASSWORD);
  await panel.getByRole("button", { name: "Change password" }).click();
  await panel.getByText("Your password has been changed").waitFor();
  // The list is loaded anew, and the fields are cleared after that.
  await until(async () => (await panel.getByLabel("Current password").inputValue()) === "", "the fields to be cleared");
  assert.equal(await panel.locator(".logins li").count(), 1);
  assert.ok(await panel.getByRole("button", { name: "End all others" }).isHidden());
  await until(async () => (await elsewhere.getByRole("dialog").count()) > 0 || /Log in/.test(await elsewhere.locator("body").innerText()), "the other page to say that its login has ended");
  await olga.keyboard.press("Escape");
  await say(olga, "still here");
  await sees(olga, "still here");
  await olga.reload();
  await isMember(olga, "Olga");
});

test("logins are ended one by one, or all others at once", async () => {
  const nils = await guest("Nils", { room: "keys" });
  await becomes(nils, "Register", "Nils");
  const login = () => fetch(`${world.url}/api/login`, { method: "POST", headers: { "content-type": "application/json", "user-agent": "a <b>program</b>" }, body: JSON.stringify({ name: "Nils", password: PASSWORD }) });
  for (let i = 0; i < 3; i += 1) assert.equal((await login()).status, 200);
  const panel = await settings(nils);
  await until(async () => (await panel.locator(".logins li").count()) === 4, "all logins");
  await panel.getByRole("button", { name: "End: a <b>program</b>, 127.0.0.1" }).first().click();
  await panel.getByText("The login has ended.").waitFor();
  await until(async () => (await panel.locator(".logins li").count()) === 3, "one login fewer");
  await panel.getByRole("button", { name: "End all others" }).click();
  await panel.getByText("All other logins have ended.").waitFor();
  await until(async () => (await panel.locator(".logins li").count()) === 1, "one login");
  await nils.reload();
  await isMember(nils, "Nils");
});

test("a status and a colour are chosen in the settings, seen by others, and there after a reload", async () => {
  const rosa = await guest("Rosa", { room: "colours" });
  await becomes(rosa, "Register", "Rosa");
  await say(rosa, "hello");
  const otto = await guest("Otto", { room: "colours" });
  await sees(otto, "hello");
  const panel = await settings(rosa);
  await panel.getByRole("textbox", { name: "Status" }).fill("🌴 until Monday");
  await panel.getByRole("radio", { name: "Colour 7" }).check({ force: true });
  const person = otto.locator("#people li", { hasText: "Rosa" });
  await until(async () => (await person.innerText()).includes("🌴 until Monday"), "the status to be seen", () => person.innerText());
  await until(async () => (await person.locator(".avatar").getAttribute("data-tint")) === "6", "the colour to be seen");
  const row = log(otto).locator(".row.message", { hasText: "hello" });
  assert.equal(await row.locator(".avatar").getAttribute("data-tint"), "6");
  await rosa.keyboard.press("Escape");
  assert.equal(await rosa.locator("#me .avatar").getAttribute("data-tint"), "6");
  await rosa.reload();
  await isMember(rosa, "Rosa");
  const again = await settings(rosa);
  assert.equal(await again.getByRole("textbox", { name: "Status" }).inputValue(), "🌴 until Monday");
  assert.ok(await again.getByRole("radio", { name: "Colour 7" }).isChecked());
  await again.getByRole("radio", { name: "Automatic colour" }).check({ force: true });
  await until(async () => (await person.locator(".avatar").getAttribute("data-tint")) !== "6", "the colour to be taken back");
});
