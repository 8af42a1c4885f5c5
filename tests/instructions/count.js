// Counts the instructions for a message, a connection and a return. The start of the server is taken
// out by counting twice, with few and with many rounds. System calls count as nothing: callgrind sees the process alone.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { createInterface } from "node:readline";

const FEW_ROUNDS = 25;
const MANY_ROUNDS = 125;
const GROWTH_MAX = 1.05;
const TABLE = new URL("counts.json", import.meta.url);
const BINARY = process.env.BINARY ?? "../../target/x86_64-unknown-linux-gnu/release/chinwag";

// What is counted of messages: how many clients are in the room, how many messages come in one write,
// and whether each has an id, and so an ack.
const MESSAGES = {
  "2 readers, one message at a time": { readers: 2, together: 1 },
  "2 readers, 8 messages at once": { readers: 2, together: 8 },
  "2 readers, 8 messages at once, acknowledged": { readers: 2, together: 8, id: true },
  "50 readers, 8 messages at once": { readers: 50, together: 8 },
};
/** Messages that one who comes back has missed. */
const MISSED = 50;

/** A client that counts the messages it is sent. */
class Client {
  #socket;
  #text = "";
  #messages = 0;
  #wake = () => {};

  static async open(/** @type {number} */ port, /** @type {string} */ query) {
    const client = new Client();
    client.#socket = connect(port, "127.0.0.1");
    client.#socket.setEncoding("latin1");
    client.#socket.on("data", (data) => client.#read(String(data)));
    client.#socket.on("error", () => {});
    const lines = [
      `GET /ws?${query} HTTP/1.1`,
      "Host: localhost",
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Version: 13",
    ];
    client.#socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    while (!client.#text.includes('"type":"welcome"')) await client.#more();
    return client;
  }

  #read(/** @type {string} */ data) {
    // A mark may be in two pieces.
    const text = this.#text.slice(-15) + data;
    this.#messages += text.split('"type":"message"').length - 1;
    this.#text = this.#messages > 0 ? text : this.#text + data;
    this.#wake();
  }

  #more() {
    return new Promise((wake) => (this.#wake = () => wake(undefined)));
  }

  async reads(/** @type {number} */ messages) {
    while (this.#messages < messages) await this.#more();
  }

  send(/** @type {string[]} */ texts) {
    this.#socket.write(Buffer.concat(texts.map(frame)));
  }

  end() {
    this.#socket.destroy();
  }
}

/** Returns a text frame; a mask of zeros changes nothing. */
function frame(/** @type {string} */ text) {
  const length = text.length < 126 ? [0x80 | text.length] : [0xfe, text.length >> 8, text.length & 0xff];
  return Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), Buffer.from(text)]);
}

function message(/** @type {number} */ number, /** @type {boolean} */ id) {
  const payload = `${String(number).padStart(8, "0")} ${"x".repeat(55)}`;
  return JSON.stringify({ type: "send_message", ...(id && { id: `c${number + 1000}` }), payload });
}

/** Returns the instructions of a server that is used like this. */
async function instructions(/** @type {(port: number) => Promise<Client[]>} */ use) {
  const options = ["--listen", "127.0.0.1:0", "--data", "none", "--rate-limit", "off"];
  const valgrind = ["--tool=callgrind", "--callgrind-out-file=/dev/null", BINARY];
  const server = spawn("valgrind", [...valgrind, ...options, "--log-level", "error"]);
  let told = "";
  server.stderr.on("data", (data) => (told += data));
  const [line] = await once(createInterface(server.stdout), "line");
  const clients = await use(Number(String(line).match(/:(\d+)/)?.[1]));
  for (const client of clients) client.end();
  server.kill("SIGTERM");
  await once(server, "close");
  const count = told.match(/Collected : (\d+)/)?.[1];
  if (count === undefined) throw new Error(`valgrind told no count:\n${told}`);
  return Number(count);
}

function talk({ readers, together, id = false }, /** @type {number} */ rounds) {
  return async (/** @type {number} */ port) => {
    const clients = [];
    for (let n = 0; n < readers; n++) {
      clients.push(await Client.open(port, `name=u${n}&room=r&echo=1&history=0`));
    }
    for (let sent = 0; sent < rounds * together; sent += together) {
      clients[0].send(Array.from({ length: together }, (_, n) => message(sent + n, id)));
      for (const client of clients) await client.reads(sent + together);
    }
    return clients;
  };
}

/** Each in a room of its own: that others are told is no part of it. */
function come(/** @type {number} */ rounds) {
  return async (/** @type {number} */ port) => {
    const clients = [];
    for (let n = 0; n < rounds; n++) {
      clients.push(await Client.open(port, `name=u${n}&room=r${n}&history=0`));
    }
    return clients;
  };
}

function comeBack(/** @type {number} */ rounds) {
  return async (/** @type {number} */ port) => {
    const talker = await Client.open(port, "name=talker&room=r&echo=1&history=0");
    talker.send(Array.from({ length: MISSED }, (_, n) => message(n, false)));
    await talker.reads(MISSED);
    for (let n = 0; n < rounds; n++) {
      const client = await Client.open(port, `name=back${n}&room=quiet${n}&after=r:0`);
      await client.reads(MISSED);
      client.end();
    }
    return [talker];
  };
}

async function counted() {
  /** @type {Record<string, number>} */
  const counts = {};
  const count = async (/** @type {string} */ name, use, /** @type {number} */ each) => {
    const more = (await instructions(use(MANY_ROUNDS))) - (await instructions(use(FEW_ROUNDS)));
    counts[name] = Math.round(more / (MANY_ROUNDS - FEW_ROUNDS) / each);
  };
  for (const [name, scenario] of Object.entries(MESSAGES)) {
    await count(name, (/** @type {number} */ rounds) => talk(scenario, rounds), scenario.together);
  }
  await count("a connection", come, 1);
  await count(`a return that missed ${MISSED} messages`, comeBack, 1);
  return counts;
}

const [rustc, ...about] = execFileSync("rustc", ["-vV"], { encoding: "utf8" }).split("\n");
const target = about.find((line) => line.startsWith("host: "))?.slice("host: ".length);
if (process.argv[2] === "--write") {
  writeFileSync(TABLE, `${JSON.stringify({ rustc, target, instructions: await counted() }, null, 2)}\n`);
} else {
  const table = JSON.parse(readFileSync(TABLE, "utf8"));
  if (table.rustc !== rustc || table.target !== target) {
    console.log(`left out: the table was made by ${table.rustc} for ${table.target}, this is ${rustc} for ${target}`);
    process.exit(77);
  }
  const counts = await counted();
  for (const [name, count] of Object.entries(counts)) {
    const ratio = count / table.instructions[name];
    const grown = !(ratio <= GROWTH_MAX);
    console.log(`${name}: ${count}, ${ratio.toFixed(3)} of the table${grown ? ": TOO MANY" : ""}`);
    if (grown) process.exitCode = 1;
  }
}
