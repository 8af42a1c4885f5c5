import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import WebSocket from "ws";

import { binary, until } from "../server.js";

const shipped = (name) => readFileSync(fileURLToPath(new URL(`../../.packaging/${name}`, import.meta.url)), "utf8");
const DOCKERFILE = shipped("Dockerfile");

/** What the last stage of the Dockerfile says: who runs what in which environment. */
function image() {
  const last = DOCKERFILE.slice(DOCKERFILE.indexOf("\nFROM scratch\n"));
  const line = (word) => last.match(new RegExp(`^(?:${word}) (.*)$`, "m"))[1];
  const environment = Object.fromEntries(line("ENV").split(" ").map((it) => it.split("=")));
  const health = JSON.parse(line("HEALTHCHECK .*CMD"));
  return { user: line("USER"), environment, volume: line("VOLUME"), health, entry: JSON.parse(line("ENTRYPOINT")) };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Returns the command that runs another in the root of the image, as its user and without privileges. */
function inside(root, { user }, command) {
  return ["setpriv", "--no-new-privs", "chroot", `--userspec=${user}`, "--groups=", root, ...command];
}

test("the program serves, is healthy and keeps its record in a root that has nothing else", async (context) => {
  const { user, environment, volume, health, entry } = image();
  assert.match(user, /^[1-9]\d*:[1-9]\d*$/, "a number, for there is no /etc/passwd");
  const root = mkdtempSync(join(tmpdir(), "chinwag-scratch-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  chmodSync(root, 0o755);
  copyFileSync(binary(), join(root, entry[0]));
  mkdirSync(join(root, volume), { mode: 0o700 });
  const [uid, gid] = user.split(":").map(Number);
  chownSync(join(root, volume), uid, gid);
  const port = await freePort();
  const env = { ...environment, CHINWAG_LISTEN: environment.CHINWAG_LISTEN.replace("8080", String(port)) };
  // The program is in the root alone: what starts it must be found outside.
  const all = { env: { ...env, PATH: process.env.PATH } };
  const isHealthy = () => {
    const [program, ...args] = inside(root, { user }, health);
    return promisify(execFile)(program, args, all).then(({ stdout }) => stdout, (error) => error.stderr);
  };
  const start = async () => {
    const [program, ...args] = inside(root, { user }, entry);
    const child = spawn(program, args, { ...all, stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    let log = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (log += data));
    context.after(() => child.kill("SIGKILL"));
    await until(() => {
      if (child.exitCode !== null || child.signalCode) throw new Error(`the server ended: ${log}`);
      return log.includes("listening on http://");
    }, "the server to listen", () => log);
    return async () => {
      child.kill("SIGTERM");
      assert.equal(await ended, 0, log);
    };
  };

  assert.match(await isHealthy(), /refused/);
  const stop = await start();
  assert.equal(await isHealthy(), `127.0.0.1:${port}: alive\n`);
  const page = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  assert.match(page, /<title>chinwag<\/title>/);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws?name=Alice`);
  const events = [];
  socket.on("message", (data) => events.push(JSON.parse(String(data))));
  const event = (type) => until(() => events.find((it) => it.type === type), type, () => JSON.stringify(events));
  await event("welcome");
  socket.send(JSON.stringify({ type: "send_message", id: "1", payload: "from nowhere" }));
  await event("ack");
  socket.terminate();
  await stop();
  assert.match(await isHealthy(), /refused/);

  const stopAgain = await start();
  const past = await (await fetch(`http://127.0.0.1:${port}/api/rooms/lobby/messages`)).text();
  assert.match(past, /from nowhere/);
  await stopAgain();
  assert.deepEqual(readdirSync(root).sort(), [entry[0].slice(1), volume.slice(1)].sort(), "nothing was written elsewhere");
});

test("the settings of the services in compose.yaml hold", async () => {
  const lines = [...shipped("compose.yaml").matchAll(/^ +(CHINWAG_\w+): (.*)$/gm)];
  const environment = Object.fromEntries(lines.map(([, name, value]) => [name, value.replace(/\$\{CHAT_HOST:-(.*)\}/, "$1")]));
  const { stdout } = await promisify(execFile)(binary(), ["check"], { env: environment });
  assert.match(stdout, /^trusted_proxy = \["private"\]/m);
  assert.match(stdout, /^allow_host = \["localhost"\]/m);
});
