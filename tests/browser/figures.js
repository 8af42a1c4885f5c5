/**
 * Measures the page: `node tests/browser/figures.js`.
 *
 * The bytes and requests of the first and the next visit, with headers, and the time until the page is
 * usable, near and far from the server; the time from Enter to the message; a room of 20,000 messages.
 *
 * @module
 */

import { connectBot } from "./bots.js";
import { heapOf, scrolling, timeToJoin, timesOfTalk } from "./measures.js";
import { openSlowNetwork } from "./network.js";
import { FREELY, enter, join, openPage, startBrowser, startServer } from "./world.js";

const MANY = 20_000;
const TALK = 100;
/** A mobile network: 150 ms round trip, 1.6 Mbit/s. */
const FAR = { delayMs: 75, bytesPerS: 200_000 };

const server = await startServer({ args: [...FREELY, "--data", "none"] });
try {
  await measureVisits("near");
  await measureVisits("150 ms, 1.6 Mbit/s away", FAR);
  await measureTalk();
  await measureMany();
} finally {
  await server.kill();
}

/** @param {string} where @param {{ delayMs?: number, bytesPerS?: number }} [slowness] */
async function measureVisits(where, slowness) {
  const road = await openSlowNetwork(server.port, slowness);
  // A new browser has no caches of another visit.
  const browser = await startBrowser();
  const page = await openPage(browser, "about:blank");
  let time = await timeOf(page.goto(road.url, { waitUntil: "commit" }), page.getByRole("textbox", { name: "Your name" }).waitFor());
  const parts = await page.evaluate(() => performance.getEntriesByType("resource").length + 1);
  await settled(page);
  print(`first visit, ${where}`, `${told(road.count())}, ${parts} of them for the page; entrance after ${time} ms`);
  await join(page, "Fay", "figures");
  await settled(page);
  road.count();
  time = await timeOf(page.reload({ waitUntil: "commit" }), canTalk(page));
  await settled(page);
  print(`second visit, ${where}`, `${told(road.count())}; one can talk after ${time} ms`);
  await browser.close();
  road.close();
}

async function timeOf(...work) {
  const start = performance.now();
  await Promise.all(work);
  return Math.round(performance.now() - start);
}

/** Waits until the worker has cached the files. */
async function settled(page) {
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === "activated");
}

function told({ bytes, requests }) {
  return `${(bytes / 1000).toFixed(1)} KB in ${requests} requests`;
}

/** Waits until the socket is open and the input box is usable. */
async function canTalk(page) {
  await page.waitForFunction(() => {
    const field = document.querySelector("#message");
    return document.querySelector('#chat[data-phase="live"]') && field && !field.disabled && field.checkVisibility();
  }, undefined, { polling: "raf" });
}

async function measureTalk() {
  const browser = await startBrowser();
  const page = await enter(browser, server.url, "Ida", { room: "talk" });
  const other = await enter(browser, server.url, "Jon", { room: "talk" });
  await page.getByRole("textbox", { name: "Message", exact: true }).focus();
  const { own, theirs } = await timesOfTalk(page, other, TALK);
  const spread = (times) => `median ${times[TALK / 2].toFixed(0)} ms, 95 % ${times[TALK * 0.95].toFixed(0)} ms`;
  print("Enter to the message", spread(own));
  print("Enter to the message on another page", spread(theirs));
  await browser.close();
}

async function measureMany() {
  const browser = await startBrowser();
  const crowd = await connectBot(server.url, "Hal", "many");
  for (let i = 0; i < MANY / 1000; i += 1) {
    await crowd.say(...Array.from({ length: 1000 }, (_, k) => `message ${i * 1000 + k + 1} of many, with some words in it`));
  }
  const reader = await enter(browser, server.url, "Gil", { room: "calm" });
  const join = await timeToJoin(reader, "many", `message ${MANY} `);
  const { times, shift } = await scrolling(reader);
  const nodes = await reader.evaluate(() => document.querySelectorAll("*").length);
  print(`${MANY.toLocaleString("en")} messages: join`, `${join.toFixed(0)} ms`);
  print("scrolled", `longest frame ${times.at(-1).toFixed(0)} ms, layout shift ${shift}`);
  print("kept", `heap ${((await heapOf(reader)) / 1e6).toFixed(1)} MB, ${nodes} elements`);
  crowd.close();
  await browser.close();
}

function print(what, value) {
  console.log(`${what.padEnd(42)} ${value}`);
}
