/**
 * The real server, the real browser, and the words in which the tests speak of them.
 *
 * The server is `BINARY`, by default the release build. A path that ends in `.js` is run by
 * node, so the tests can be tried against `tests/web/fake.js`.
 *
 * @module
 */

import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

/** What a condition may take before the test fails. */
export const PATIENCE_MS = 10_000;

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

function binary() {
  if (process.env.BINARY) return process.env.BINARY;
  const metadata = execFileSync("cargo", ["metadata", "--format-version=1", "--no-deps", "--offline"], { cwd: ROOT });
  const { target_directory: target } = JSON.parse(String(metadata));
  const host = /host: (\S+)/.exec(String(execFileSync("rustc", ["-vV"])))?.[1];
  const places = [`${target}/${host}/release/chinwag`, `${target}/release/chinwag`];
  const found = places.find((place) => existsSync(place));
  if (!found) throw new Error(`no server to test: build it (cargo build --release) or set BINARY; looked at ${places.join(", ")}`);
  return found;
}

/**
 * Starts the server.
 *
 * @param {{ port?: number, args?: string[] }} [options]  a port to come back to after `kill`
 */
export async function startServer({ port = 0, args = [] } = {}) {
  const program = binary();
  const flags = ["--listen", `127.0.0.1:${port}`, ...(args.length || program.endsWith(".js") ? args : ["--data", "none"])];
  const [command, ...rest] = program.endsWith(".js") ? [process.execPath, program] : [program];
  const child = spawn(command, [...rest, ...flags], { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env.PATH } });
  let log = "";
  child.stderr.on("data", (data) => (log = (log + data).slice(-20_000)));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let out = "";
  child.stdout.on("data", (data) => (out += data));
  const url = await until(() => {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${log}`);
    return /listening on (http:\/\/\S+)/.exec(out)?.[1];
  }, "the server to listen");
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid,
    log: () => log,
    /** Ends it as a crash does, or with the signal given. */
    async kill(signal = "SIGKILL") {
      child.kill(signal);
      await ended;
    },
  };
}

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
    if (/^https?:/.test(request.url()) && !request.url().startsWith(new URL(url).origin)) page.faults.push(`request: ${request.url()}`);
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

/**
 * Waits for a condition; its value when it is true.
 *
 * @template T
 * @param {() => T | Promise<T>} condition
 * @param {string} what
 * @param {() => string | Promise<string>} [more]
 * @param {number} [within]
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(condition, what, more = () => "", within = PATIENCE_MS) {
  const end = Date.now() + within;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${within} ms for ${what}; ${await more()}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
