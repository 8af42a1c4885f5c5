import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { attach, drawn, loaded, picture, ready, textFile, transfer, tray, upload } from "./files.js";
import { FREELY, connected, enter, field, log, makeRoom, newTab, rows, say, sees, setUp, startServer, until } from "./world.js";

// Files that are too large, too many, damaged or malicious, and servers without room for them.

const world = setUp();
let server;
let full;
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chinwag-"));
  server = await startServer({ args: [...FREELY, "--data", join(folder, "a"), "--file-bytes-max", "100KiB"] });
  full = await startServer({ args: [...FREELY, "--data", join(folder, "b"), "--files-bytes-max", "1KiB"] });
});
after(async () => {
  await server?.kill();
  await full?.kill();
  await rm(folder, { recursive: true });
});

const person = async (name, options, of = server) => world.track(await enter(world.browser, of.url, name, options));
const notice = (page, text) => log(page).locator(".row.notice").filter({ hasText: text }).last().waitFor();
const failed = (page, name, text) => upload(page, name).getByText(text).waitFor();

test("a file keeps of its name what is safe to show", async () => {
  const alice = await person("Nora", { room: "names" });
  const long = `${"long ".repeat(800)}.txt`;
  const files = [["../../etc/passwd", "a"], [long, "b"], ["\u202etxt.exe", "c"], ["", "d"]].map(([name, text]) => ({ name, mimeType: "text/plain", text }));
  await transfer(alice, "#log", "drop", files);
  await until(async () => (await tray(alice).getByText("ready").count()) === 4, "the uploads", () => tray(alice).innerText());
  const box = await tray(alice).boundingBox();
  assert.ok(box.width < 1_000 && box.height < 300, `${box.width} × ${box.height}`);
  await field(alice).press("Enter");
  await log(alice).locator("a.file").nth(3).waitFor();
  const names = await log(alice).locator("a.file .name").allInnerTexts();
  assert.deepEqual([names[0], names[2], names[3]], ["passwd", "txt.exe", "Files"]);
  assert.match(names[1], /^long long .*\.txt$/);
  assert.ok(names[1].length <= 160);
  const [{ width }, room] = [await log(alice).locator("a.file").nth(1).boundingBox(), await log(alice).boundingBox()];
  assert.ok(width < room.width);
});

test("what a browser would run is neither shown nor run", async () => {
  const alice = await person("Mal", { room: "mal" });
  const script = "fetch('https://evil.example/')";
  const polyglot = { name: "both.gif", mimeType: "image/gif", buffer: Buffer.from(`GIF89a\x2f\x2a\x01\x00\x00*/=1;${script}`, "latin1") };
  await attach(
    alice,
    textFile("evil.svg", `<svg xmlns="http://www.w3.org/2000/svg" onload="${script}"><script>${script}</script></svg>`, "image/svg+xml"),
    textFile("evil.txt", `<!doctype html><script>${script}</script>`),
    polyglot,
    textFile("evil.png", `<script>${script}</script>`, "image/png"),
  );
  for (const name of ["evil.svg", "evil.txt", "both.gif", "evil.png"]) await ready(alice, name);
  await field(alice).press("Enter");
  await log(alice).getByRole("link", { name: "evil.svg" }).waitFor();
  const types = await log(alice).locator("a.file").evaluateAll((links) => Promise.all(links.map(async ({ href, text }) => {
    const { headers } = await fetch(href);
    return [text.split(" ")[0], headers.get("content-disposition").split(";")[0]];
  })));
  assert.deepEqual(types.filter(([name]) => name.startsWith("evil")), [["evil.svg", "attachment"], ["evil.txt", "attachment"], ["evil.png", "attachment"]]);
  // Opened as a page of its own, it does not run either: a request elsewhere would be a fault of the tab.
  const href = await log(alice).getByRole("link", { name: "both.gif" }).evaluate((it) => it.href);
  const tab = world.track(await newTab(alice.context(), href));
  // The browser's own page around a picture wants styles, which the policy of the file forbids.
  tab.faults = tab.faults.filter((it) => !it.startsWith("Applying inline style"));
});

test("an empty file is sent, and one that is a byte too large is not", async () => {
  const alice = await person("Zoe", { room: "size" });
  await attach(alice, textFile("empty.txt", ""), textFile("most.txt", "x".repeat(102_400)), textFile("more.txt", "x".repeat(102_401)));
  await failed(alice, "more.txt", "Too large: a file can be at most 102 kB");
  assert.equal(await upload(alice, "more.txt").getByRole("button", { name: "Retry" }).count(), 0);
  await ready(alice, "empty.txt");
  await ready(alice, "most.txt");
  // The message waits until the reader has decided.
  await field(alice).fill("sizes");
  await field(alice).press("Enter");
  await upload(alice, "more.txt").getByRole("button", { name: "Cancel" }).click();
  await sees(alice, "sizes");
  await rows(alice, "sizes").getByRole("link", { name: "empty.txt 0 bytes" }).waitFor();
  assert.equal(await rows(alice, "sizes").locator("a.file").count(), 2);
});

test("an eleventh file is refused", async () => {
  const alice = await person("Max", { room: "many" });
  await attach(alice, ...Array.from({ length: 11 }, (_, at) => textFile(`${at + 1}.txt`, `${at}`)));
  await notice(alice, "A message can have at most 10 files.");
  await ready(alice, "10.txt");
  assert.equal(await tray(alice).getByRole("listitem").count(), 10);
  await field(alice).press("Enter");
  await until(async () => (await log(alice).locator("a.file").count()) === 10, "ten files");
});

test("a folder that is dropped is refused, and the file beside it is attached", async () => {
  const alice = await person("Fol", { room: "folders" });
  const [inner, file] = [join(folder, "inner"), join(folder, "beside.txt")];
  await mkdir(inner, { recursive: true });
  await writeFile(file, "beside");
  const { x, y, width, height } = await log(alice).boundingBox();
  const devtools = await alice.context().newCDPSession(alice);
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await devtools.send("Input.dispatchDragEvent", { type, x: x + width / 2, y: y + height / 2, data: { items: [], files: [inner, file], dragOperationsMask: 1 } });
  }
  await notice(alice, "Folders cannot be attached.");
  await ready(alice, "beside.txt");
  assert.equal(await tray(alice).getByRole("listitem").count(), 1);
});

test("an upload that is cut off says so, and is tried again", async () => {
  const alice = await person("Cat", { room: "cut" });
  let isCut = true;
  await alice.route("**/api/rooms/cut/files*", (route) => (isCut ? route.abort("connectionreset") : route.continue()));
  await attach(alice, textFile("cut.txt", "x".repeat(50_000)));
  await failed(alice, "cut.txt", "The upload was interrupted");
  isCut = false;
  await upload(alice, "cut.txt").getByRole("button", { name: "Retry" }).click();
  await ready(alice, "cut.txt");
});

test("offline, files wait, and are uploaded and sent when the connection is back", async () => {
  const alice = await person("Off", { room: "off" });
  await attach(alice, textFile("early.txt", "1"));
  await ready(alice, "early.txt");
  await alice.context().setOffline(true);
  await alice.evaluate(() => dispatchEvent(new Event("offline")));
  await until(async () => (await alice.getByRole("status").textContent()) !== "Connected", "the connection to be lost");
  await attach(alice, textFile("late.txt", "2"));
  await failed(alice, "late.txt", "Offline: not uploaded yet");
  await upload(alice, "late.txt").getByRole("button", { name: "Retry" }).waitFor();
  await field(alice).fill("both");
  await field(alice).press("Enter");
  await alice.context().setOffline(false);
  await connected(alice);
  await sees(alice, "both");
  await rows(alice, "both").getByRole("link", { name: "late.txt" }).waitFor();
  assert.equal(await tray(alice).count(), 0);
});

test("a reload with files that are not sent asks first, and keeps the text of a message that waits", async () => {
  const alice = await person("Rel", { room: "reload" });
  let isAsked = false;
  await alice.route("**/api/rooms/reload/files*", () => (isAsked = true));
  await attach(alice, textFile("gone.txt", "1"));
  await until(() => isAsked, "the upload to begin");
  await field(alice).fill("text of it");
  await field(alice).press("Enter");
  await tray(alice).getByText("text of it").waitFor();
  alice.removeAllListeners("dialog");
  const kinds = [];
  alice.on("dialog", (dialog) => {
    kinds.push(dialog.type());
    dialog.accept();
  });
  await alice.reload();
  assert.deepEqual(kinds, ["beforeunload"]);
  await connected(alice);
  assert.equal(await field(alice).inputValue(), "text of it");
  assert.equal(await tray(alice).count(), 0);
});

test("files of a room that is left are given up, and nothing asks about them", async () => {
  const alice = await person("Lev", { room: "leaving" });
  let isAsked = false;
  await alice.route("**/api/rooms/leaving/files*", () => (isAsked = true));
  await attach(alice, textFile("gone.txt", "1"));
  await until(() => isAsked, "the upload to begin");
  await say(alice, "with a file");
  await tray(alice).getByText("with a file").waitFor();
  await say(alice, "/leave");
  await alice.getByRole("navigation", { name: "Rooms" }).getByRole("link", { name: "leaving" }).waitFor({ state: "detached" });
  await alice.reload();
  await connected(alice);
});

test("ten files for a server without room fail one by one, and the page stays usable", async () => {
  const alice = await person("Full", { room: "full" }, full);
  await attach(alice, ...Array.from({ length: 10 }, (_, at) => textFile(`${at}.bin`, `${at}`.repeat(300_000))));
  await until(async () => (await tray(alice).getByText("The server has no space for it at the moment").count()) === 10, "ten refusals", () => tray(alice).innerText());
  await upload(alice, "3.bin").getByRole("button", { name: "Retry" }).click();
  await failed(alice, "3.bin", "The server has no space for it at the moment");
  for (let left = 10; left > 0; left -= 1) await tray(alice).getByRole("button", { name: "Cancel" }).first().click();
  await tray(alice).waitFor({ state: "hidden" });
  await say(alice, "still here");
  await sees(alice, "still here");
});

test("a damaged picture is not sent, because its place cannot be taken out", async () => {
  const alice = await person("Dam", { room: "damaged" });
  await attach(alice, { name: "broken.jpg", mimeType: "image/jpeg", buffer: Buffer.from("\xff\xd8\xff\xe1\xff\xffExif GPS", "latin1") });
  await failed(alice, "broken.jpg", "The picture is damaged");
});

test("a server that takes no files has no button for them, and says so when one is pasted", async () => {
  const own = await startServer({ args: [...FREELY, "--data", "none", "--files", "off"] });
  try {
    const alice = await person("Nof", { room: "none" }, own);
    assert.equal(await alice.getByLabel("Attach files").isVisible(), false);
    await transfer(alice, "#message", "paste", [{ name: "a.txt", mimeType: "text/plain", text: "a" }]);
    await notice(alice, "This server does not accept files.");
    assert.equal(await tray(alice).count(), 0);
    const text = "word ".repeat(400_000);
    await transfer(alice, "#message", "paste", [{ mimeType: "text/plain", text }]);
    await notice(alice, "The text was not pasted: a message can have at most 4,000 characters.");
    assert.equal(await field(alice).inputValue(), "");
  } finally {
    await own.kill();
  }
});

test("a text of two megabytes becomes a file, if the server takes one that large, and does not freeze the page", async () => {
  const alice = await person("Pas", { room: "long" }, full);
  const text = "word ".repeat(400_000);
  await transfer(alice, "#message", "paste", [{ mimeType: "text/plain", text }]);
  await notice(alice, "it was attached as a file");
  await upload(alice, "pasted.txt").getByText("The server has no space").waitFor();
  assert.equal(await field(alice).inputValue(), "");
  await say(alice, "typed");
  // What fits, or nearly so, is pasted as ever.
  assert.equal(await transfer(alice, "#message", "paste", [{ mimeType: "text/plain", text: "x".repeat(4_100) }]), true);
});

test("pictures that are far or gone are freed", async () => {
  const alice = await person("Lea");
  await makeRoom(alice, "gallery", { isPrivate: true });
  await alice.evaluate(() => {
    window.kept = new Set();
    const { createObjectURL, revokeObjectURL } = URL;
    URL.createObjectURL = (it) => {
      const url = createObjectURL(it);
      window.kept.add(url);
      return url;
    };
    URL.revokeObjectURL = (url) => {
      window.kept.delete(url);
      revokeObjectURL(url);
    };
  });
  const kept = () => alice.evaluate(() => window.kept.size);
  for (let at = 0; at < 3; at += 1) {
    await attach(alice, ...(await Promise.all(Array.from({ length: 10 }, (_, it) => drawn(alice, `${at}-${it}.png`, { width: 300, height: 350 + it })))));
    await ready(alice, `${at}-9.png`);
    await until(async () => (await tray(alice).getByText("ready").count()) === 10, "ten uploads");
    await field(alice).press("Enter");
    await loaded(alice, `${at}-9.png`);
  }
  await until(async () => (await kept()) < 20, "the pictures above to be freed", async () => `${await kept()} are kept`);
  await log(alice).evaluate((it) => (it.scrollTop = 0));
  await loaded(alice, "0-0.png");
  assert.ok((await kept()) < 20, `${await kept()}`);
  await makeRoom(alice, "elsewhere");
  await until(async () => (await kept()) === 0, "all to be freed", async () => `${await kept()} are kept`);
});
