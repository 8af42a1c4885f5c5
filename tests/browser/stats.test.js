import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { FakeServer } from "../web/fake-server.js";
import { sample } from "../web/sample-stats.js";
import { connectBot } from "./bots.js";
import { FREELY, enter, newTab, openPage, setUp, startServer, statusIs, until } from "./world.js";

const world = setUp();

async function open(url, options = {}) {
  return world.track(await openPage(world.browser, `${url}/stats`, options));
}

/** Starts a server with given statistics. */
async function told(stats) {
  const server = new FakeServer();
  server.stats = stats;
  return { server, url: await server.listen() };
}

function chart(page, name) {
  return page.getByRole("img", { name });
}

test("statistics follow the chat within seconds, as chart and table", async () => {
  // On a disk, because writes to memory take no measurable time.
  const folder = await mkdtemp(join(tmpdir(), "chinwag-"));
  const server = await startServer({ args: [...FREELY, "--data", folder] });
  try {
    const bob = await connectBot(server.url, "Bob", "busy");
    const page = await open(server.url);
    await statusIs(page, "Live");
    await chart(page, "Messages per minute").waitFor();
    await bob.say(...Array.from({ length: 30 }, (_, at) => `number ${at}`));
    const rooms = page.getByRole("region", { name: "Busiest rooms" });
    await rooms.getByRole("row", { name: /busy\s+30/ }).waitFor();
    const bars = page.locator("#messages rect");
    await until(async () => (await bars.count()) >= 1, "a bar");
    const messages = page.getByRole("region", { name: "Messages per minute" }).first();
    await messages.getByText("Show as table").click();
    const said = await messages.getByRole("row").locator("td").allInnerTexts();
    assert.equal(said.map(Number).reduce((sum, it) => sum + it, 0), 30);
    const people = page.getByRole("region", { name: "People and connections" }).first();
    assert.match(await people.locator(".legend").innerText(), /People\s*[12]\s*Connections\s*2/);
    const journal = await chart(page, "Time until a message is stored").locator("path.line").count();
    assert.equal(journal, 2);
    bob.close();
  } finally {
    await server.kill();
    await rm(folder, { recursive: true });
  }
});

test("the statistics page joins no room, and shares the session of the chat", async () => {
  const server = await startServer();
  try {
    const bob = await connectBot(server.url, "Bob", "lobby");
    const guest = await open(server.url);
    await chart(guest, "Messages per minute").waitFor();
    const counted = async () => {
      bob.heard.splice(0);
      bob.send({ type: "list_users", id: "who", room: "lobby" });
      const { payload } = await until(() => bob.heard.find(({ re }) => re === "who"), "the list");
      return payload.users.map(({ name }) => name);
    };
    await until(async () => (await counted()).join() === "Bob", "the guest to be gone", counted, 20_000);

    const alice = world.track(await enter(world.browser, server.url, "Alice"));
    const before = await alice.evaluate(() => JSON.stringify(localStorage));
    const looks = await newTab(alice.context(), `${server.url}/stats`);
    await chart(looks, "Messages per minute").waitFor();
    assert.deepEqual((await counted()).toSorted(), ["Alice", "Bob"]);
    assert.equal(await alice.evaluate(() => JSON.stringify(localStorage)), before, "nothing is written");
    assert.deepEqual(looks.faults, []);
    bob.close();
  } finally {
    await server.kill();
  }
});

test("charts move with time and keep unchanged nodes", async () => {
  let now = Date.UTC(2026, 10, 25, 14, 30, 20);
  const { server, url } = await told(({ minutes }) => sample({ minutes, now }));
  try {
    const page = await open(url, { timezoneId: "UTC", locale: "en-GB" });
    const picture = await chart(page, "Messages per minute").elementHandle();
    const summary = () => page.locator("#messages desc").textContent();
    assert.match(await summary(), /13:31 to 14:30/);
    now += 5 * 60_000;
    await until(async () => /13:36 to 14:35/.test(await summary()), "the next minutes", summary);
    assert.ok(await picture.evaluate((it) => it.isConnected));
    await page.getByRole("combobox", { name: "Time range" }).selectOption("last 6 hours");
    await until(async () => /\b0?8:36 to 14:35/.test(await summary()), "six hours", summary);
    assert.deepEqual(server.heard.at(-1).payload, { minutes: 360 });
  } finally {
    await server.close();
  }
});

test("hovering shows the values of a minute", async () => {
  const { server, url } = await told(({ minutes }) => sample({ minutes }));
  try {
    const page = await open(url, { timezoneId: "UTC", locale: "en-GB" });
    await chart(page, "People and connections").waitFor();
    const plot = page.locator("#people .plot");
    const position = { x: 250, y: 80 };
    await plot.hover({ position });
    await page.locator("#people path.pointer").waitFor({ state: "attached" });
    const when = await page.locator("#people .when").innerText();
    assert.match(when, /^1[34]:\d\d$/);
    await page.locator("#people summary").click();
    const row = page.locator("#people tbody tr", { hasText: when });
    const [people, connections] = await row.locator("td").allInnerTexts();
    await plot.hover({ position });
    const legend = await page.locator("#people .legend").innerText();
    assert.match(legend.replace(/\s+/g, " "), new RegExp(`People ${people} Connections ${connections} ${when}`));
    await page.mouse.move(0, 0);
    await page.locator("#people path.pointer").waitFor({ state: "detached" });
  } finally {
    await server.close();
  }
});

test("statistics fit a phone, mirror for Arabic, and room names stay text", async () => {
  const { server, url } = await told(({ minutes }) => sample({ minutes }));
  try {
    for (const options of [{ viewport: { width: 320, height: 600 } }, { viewport: { width: 375, height: 700 }, locale: "ar" }]) {
      const page = await open(url, options);
      await page.locator("#rooms tbody tr").nth(4).waitFor();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overflow, 0);
      await page.getByText("<b>night</b>").waitFor();
      assert.equal(await page.locator("#rooms b").count(), 0);
    }
    assert.equal(await world.pages[1].evaluate(() => document.dir), "rtl");
    await world.pages[1].getByRole("heading", { name: "الإحصاءات" }).waitFor();
  } finally {
    await server.close();
  }
});

test("nonsense breaks nothing, and a server without statistics is reported", async () => {
  for (const nonsense of [{}, { series: { messages: {}, from: "now" }, rooms: [null], days: [{ day: 5 }] }]) {
    const { server, url } = await told(() => nonsense);
    const page = await open(url);
    await chart(page, "Messages per minute").waitFor();
    assert.doesNotMatch(await page.locator("main").innerHTML(), /NaN|undefined|\[object/);
    await server.close();
  }
  const { server, url } = await told(undefined);
  const page = await open(url);
  await page.getByText("This server does not provide statistics.").waitFor();
  await server.close();
});

test("the loss and return of the server are shown", async () => {
  const first = await told(({ minutes }) => sample({ minutes }));
  const page = await open(first.url);
  await chart(page, "Messages per minute").waitFor();
  const { port } = first.server;
  await first.server.close();
  await statusIs(page, "Offline");
  const again = new FakeServer();
  again.stats = ({ minutes }) => sample({ minutes });
  await again.listen(port);
  await statusIs(page, "Live");
  await again.close();
});

test("the chat and the statistics link to each other", async () => {
  const server = await startServer();
  try {
    const page = world.track(await enter(world.browser, server.url, "Lin"));
    await page.getByRole("link", { name: "Statistics" }).click();
    await page.getByRole("heading", { name: "Statistics" }).waitFor();
    await page.getByRole("link", { name: "chinwag" }).click();
    await statusIs(page, "Connected");
  } finally {
    await server.kill();
  }
});
