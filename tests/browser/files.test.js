import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { attach, drawn, loaded, picture, ready, textFile, transfer, tray, upload, withPlace } from "./files.js";
import { LOOKS, isSound } from "./sound.js";
import { FREELY, connected, enter, field, log, makeRoom, openPage, rows, say, sees, setUp, startServer, until } from "./world.js";

// Files: attached, sent, shown.

const world = setUp();
/** A server that takes files, which it keeps in a directory. */
let server;
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chinwag-"));
  server = await startServer({ args: [...FREELY, "--data", folder, "--file-bytes-max", "2MiB"] });
});
after(async () => {
  await server.kill();
  await rm(folder, { recursive: true });
});

const person = async (name, options) => world.track(await enter(world.browser, server.url, name, options));

/** Returns the bytes behind a link of a file as text, one character for each. */
function bytesOf(link) {
  return link.evaluate(async ({ href }) => {
    const bytes = new Uint8Array(await (await fetch(href)).arrayBuffer());
    return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  });
}

test("pictures and documents are attached by the button, sent without a text, and shown to others", async () => {
  const alice = await person("Alice", { room: "show" });
  const bob = await person("Bob", { room: "show" });
  await attach(alice, await drawn(alice, "cat.png", { width: 900, height: 600 }), textFile("notes.txt", "milk, tea"));
  await ready(alice, "cat.png");
  await ready(alice, "notes.txt");
  await alice.getByRole("button", { name: "Send" }).click();
  await tray(alice).waitFor({ state: "hidden" });
  for (const page of [alice, bob]) {
    assert.deepEqual(await loaded(page, "cat.png"), [900, 600]);
    const box = await picture(page, "cat.png").boundingBox();
    assert.deepEqual([Math.round(box.width), Math.round(box.height)], [480, 320]);
    const link = log(page).getByRole("link", { name: "notes.txt" });
    assert.match(await link.innerText(), /notes\.txt\s*9 bytes/);
    assert.equal(await bytesOf(link), "milk, tea");
    assert.equal(await link.getAttribute("download"), "notes.txt");
  }
});

test("a picture opens large by a press or the keyboard, and closes with Escape or Back", async () => {
  const alice = await person("Alva", { room: "large" });
  await attach(alice, await drawn(alice, "wide.png", { width: 1_200, height: 400 }));
  await ready(alice, "wide.png");
  await field(alice).press("Enter");
  await loaded(alice, "wide.png");
  await picture(alice, "wide.png").click();
  const large = alice.getByRole("dialog", { name: "wide.png" });
  await large.getByText("1,200 × 400 pixels").waitFor();
  assert.ok((await large.getByRole("img", { name: "wide.png" }).boundingBox()).width > 900);
  await alice.keyboard.press("Escape");
  await large.waitFor({ state: "detached" });
  // The focus is on the picture again.
  await alice.keyboard.press("Enter");
  await large.getByRole("link", { name: "Download" }).waitFor();
  await large.getByRole("button", { name: "Close" }).click();
  await large.waitFor({ state: "detached" });

  const phone = await person("Phil", { room: "large", viewport: { width: 390, height: 700 }, hasTouch: true, isMobile: true });
  await loaded(phone, "wide.png");
  const { width } = await picture(phone, "wide.png").boundingBox();
  assert.ok(width < 390, `${width}`);
  await picture(phone, "wide.png").tap();
  await phone.getByRole("dialog", { name: "wide.png" }).waitFor();
  await phone.goBack();
  await phone.getByRole("dialog").waitFor({ state: "detached" });
  await phone.getByRole("heading", { name: "#large" }).waitFor();
});

test("the place of a picture is reserved before it is loaded", async () => {
  const alice = await person("Ada", { room: "still" });
  await attach(alice, await drawn(alice, "slow.png", { width: 400, height: 300 }));
  await ready(alice, "slow.png");
  await say(alice, "slow is below");
  await loaded(alice, "slow.png");
  const bob = await person("Ben");
  let answer;
  await bob.route("**/files/**", (route) => (answer = () => route.continue()));
  await bob.evaluate(() => (location.hash = "#still"));
  await sees(bob, "slow is below");
  await until(() => answer, "the picture to be asked for");
  const box = () => picture(bob, "slow.png").boundingBox();
  const reserved = await box();
  assert.deepEqual([reserved.width, reserved.height], [400, 300]);
  await answer();
  await loaded(bob, "slow.png");
  assert.deepEqual(await box(), reserved);
});

test("Enter while an upload runs sends the message when it is done", async () => {
  const alice = await person("Anna", { room: "hurry" });
  let go;
  await alice.route("**/api/rooms/hurry/files*", (route) => (go = () => route.continue()));
  await attach(alice, textFile("long.txt", "x".repeat(1_000)));
  await until(() => go, "the upload to begin");
  await field(alice).fill("here it is");
  await field(alice).press("Enter");
  await tray(alice).getByText("Will be sent as soon as everything is uploaded: here it is").waitFor();
  assert.equal(await field(alice).inputValue(), "");
  assert.equal(await rows(alice, "here it is").count(), 0);
  await go();
  await sees(alice, "here it is");
  await rows(alice, "here it is").getByRole("link", { name: "long.txt" }).waitFor();
});

test("an upload can be cancelled, also under a message that waits, whose text comes back", async () => {
  const alice = await person("Agnes", { room: "cancel" });
  let asked = 0;
  await alice.route("**/api/rooms/cancel/files*", () => (asked += 1));
  await attach(alice, textFile("one.txt", "1"), textFile("two.txt", "2"));
  await until(() => asked === 2, "the uploads to begin");
  await upload(alice, "one.txt").getByRole("button", { name: "Cancel" }).click();
  await upload(alice, "one.txt").waitFor({ state: "detached" });
  await field(alice).fill("with two");
  await field(alice).press("Enter");
  await upload(alice, "two.txt").getByRole("button", { name: "Cancel" }).click();
  await tray(alice).waitFor({ state: "hidden" });
  assert.equal(await field(alice).inputValue(), "with two");
  assert.equal(await alice.evaluate(() => document.activeElement.id), "message");
  await field(alice).press("Enter");
  await sees(alice, "with two");
});

test("files are pasted and dropped, but not the picture of a text", async () => {
  const alice = await person("Petra", { room: "paste" });
  const { buffer, mimeType } = await drawn(alice, "image.png");
  const image = { name: "image.png", mimeType, base64: buffer.toString("base64") };
  await transfer(alice, "#message", "paste", [{ mimeType: "text/plain", text: "a table" }, { mimeType: "text/html", text: "<b>a table</b>" }, image]);
  assert.equal(await tray(alice).count(), 0);
  await transfer(alice, "#message", "paste", [image]);
  await ready(alice, "image.png");
  const document = { name: "dropped.txt", mimeType: "text/plain", text: "down" };
  await transfer(alice, "#log", "dragenter", [document]);
  await alice.getByText("Drop files here to attach them").waitFor();
  // Beside the room nothing is taken, and the page stays.
  assert.equal(await transfer(alice, "#rooms-side", "drop", [document]), false);
  await transfer(alice, "#log", "drop", [document]);
  await alice.getByText("Drop files here to attach them").waitFor({ state: "detached" });
  await ready(alice, "dropped.txt");
  assert.equal(await tray(alice).getByRole("listitem").count(), 2);
});

test("files stay with the room that they were attached in", async () => {
  const alice = await person("Rita", { room: "first" });
  await makeRoom(alice, "second");
  await attach(alice, textFile("second.txt", "2"));
  await ready(alice, "second.txt");
  await alice.getByRole("link", { name: "first" }).click();
  await alice.getByRole("heading", { name: "#first" }).waitFor();
  await tray(alice).waitFor({ state: "hidden" });
  await say(alice, "nothing attached");
  await sees(alice, "nothing attached");
  assert.equal(await log(alice).getByRole("link", { name: "second.txt" }).count(), 0);
  await alice.getByRole("link", { name: "second" }).click();
  await ready(alice, "second.txt");
  await field(alice).press("Enter");
  await log(alice).getByRole("link", { name: "second.txt" }).waitFor();
});

test("a JPEG loses its place and stands upright", async () => {
  const alice = await person("Jo", { room: "place" });
  const photo = await drawn(alice, "photo.jpg", { width: 64, height: 32, type: "image/jpeg" });
  await attach(alice, withPlace(photo), withPlace({ ...photo, name: "turned.jpg" }, 6));
  await ready(alice, "photo.jpg");
  await ready(alice, "turned.jpg");
  await field(alice).press("Enter");
  assert.deepEqual(await loaded(alice, "photo.jpg"), [64, 32]);
  assert.deepEqual(await loaded(alice, "turned.jpg"), [32, 64]);
  const links = log(alice).locator("a.picture");
  assert.equal(await bytesOf(links.nth(0)), photo.buffer.toString("latin1"), "nothing else has changed");
  assert.doesNotMatch(await bytesOf(links.nth(1)), /GPS/);
});

test("a large picture is scaled, unless the reader wants the original", async () => {
  const alice = await person("Greta", { room: "scale" });
  const photo = withPlace(await drawn(alice, "big.jpg", { width: 3_000, height: 1_500, type: "image/jpeg" }));
  await attach(alice, photo);
  await ready(alice, "big.jpg");
  await field(alice).press("Enter");
  assert.deepEqual(await loaded(alice, "big.jpg"), [2_560, 1_280]);
  await attach(alice, { ...photo, name: "original.jpg" });
  await upload(alice, "original.jpg").getByRole("checkbox", { name: "Original size" }).check();
  await ready(alice, "original.jpg");
  await field(alice).press("Enter");
  assert.deepEqual(await loaded(alice, "original.jpg"), [3_000, 1_500]);
  assert.doesNotMatch(await bytesOf(log(alice).locator("a.picture").last()), /GPS/);
});

test("in private rooms and conversations a guest sees files, and no stranger does", async () => {
  const alice = await person("Prue");
  await makeRoom(alice, "den", { isPrivate: true });
  await attach(alice, await drawn(alice, "secret.png"), textFile("secret.txt", "psst"));
  await ready(alice, "secret.png");
  await ready(alice, "secret.txt");
  await say(alice, "for us");
  await sees(alice, "for us");
  assert.deepEqual(await loaded(alice, "secret.png"), [64, 48]);
  assert.match(await picture(alice, "secret.png").getAttribute("src"), /^blob:/);
  const [saved] = await Promise.all([alice.waitForEvent("download"), log(alice).getByRole("link", { name: "secret.txt" }).click()]);
  assert.equal(saved.suggestedFilename(), "secret.txt");
  const href = await log(alice).getByRole("link", { name: "secret.txt" }).evaluate((it) => it.href);
  assert.equal((await fetch(href)).status, 404);

  // The first message of a conversation, which does not exist before.
  const bob = await person("Quinn");
  const quinn = alice.getByRole("option", { name: "Quinn" }).first();
  await until(async () => {
    // Who came a moment ago may not be known yet.
    await alice.keyboard.press("Escape");
    await alice.keyboard.press("Control+k");
    await alice.getByRole("combobox").fill("Quinn");
    return quinn.waitFor({ timeout: 2000 }).then(() => true, () => false);
  }, "Quinn to be found");
  await quinn.click();
  await alice.getByRole("heading", { name: "@Quinn" }).waitFor();
  await attach(alice, await drawn(alice, "direct.png"));
  await ready(alice, "direct.png");
  await field(alice).press("Enter");
  assert.deepEqual(await loaded(alice, "direct.png"), [64, 48]);
  await bob.getByRole("list", { name: "Direct messages" }).getByRole("link").click();
  assert.deepEqual(await loaded(bob, "direct.png"), [64, 48]);
  await connected(bob);
});

test("files are attached, looked at and sent with the keyboard alone", async () => {
  const alice = await person("Keya", { room: "keys" });
  const cat = await drawn(alice, "cat.png", { width: 300, height: 200 });
  const focused = () => alice.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);
  await field(alice).focus();
  while ((await focused()) !== "Attach files") await alice.keyboard.press("Tab");
  const chosen = alice.waitForEvent("filechooser");
  // By then the browser knows that it is waited for.
  await focused();
  await alice.keyboard.press("Enter");
  const chooser = await chosen;
  assert.ok(chooser.isMultiple());
  await chooser.setFiles([cat, textFile("wrong.txt", "1")]);
  await ready(alice, "wrong.txt");
  await ready(alice, "cat.png");
  assert.equal(await alice.evaluate(() => document.activeElement.id), "message");
  await alice.keyboard.press("Shift+Tab");
  assert.equal(await focused(), "Cancel");
  assert.equal(await alice.evaluate(() => document.getElementById(document.activeElement.getAttribute("aria-describedby")).textContent), "wrong.txt");
  await alice.keyboard.press("Enter");
  await upload(alice, "wrong.txt").waitFor({ state: "detached" });
  await field(alice).press("Enter");
  await loaded(alice, "cat.png");
  await alice.keyboard.press("Shift+Tab");
  await alice.keyboard.press("ArrowUp");
  for (let at = 0; at < 9 && (await alice.evaluate(() => document.activeElement.className)) !== "picture"; at += 1) await alice.keyboard.press("Tab");
  await alice.keyboard.press("Enter");
  await alice.getByRole("dialog", { name: "cat.png" }).waitFor();
  await alice.keyboard.press("Escape");
  await alice.getByRole("dialog").waitFor({ state: "detached" });
});

for (const [look, options] of LOOKS) {
  test(`axe-core finds nothing about files: ${look}`, async () => {
    const page = world.track(await openPage(world.browser, server.url, options));
    await page.locator("#join-name").fill(`Axel ${look}`);
    await page.locator("#join-room").fill(`axe ${look}`);
    await page.keyboard.press("Enter");
    await page.locator('#chat[data-phase="live"]').waitFor();
    const inState = (state, number) => until(async () => (await page.locator(`.upload[data-state="${state}"]`).count()) === number, `${number} × ${state}`);
    const input = page.locator("#attach");
    await input.setInputFiles([await drawn(page, "cat.png", { width: 3_000, height: 100 }), textFile("notes.txt", "milk")]);
    await inState("done", 2);
    await page.locator("#send").click();
    await page.locator("a.picture").waitFor();
    await page.route("**/api/rooms/*/files*", (route) => (route.request().url().includes("cut") ? route.abort() : undefined));
    await input.setInputFiles([await drawn(page, "slow.png", { width: 3_000, height: 100 }), textFile("cut.txt", "1")]);
    await inState("failed", 1);
    await inState("uploading", 1);
    await isSound(page, "the files of a message and those to be sent");
    await page.locator("#message").fill("words");
    await page.locator("#send").click();
    await page.locator(".held").waitFor();
    await isSound(page, "a message that waits");
    await page.locator("a.picture").click();
    await page.locator("dialog.lightbox").waitFor();
    await isSound(page, "a picture shown large");
  });
}
