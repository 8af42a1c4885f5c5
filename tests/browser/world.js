/**
 * The set-up of the browser tests: browser, server and pages, and what a user does in a page.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach } from "node:test";

import { chromium } from "playwright-core";

import { PATIENCE_MS, startServer, until } from "../server.js";
import { FakeServer } from "../web/fake-server.js";

export { startServer, until } from "../server.js";

/** Server arguments without rate limits, whatever the role in a room. */
export const FREELY = ["--rate-limit", "off"];

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/**
 * Sets up a test file: starts a browser and a server, and after each test closes its pages and fails if
 * one of them had a fault.
 *
 * @param {object} [options]
 * @param {string[]} [options.args]    starts a server with these arguments for all tests
 * @param {boolean} [options.isFake]   starts a new `FakeServer` for each test
 */
export function setUp({ args, isFake = false } = {}) {
  const world = {
    browser: null,
    server: null,
    url: "",
    /** The pages of the running test. */
    pages: [],
    /** Adds a page to those that are closed and checked after the test. */
    track(page) {
      world.pages.push(page);
      return page;
    },
    /** Opens a page of a new user, who joins. */
    enter: async (name, options) => world.track(await enter(world.browser, world.url, name, options)),
  };
  before(async () => {
    world.browser = await startBrowser();
    if (!args) return;
    world.server = await startServer({ args });
    world.url = world.server.url;
  });
  after(async () => {
    await world.browser?.close();
    if (args) await world.server?.kill();
  });
  if (isFake) {
    beforeEach(async () => {
      world.server = new FakeServer();
      world.url = await world.server.listen();
    });
  }
  afterEach(async () => {
    const faults = world.pages.flatMap((page) => page.faults);
    await Promise.all(world.pages.map((page) => page.context().close()));
    world.pages = [];
    if (isFake) await world.server.close();
    assert.deepEqual(faults, []);
  });
  return world;
}

/** @param {string[]} [flags]  beside those of every browser */
export function startBrowser(flags = []) {
  return chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...flags] });
}

/**
 * Opens a page of a new user. Its errors, dialogs and forbidden requests are collected as `faults`.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {string} url
 * @param {object} [options]  of the browser context
 */
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext(options);
  return newTab(context, url);
}

/** Opens another tab of the same user. */
export async function newTab(context, url) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(`error: ${error.stack ?? error}`));
  page.on("dialog", (dialog) => {
    page.faults.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("console", (message) => {
    if (/Content Security Policy|TrustedHTML|TrustedScript/.test(message.text())) page.faults.push(message.text());
  });
  page.on("request", (request) => {
    if (/^https?:/.test(request.url()) && url.startsWith("http") && !request.url().startsWith(new URL(url).origin)) page.faults.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  return page;
}

/** Joins through the entrance and waits for the connection. */
export async function join(page, name, room = "") {
  await page.getByRole("textbox", { name: "Your name" }).fill(name);
  if (room) await page.getByRole("textbox", { name: "Room" }).fill(room);
  await page.getByRole("button", { name: "Join" }).click();
  await connected(page);
  return page;
}

/** Opens a page and joins. */
export async function enter(browser, url, name, { room = "", ...options } = {}) {
  return join(await openPage(browser, url, options), name, room);
}

export async function connected(page) {
  await statusIs(page, "Connected");
}

/** Waits for a text of the status region. */
export async function statusIs(page, text) {
  await until(async () => (await page.getByRole("status").textContent()) === text, `the status to be ${text}`);
}

export function field(page) {
  return page.getByRole("textbox", { name: "Message", exact: true });
}

export function log(page) {
  return page.getByRole("log", { name: "Messages" });
}

/** Types and sends a message. */
export async function say(page, text) {
  await field(page).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

/** Returns the rows of messages with this text. */
export function rows(page, text) {
  return log(page).getByRole("article").filter({ hasText: text });
}

/** Waits until exactly `number` rows show this text, all of them sent. */
export async function sees(page, text, number = 1) {
  const there = rows(page, text);
  await until(
    async () => (await there.count()) === number && (await there.and(page.locator(".waiting")).count()) === 0,
    `${number} × ${text}`,
    async () => `the page shows: ${(await log(page).innerText()).slice(-400)}`,
  );
}

/** Returns the texts of all messages with rows, without names and times. */
export function texts(page) {
  return log(page).locator(".text").allInnerTexts();
}

/** Waits until the message cache contains a text, or no longer does. */
export async function stored(page, text, isThere = true) {
  const found = () =>
    page.evaluate(
      (wanted) =>
        new Promise((resolve, reject) => {
          const request = indexedDB.open("chinwag");
          request.onerror = () => reject(request.error);
          request.onsuccess = () => {
            const all = request.result.transaction("rooms").objectStore("rooms").getAll();
            all.onsuccess = () => {
              request.result.close();
              resolve(JSON.stringify(all.result).includes(wanted));
            };
          };
        }),
      text,
    );
  await until(async () => (await found()) === isThere, `the store ${isThere ? "to have" : "not to have"} ${text}`);
}

/** Makes a room by the dialog. */
export async function makeRoom(page, name, { isPrivate = false } = {}) {
  await page.getByRole("button", { name: "New room" }).click();
  const dialog = page.getByRole("dialog", { name: "New room" });
  await dialog.getByRole("textbox", { name: "Name" }).fill(name);
  if (isPrivate) await dialog.getByRole("checkbox", { name: /Private/ }).check();
  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("heading", { name: `#${name}` }).waitFor();
}

/** Goes to a room that exists. */
export async function jumpTo(page, name) {
  await page.keyboard.press("Control+k");
  const dialog = page.getByRole("dialog", { name: "Jump to" });
  await dialog.getByRole("combobox").fill(`#${name}`);
  await dialog.getByRole("option", { name }).first().waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: `#${name}` }).waitFor();
}

/** Chooses from the menu of a button. */
export async function pressIn(page, button, choice, role = "menuitem") {
  await button.click();
  await page.getByRole("menu").getByRole(role, { name: choice }).click();
}

/** Chooses from the menu of a message. */
export async function pressOnMessage(page, text, choice) {
  const row = rows(page, text).first();
  await row.hover();
  await pressIn(page, row.getByRole("button", { name: "More actions" }), choice);
}

/** Chooses from the menu of a person. */
export function pressOn(page, name, choice) {
  return pressIn(page, page.getByRole("list", { name: "People" }).getByRole("button", { name }), choice);
}
