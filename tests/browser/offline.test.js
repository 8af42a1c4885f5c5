import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { connected, enter, field, newTab, openPage, rows, say, sees, setUp, startServer, statusIs, stored, texts, until } from "./world.js";

const world = setUp();

async function person(url, name, options) {
  return world.track(await enter(world.browser, url, name, options));
}

/** Waits until the worker has cached all files and controls the page. */
async function kept(page) {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller) {
      await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
    }
  });
}

function files(page) {
  return page.evaluate(async () => {
    const found = [];
    for (const name of await caches.keys()) {
      for (const { url } of await (await caches.open(name)).keys()) found.push(`${name}: ${new URL(url).pathname}`);
    }
    return found;
  });
}

for (const size of [{ width: 1100, height: 700 }, { width: 375, height: 667 }]) {
  test(`without a server the page shows the cached messages, ${size.width} pixels wide`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "chinwag-"));
    const args = ["--data", folder];
    let server = await startServer({ args });
    try {
      const alice = await person(server.url, "Alice", { viewport: size });
      const bob = await person(server.url, "Bob");
      await say(bob, "said before the night");
      await sees(alice, "said before the night");
      await say(alice, "/expire 300 burns after reading");
      await sees(alice, "burns after reading");
      await kept(alice);
      await stored(alice, "said before the night");
      await stored(alice, "burns", false);
      await server.kill();

      await alice.goto(server.url);
      await statusIs(alice, "Offline");
      assert.deepEqual(await texts(alice), ["said before the night"]);
      await alice.getByRole("heading", { name: "#lobby" }).waitFor();
      await say(alice, "said in the dark");
      await rows(alice, "said in the dark").and(alice.locator(".waiting")).waitFor();
      // Once more, with an unsent message.
      await alice.reload();
      await rows(alice, "said in the dark").waitFor();
      await rows(alice, "said before the night").waitFor();

      server = await startServer({ args, port: server.port });
      await connected(alice);
      await connected(bob);
      await sees(bob, "said in the dark");
      await sees(alice, "said in the dark");
      await sees(alice, "said before the night");
    } finally {
      await server.kill();
      await rm(folder, { recursive: true });
    }
  });
}

test("messages deleted meanwhile do not reappear", async () => {
  const folder = await mkdtemp(join(tmpdir(), "chinwag-"));
  let server = await startServer({ args: ["--data", folder] });
  try {
    const alice = await person(server.url, "Alice");
    const bob = await person(server.url, "Bob");
    await say(bob, "stays");
    await say(bob, "regretted");
    await sees(alice, "regretted");
    await kept(alice);
    await stored(alice, "regretted");
    await alice.goto("about:blank");
    await say(bob, "/delete");
    await sees(bob, "regretted", 0);
    await bob.getByText("Message deleted").waitFor({ state: "hidden" });
    await alice.goto(server.url);
    await connected(alice);
    await sees(alice, "stays");
    assert.deepEqual(await texts(alice), ["stays"]);
    await stored(alice, "regretted", false);
    await server.kill();
    await alice.goto(server.url);
    await statusIs(alice, "Offline");
    await until(async () => (await texts(alice)).join() === "stays", "the message that stays");
  } finally {
    await server.kill();
    await rm(folder, { recursive: true });
  }
});

test("quitting leaves nothing behind", async () => {
  const server = await startServer();
  try {
    const alice = await person(server.url, "Alice");
    await say(alice, "to be forgotten");
    await sees(alice, "to be forgotten");
    await kept(alice);
    await stored(alice, "to be forgotten");
    await say(alice, "/quit");
    await alice.getByRole("textbox", { name: "Your name" }).waitFor();
    await stored(alice, "to be forgotten", false);
    await server.kill();
    await alice.goto(server.url);
    await alice.getByRole("textbox", { name: "Your name" }).waitFor();
    assert.equal(await alice.getByText("to be forgotten").count(), 0);
  } finally {
    await server.kill();
  }
});

test("the worker caches the files of one build and no messages", async () => {
  const server = await startServer();
  try {
    const alice = await person(server.url, "Alice");
    await say(alice, "hello");
    await sees(alice, "hello");
    await kept(alice);
    await alice.evaluate(() => Promise.all([fetch("/api/rooms"), fetch("/healthz"), fetch("/chinwag.js")]));
    const found = await files(alice);
    const build = /^chinwag (\w{16}): /.exec(found[0])?.[1];
    assert.ok(build, found.join("\n"));
    for (const name of ["index.html", "app.js", "style.css"]) assert.ok(found.some((file) => file.endsWith(`/${name}`)), name);
    for (const file of found) assert.ok(file.startsWith(`chinwag ${build}: /v/${build}/`), file);
    const stats = await newTab(alice.context(), `${server.url}/stats`);
    await until(async () => (await files(alice)).some((file) => file.endsWith("/stats/index.html")), "the statistics to be kept");
    await server.kill();
    await stats.reload();
    await stats.getByRole("heading", { name: "Statistics" }).waitFor();
    await statusIs(stats, "Offline");
    const refused = await alice.evaluate(() => fetch("/api/rooms").then(() => "answered", () => "refused"));
    assert.equal(refused, "refused");
  } finally {
    await server.kill();
  }
});

test("a new build replaces the old one as a whole", async () => {
  const server = await startServer();
  // A later build serves the same files under another id.
  let build = "";
  const proxy = createServer((incoming, answer) => {
    const { pathname } = new URL(incoming.url, "http://x");
    const other = /^\/v\/(\w+)\//.exec(pathname)?.[1];
    if (build && other && other !== build) return answer.writeHead(404).end();
    const path = build && other ? pathname.replace(build, own) : incoming.url;
    const outgoing = request({ port: server.port, path, method: incoming.method, headers: { ...incoming.headers, "accept-encoding": "identity" } }, (got) => {
      const parts = [];
      got.on("data", (part) => parts.push(part));
      got.on("end", () => {
        const body = build ? Buffer.concat(parts).toString("latin1").replaceAll(own, build) : Buffer.concat(parts);
        const headers = { ...got.headers };
        delete headers["content-length"];
        delete headers.etag;
        answer.writeHead(got.statusCode, headers).end(typeof body === "string" ? Buffer.from(body, "latin1") : body);
      });
    });
    incoming.pipe(outgoing);
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${proxy.address().port}`;
  let own = "";
  try {
    own = /"v\/(\w{16})\//.exec(await (await fetch(url)).text())[1];
    const page = world.track(await openPage(world.browser, url));
    await page.getByRole("textbox", { name: "Your name" }).waitFor();
    await kept(page);
    build = "0123456789abcdef";
    await page.reload();
    await page.getByRole("textbox", { name: "Your name" }).waitFor();
    const loaded = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname));
    const modules = loaded.filter((path) => path.endsWith(".js") && path !== "/reload.js");
    assert.ok(modules.length > 0);
    assert.deepEqual(modules.filter((path) => !path.startsWith(`/v/${build}/`)), [], "no module of the old build");
    await until(async () => (await files(page)).every((file) => file.startsWith(`chinwag ${build}: /v/${build}/`)), "the old files to be gone", async () => (await files(page)).join("\n"));
    proxy.close();
    proxy.closeAllConnections();
    await page.reload();
    await page.getByRole("textbox", { name: "Your name" }).waitFor();
  } finally {
    proxy.close();
    await server.kill();
  }
});

test("a page whose modules are gone reloads once", async () => {
  const server = await startServer();
  let pagesAsked = 0;
  let isGone = () => pagesAsked < 2;
  const proxy = createServer((incoming, reply) => {
    if (incoming.url === "/") pagesAsked += 1;
    if (incoming.url.endsWith("/app.js") && isGone()) return void reply.writeHead(404).end();
    incoming.pipe(request({ port: server.port, path: incoming.url, headers: incoming.headers }, (got) => got.pipe(reply.writeHead(got.statusCode, got.headers))));
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${proxy.address().port}`;
  try {
    const page = world.track(await openPage(world.browser, url, { serviceWorkers: "block" }));
    await page.getByRole("textbox", { name: "Your name" }).waitFor();
    assert.equal(pagesAsked, 2);

    isGone = () => true;
    const lost = world.track(await openPage(world.browser, url, { serviceWorkers: "block" }));
    await until(() => pagesAsked === 4, "the page to be loaded once more");
    await lost.waitForLoadState("networkidle");
    assert.equal(pagesAsked, 4);
  } finally {
    proxy.close();
    proxy.closeAllConnections();
    await server.kill();
  }
});

test("the page opens when the server does not respond or fails", async () => {
  const server = await startServer();
  let answer = "pass";
  const proxy = createServer((incoming, reply) => {
    if (answer === "hang") return;
    if (answer === "fail") return void reply.writeHead(502).end("bad gateway");
    incoming.pipe(request({ port: server.port, path: incoming.url, headers: incoming.headers }, (got) => got.pipe(reply.writeHead(got.statusCode, got.headers))));
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  try {
    const page = world.track(await openPage(world.browser, `http://127.0.0.1:${proxy.address().port}`));
    await kept(page);
    for (answer of ["fail", "hang"]) {
      await page.reload();
      await page.getByRole("textbox", { name: "Your name" }).waitFor();
    }
  } finally {
    proxy.close();
    proxy.closeAllConnections();
    await server.kill();
  }
});

test("the page works without service workers and databases", async () => {
  const server = await startServer();
  try {
    const context = await world.browser.newContext({ serviceWorkers: "block" });
    await context.addInitScript(() => Object.defineProperty(window, "indexedDB", { get: () => { throw new Error("forbidden"); } }));
    const page = world.track(await newTab(context, server.url));
    await page.getByRole("textbox", { name: "Your name" }).fill("Ivy");
    await page.getByRole("button", { name: "Join" }).click();
    await connected(page);
    await say(page, "all the same");
    await sees(page, "all the same");
    await field(page).waitFor();
  } finally {
    await server.kill();
  }
});

test("the page is installable", async () => {
  const server = await startServer();
  try {
    const page = world.track(await openPage(world.browser, server.url));
    const devtools = await page.context().newCDPSession(page);
    const { errors, data } = await devtools.send("Page.getAppManifest");
    assert.deepEqual(errors, []);
    const { icons, start_url: start } = JSON.parse(data);
    assert.equal(start, "./");
    for (const { src, sizes, type } of icons) {
      const icon = await page.evaluate(async (path) => {
        const answer = await fetch(path);
        const { width, height } = await createImageBitmap(await answer.clone().blob()).catch(() => ({ width: 0, height: 0 }));
        return { type: answer.headers.get("content-type"), sizes: `${width}x${height}` };
      }, src);
      assert.deepEqual(icon, { type, sizes: sizes === "any" ? "0x0" : sizes }, src);
    }
    const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
    assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito"), []);
  } finally {
    await server.kill();
  }
});
