import assert from "node:assert/strict";
import { test } from "node:test";

import { openPathProxy } from "./network.js";
import { connected, enter, field, log, openPage, say, sees, setUp, statusIs, until } from "./world.js";

// The page behind a proxy, under a path.

const world = setUp({ args: [] });

async function behindProxy(work) {
  const proxy = await openPathProxy(Number(new URL(world.url).port), "/some/chat/");
  try {
    await work(proxy);
    assert.deepEqual(proxy.strays, []);
  } finally {
    proxy.close();
  }
}

test("the page works under a path, with accounts and statistics", async () => {
  await behindProxy(async (proxy) => {
    const alice = world.track(await enter(world.browser, proxy.url, "Alice"));
    const bob = await world.enter("Bob");
    await say(alice, "from below");
    await sees(bob, "from below");
    assert.equal(new URL(alice.url()).pathname, "/some/chat/");

    await alice.locator("#me").click();
    await alice.getByRole("menuitem", { name: "Register" }).click();
    await alice.getByLabel("Name", { exact: true }).fill("Alice");
    await alice.getByLabel("Password").fill("correct horse");
    await alice.locator("#account-go").click();
    await log(alice).getByText("You are logged in as Alice.").waitFor();
    await connected(alice);

    await alice.getByRole("link", { name: "Statistics" }).click();
    await alice.waitForURL(`${proxy.url}stats`);
    await alice.getByRole("heading", { level: 2 }).first().waitFor();
    await alice.locator("#back").click();
    await alice.waitForURL((url) => url.pathname === "/some/chat/");
    await connected(alice);
    await say(alice, "/stats");
    await alice.waitForURL(`${proxy.url}stats`);
  });
});

test("the page under a path opens without network, and is installed there", async () => {
  await behindProxy(async (proxy) => {
    const page = world.track(await openPage(world.browser, proxy.url));
    const { scope, manifest } = await page.evaluate(async () => {
      const { scope } = await navigator.serviceWorker.ready;
      if (!navigator.serviceWorker.controller) {
        await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
      }
      const link = document.querySelector("link[rel=manifest]").href;
      const manifest = await (await fetch(link)).json();
      return { scope, manifest: { start: new URL(manifest.start_url, link).href, icon: new URL(manifest.icons[0].src, link).href } };
    });
    assert.deepEqual({ scope, manifest }, { scope: proxy.url, manifest: { start: proxy.url, icon: `${proxy.url}icon.svg` } });
    await until(async () => (await page.evaluate(async () => (await caches.keys()).length)) === 1, "the cache");
    assert.match((await page.evaluate(() => caches.keys()))[0], /^chinwag \/some\/chat\/ [0-9a-f]+$/);
    await page.getByRole("textbox", { name: "Your name" }).fill("Zoe");
    await page.getByRole("button", { name: "Join" }).click();
    await connected(page);
    proxy.close();
    await page.reload();
    await statusIs(page, "Offline");
    await field(page).waitFor();
  });
});
