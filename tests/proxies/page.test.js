import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { join, openPage, say, sees, startBrowser } from "../browser/world.js";
import { PROXY, behind } from "./clients.js";
import { OTHER_HOST, OWN_HOST, caddy, haproxy, nginx } from "./proxies.js";

let browser;

before(async () => {
  browser = await startBrowser([`--host-resolver-rules=MAP *.example 127.0.0.1`, "--ignore-certificate-errors"]);
});

after(() => browser?.close());

for (const [name, start] of Object.entries({ nginx, haproxy, caddy })) {
  test(`the page works through ${name}, under a host of its own and under a path`, async (context) => {
    const { proxy } = await behind(context, start, PROXY);
    const places = [`https://${OWN_HOST}:${proxy.https}/`, `https://${OTHER_HOST}:${proxy.https}/chat/`];
    const pages = await Promise.all(places.map((url) => openPage(browser, url)));
    context.after(() => Promise.all(pages.map((page) => page.context().close())));
    const [alice, bob] = pages;
    await join(alice, "Alice");
    await join(bob, "Bob");
    await say(alice, "from the root");
    await sees(bob, "from the root");
    await say(bob, "from below");
    await sees(alice, "from below");
    assert.deepEqual(pages.flatMap((page) => page.faults), []);
    assert.equal(new URL(bob.url()).pathname, "/chat/");
  });
}
