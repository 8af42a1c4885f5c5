/**
 * The real browser, and the words in which the tests speak of the page.
 *
 * @module
 */

import { chromium } from "playwright-core";

import { PATIENCE_MS, until } from "../server.js";

export { startServer, until } from "../server.js";

/** Nobody is told to wait, whatever they are in the room. */
export const FREELY = ["--rate-limit", "off"];

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export function startBrowser() {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/**
 * A page of its own user, with everything it complained of.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {string} url
 * @param {object} [options]  of the browser context
 */
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext(options);
  return newTab(context, url);
}

/** Another tab of the same user. */
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

/** Goes through the entrance and waits until the connection lives. */
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

/** Waits until the status region says so. */
export async function statusIs(page, text) {
  await until(async () => (await page.getByRole("status").textContent()) === text, `the status to be ${text}`);
}

export function field(page) {
  return page.getByRole("textbox", { name: "Message", exact: true });
}

export function log(page) {
  return page.getByRole("log", { name: "Messages" });
}

/** Types and sends. */
export async function say(page, text) {
  await field(page).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

/** The rows of messages that show this text. */
export function rows(page, text) {
  return log(page).getByRole("article").filter({ hasText: text });
}

/** Waits until exactly one row shows this text, and none of it is unsent. */
export async function sees(page, text, number = 1) {
  const there = rows(page, text);
  await until(
    async () => (await there.count()) === number && (await there.and(page.locator(".waiting")).count()) === 0,
    `${number} × ${text}`,
    async () => `the page shows: ${(await log(page).innerText()).slice(-400)}`,
  );
}

/** The texts of all messages with rows, without names and times. */
export function texts(page) {
  return log(page).locator(".text").allInnerTexts();
}

/** Chooses from the menu of a button. */
export async function pressIn(page, button, choice) {
  await button.click();
  await page.getByRole("menu").getByRole("menuitem", { name: choice }).click();
}

/** Chooses from somebody's menu. */
export function pressOn(page, name, choice) {
  return pressIn(page, page.getByRole("list", { name: "People" }).getByRole("button", { name }), choice);
}
