import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { startServer, until } from "../server.js";

/**
 * A conversation of three people with the real wscat, all that each of them typed and saw.
 * `GOLDEN=write tests/wscat/run` writes `session.txt` anew.
 */

const WSCAT = fileURLToPath(new URL("../node_modules/wscat/bin/wscat", import.meta.url));
const GOLDEN = new URL("session.txt", import.meta.url);
/** A message that expires, and news that wait for each other. */
const WITHIN_MS = 20_000;

let server;
let people = [];

before(async () => (server = await startServer()));
after(async () => {
  for (const { child } of people) child.kill();
  await server?.kill();
});

/** Somebody with a wscat. */
function person(name) {
  const address = `${server.url.replace("http", "ws")}/ws?name=${name}&mode=text`;
  const child = spawn(process.execPath, [WSCAT, "-c", address], { stdio: ["pipe", "pipe", "pipe"] });
  let out = "";
  child.stdout.on("data", (data) => (out += data));
  child.stderr.on("data", (data) => (out += data));
  const lines = () => out.split("\n").map((line) => line.replace(/^(> )+/, "").trimEnd()).filter((line) => line && line !== ">");
  const typed = [];
  let read = 0;
  const it = {
    name,
    child,
    /** Waits for a line that fits behind the last one waited for. */
    async sees(pattern) {
      const at = () => lines().findIndex((line, at) => at >= read && pattern.test(line));
      await until(() => at() >= 0, `${name} to see ${pattern}`, () => out, WITHIN_MS);
      read = at() + 1;
    },
    types(line) {
      typed.push([lines().length, `> ${line}`]);
      child.stdin.write(`${line}\n`);
    },
    /** What was typed and seen, in order; times are all the same. */
    transcript() {
      const seen = lines().map((line) => line.replace(/\[\d\d:\d\d:\d\d\]/g, "[12:00:00]"));
      for (const [at, line] of typed.toReversed()) seen.splice(at, 0, line);
      return `== ${name}\n${seen.join("\n")}\n`;
    },
  };
  people.push(it);
  return it;
}

test("three people talk, hide, and keep order", async () => {
  const alice = person("Alice");
  await alice.sees(/^\* Welcome, Alice\./);
  const bob = person("Bob");
  await bob.sees(/^\* Welcome, Bob\./);
  await alice.sees(/^\* Bob joined lobby/);
  alice.types("/name Alicia");
  await alice.sees(/^\* You are Alicia\./);
  await bob.sees(/^\* Alice is now Alicia/);
  bob.types("/who");
  await bob.sees(/^\* In lobby/);
  alice.types("/join den");
  await alice.sees(/^\* You are in den/);
  alice.types("Hello, den");
  alice.types("/private");
  await alice.sees(/made den private/);
  bob.types("/join den");
  await bob.sees(/^! /);
  alice.types("/invite Bob");
  await alice.sees(/invited Bob/);
  await bob.sees(/invites you to den/);
  bob.types("/join den");
  await bob.sees(/^\* You are in den/);
  await bob.sees(/<Alicia> Hello, den/);
  await alice.sees(/^\* Bob joined den/);
  const eve = person("Eve");
  await eve.sees(/^\* Welcome, Eve\./);
  await alice.sees(/^\* Eve joined lobby/);
  await bob.sees(/^\* Eve joined lobby/);
  eve.types("/rooms");
  await eve.sees(/^\* Rooms: /);
  eve.types("/join den");
  await eve.sees(/^! /);
  bob.types("/msg Alicia psst");
  await alice.sees(/<Bob -> you> psst/);
  alice.types("/msg Bob yes?");
  await bob.sees(/<Alicia -> you> yes\?/);
  alice.types("/expire 5 soon gone");
  await bob.sees(/<Alicia> soon gone/);
  bob.types("/history 5");
  await bob.sees(/<Alicia> soon gone/);
  await bob.sees(/has expired/);
  await alice.sees(/has expired/);
  bob.types("/hlep");
  await bob.sees(/^! .*\/help/);
  bob.types("/help");
  await bob.sees(/one slash/);
  bob.types("/kick Alicia");
  await bob.sees(/^! /);
  alice.types("/kick Bob enough");
  await alice.sees(/removed Bob/);
  await bob.sees(/removed you from den/);
  await alice.sees(/^\* Bob left den/);
  bob.types("/join den");
  await bob.sees(/^! /);
  bob.types("/quit");
  await until(() => bob.child.exitCode !== null, "Bob's end");

  const actual = people.map((it) => it.transcript()).join("\n");
  for (const line of actual.split("\n")) assert.ok([...line].length <= 80, `wider than 80 columns: ${line}`);
  if (process.env.GOLDEN === "write") await writeFile(GOLDEN, actual);
  assert.equal(actual, await readFile(GOLDEN, "utf8"));
});
