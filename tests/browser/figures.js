/**
 * Measures the page through the DevTools protocol: `node tests/browser/figures.js`.
 *
 * What the first visit transfers, how long until one can talk (on a slow connection too), and what
 * 10,000 messages cost.
 *
 * @module
 */

import { someone } from "./crowd.js";
import { connected, enter, join, openPage, sees, startBrowser, startServer } from "./world.js";

const MANY = 10_000;
/** A phone on a slow network. */
const SLOW = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 100_000 };

const server = await startServer({ args: ["--rate-limit", "off", "--data", "none"] });
const browser = await startBrowser();
try {
  const page = await openPage(browser, "about:blank");
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  let bytes = 0;
  let files = 0;
  devtools.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
    files += 1;
  });
  await page.goto(server.url, { waitUntil: "networkidle" });
  print("first visit", `${(bytes / 1000).toFixed(0)} KB in ${files} files, as sent`);
  await join(page, "Fay", "figures");

  print("again, until connected", `${await timeToTalk(page)} ms`);
  await devtools.send("Network.emulateNetworkConditions", SLOW);
  print("the same, 150 ms and 1.6 Mbit/s away", `${await timeToTalk(page)} ms`);
  await page.context().close();

  const reader = await enter(browser, server.url, "Gil", { room: "many" });
  const crowd = await someone(server.url, "Hal", "many");
  for (let i = 0; i < MANY / 1000; i += 1) {
    await crowd.say(...Array.from({ length: 1000 }, (_, k) => `message ${i * 1000 + k + 1} of many, with some words in it`));
  }
  await sees(reader, `message ${MANY} `);
  const inspector = await reader.context().newCDPSession(reader);
  await inspector.send("HeapProfiler.collectGarbage");
  const { usedSize } = await inspector.send("Runtime.getHeapUsage");
  const nodes = await reader.evaluate(() => document.querySelectorAll("*").length);
  print(`${MANY.toLocaleString("en")} messages`, `heap ${(usedSize / 1e6).toFixed(1)} MB, ${nodes} elements`);
  crowd.close();
} finally {
  await browser.close();
  await server.kill();
}

async function timeToTalk(page) {
  const start = performance.now();
  await page.reload({ waitUntil: "commit" });
  await connected(page);
  return Math.round(performance.now() - start);
}

function print(what, value) {
  console.log(`${what.padEnd(40)} ${value}`);
}
