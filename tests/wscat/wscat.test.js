import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { PATIENCE_MS, startServer, until } from "../server.js";

const WSCAT = fileURLToPath(new URL("../node_modules/wscat/bin/wscat", import.meta.url));
const IDLE_MS = 30_000;
/** A leave is told this long after it, and a second later at most. */
const GRACE_MS = 10_000;

let server;
let address;
let running = [];

before(async () => {
  server = await startServer();
  address = server.url.replace("http", "ws");
});

after(() => server?.kill());

afterEach(async () => {
  await Promise.all(running.map((it) => it.end()));
  running = [];
});

/** Runs wscat as a user does; what it prints and what is typed are lines. */
function wscat(query, { options = [], tty = false, at = address } = {}) {
  const words = [process.execPath, WSCAT, ...options, "-c", `${at}/ws${query}`];
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const [command, ...args] = tty ? ["script", "-qefc", quoted, "/dev/null"] : words;
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let out = "";
  child.stdout.on("data", (data) => (out += data));
  child.stderr.on("data", (data) => (out += data));
  const it = {
    child,
    /** All it printed, without its own prompts. */
    lines: () => out.split("\n").map((line) => line.replace(/^(> )+/, "").trimEnd()).filter(Boolean),
    events: () => it.lines().filter((line) => line.startsWith("{")).map((line) => JSON.parse(line)),
    type: (line) => child.stdin.write(`${line}\n`),
    /** The first line that fits. */
    line: (pattern) => until(() => it.lines().find((line) => pattern.test(line)), String(pattern), () => out),
    /** The first event with these fields. */
    event: (type, fits = () => true, within = PATIENCE_MS) =>
      until(() => it.events().find((event) => event.type === type && fits(event.payload ?? {})), type, () => out, within),
    async end() {
      child.kill();
      await ended;
    },
    ended,
  };
  running.push(it);
  return it;
}

test("wscat joins by ?name= and talks in plain lines, both ways", async () => {
  const alice = wscat("?name=Alice&room=plain");
  const { payload } = await alice.event("welcome");
  assert.deepEqual([payload.you, payload.current], ["Alice", "plain"]);
  const bob = wscat("?name=Bob&room=plain");
  await bob.event("welcome");
  alice.type("Hello there");
  assert.equal((await bob.event("message")).payload.content, "Hello there");
  bob.type("Hello yourself, \"quoted\" and {all}");
  const { room, payload: said } = await alice.event("message");
  assert.deepEqual([room, said.sender, said.content], ["plain", "Bob", 'Hello yourself, "quoted" and {all}']);
  assert.equal(alice.events().filter(({ type }) => type === "message").length, 1, "no echo of her own");
});

test("wscat talks JSON, both ways", async () => {
  const alice = wscat("?name=Ann&room=json");
  const bob = wscat("?name=Ben&room=json");
  await alice.event("welcome");
  await bob.event("welcome");
  alice.type('{"type":"send_message","id":"c7","payload":{"content":"typed"}}');
  const ack = await alice.event("ack");
  assert.deepEqual([ack.re, ack.room, ack.seq, ack.payload.mid], ["c7", "json", 1, 1]);
  const { seq, payload } = await bob.event("message");
  assert.deepEqual([seq, payload], [1, { mid: 1, sender: "Ann", content: "typed" }]);
  bob.type('{"sender":"Abhi","content":"Hello, World!"}');
  assert.deepEqual((await alice.event("message")).payload, { mid: 2, sender: "Ben", content: "Hello, World!" });
  await bob.event("notice", ({ code }) => code === "sender_ignored");
  bob.type('{"oops');
  await bob.event("error", ({ code, text }) => code === "bad_json" && text === '{"oops');
  bob.type("/rooms");
  const list = await bob.event("room_list");
  assert.ok(list.payload.rooms.some(({ room }) => room === "json"));
});

test("mode=text shows lines for people", async () => {
  const alice = wscat("?name=Tom&room=text&mode=text");
  await alice.line(/^\* Welcome, Tom\. You are in text/);
  const bob = wscat("?name=Tim&room=text&mode=text");
  await alice.line(/^\* Tim joined text \(2 online\)$/);
  bob.type("Hello");
  await alice.line(/^\[\d\d:\d\d:\d\d\] <Tim> Hello$/);
  bob.type("/me waves");
  await alice.line(/^\[\d\d:\d\d:\d\d\] \* Tim waves$/);
  bob.type("/hlep");
  await bob.line(/^! .*\/help/);
  assert.deepEqual(alice.lines().filter((line) => line.includes("hlep")), []);
});

test("what was said is there after the server was stopped and started", async () => {
  const data = await mkdtemp(join(tmpdir(), "chinwag-wscat-"));
  try {
    for (const [name, signal] of [["Ada", "SIGTERM"], ["Bea", "SIGKILL"], ["Cleo", "SIGTERM"]]) {
      const own = await startServer({ args: ["--data", data] });
      try {
        const at = own.url.replace("http", "ws");
        const it = wscat(`?name=${name}&mode=text`, { at });
        await it.line(/^\* Welcome/);
        if (name !== "Ada") await it.line(/^\[\d\d:\d\d:\d\d\] <Ada> Here I was$/);
        if (name === "Cleo") await it.line(/<Bea> Here I was$/);
        it.type("Here I was");
        const other = wscat("?name=Other&history=1", { at });
        await until(
          () => other.events().some(({ type, payload }) =>
            (type === "message" && payload.sender === name) ||
            (type === "history" && payload.messages.some(({ sender }) => sender === name))),
          `what ${name} said`,
        );
        await other.end();
        await it.end();
      } finally {
        await own.kill(signal);
      }
    }
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});

test("the sub-protocol says the same as mode", async () => {
  const alice = wscat("?name=Sue&room=sub", { options: ["-s", "chat.text"] });
  await alice.line(/^\* Welcome, Sue/);
});

test("mode=simple shows sender, content and time only", async () => {
  const alice = wscat("?name=Sam&room=simple&mode=simple");
  await until(() => alice.events().length > 0, "the welcome");
  const bob = wscat("?name=Sid&room=simple");
  await bob.event("welcome");
  bob.type("Hello");
  const hello = await until(() => alice.events().find(({ content }) => content === "Hello"), "the message");
  assert.equal(hello.sender, "Sid");
  assert.ok(alice.events().every((event) => Object.keys(event).join() === "sender,content,timestamp"));
  assert.ok(alice.events().every(({ timestamp }) => Math.abs(Date.parse(timestamp) - Date.now()) < 60_000));
  alice.type('{"sender":"Sam","content":"and back"}');
  await bob.event("message", ({ sender, content }) => sender === "Sam" && content === "and back");
});

test("wscat in a terminal", { skip: existsSync("/usr/bin/script") ? false : "needs script (util-linux)" }, async () => {
  const alice = wscat("?name=Tess&room=tty&mode=text", { tty: true });
  await alice.line(/Connected \(press CTRL\+C to quit\)/);
  await alice.line(/Welcome, Tess/);
  const bob = wscat("?name=Toby&room=tty");
  await bob.event("welcome");
  alice.type("from a terminal");
  await bob.event("message", ({ content }) => content === "from a terminal");
  bob.type("to a terminal");
  await alice.line(/<Toby> to a terminal/);
});

test("closing as wscat does ends the connection cleanly", async () => {
  const alice = wscat("?name=Cleo&room=close", { options: ["--slash"] });
  await alice.event("welcome");
  const bob = wscat("?name=Cole&room=close");
  await bob.event("welcome");
  alice.type("/close 1000 bye");
  assert.equal(await alice.ended, 0);
  await bob.event("user_left", ({ user }) => user === "Cleo", GRACE_MS + PATIENCE_MS);
});

test("wscat survives half a minute of silence by its own pongs", async () => {
  const alice = wscat("?name=Ida&room=idle", { options: ["-P"] });
  const bob = wscat("?name=Ivo&room=idle");
  await alice.event("welcome");
  await bob.event("welcome");
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const pings = alice.lines().filter((line) => /^Received ping/.test(line)).length;
  assert.ok(pings >= 2, `${pings} pings`);
  alice.type("still here");
  await bob.event("message", ({ content }) => content === "still here");
  assert.equal(alice.child.exitCode, null);
});
