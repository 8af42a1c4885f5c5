/**
 * Starts the real server for the JavaScript tests.
 *
 * The program is `BINARY`, by default the release build. A path that ends in `.js` is run by node,
 * so the tests can be tried against `tests/web/fake-server.js`.
 *
 * @module
 */

import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Time limit for a condition. */
export const PATIENCE_MS = 30_000;

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Returns the path of the program under test. */
export function binary() {
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
    return /listening on (https?:\/\/\S+)/.exec(out)?.[1];
  }, "the server to listen");
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid,
    log: () => log,
    /** Kills the server, or sends it another signal. */
    async kill(signal = "SIGKILL") {
      child.kill(signal);
      await ended;
    },
  };
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
