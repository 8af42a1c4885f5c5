import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { after, before, test } from "node:test";

import { Parser } from "@asyncapi/parser";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv";
import Ajv2020 from "ajv/dist/2020.js";
import WebSocket from "ws";

import { startServer, until } from "../server.js";

/** The descriptions are valid, and the examples of the documentation and real events are valid by them. */

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const OPTIONS = { strict: true, strictTypes: false, strictRequired: false, allErrors: true, formats: numbers(), keywords: ["components"] };

let server;
let asyncapi;
let openapi;

before(async () => {
  server = await startServer();
  asyncapi = await (await fetch(`${server.url}/asyncapi.json`)).json();
  openapi = await (await fetch(`${server.url}/openapi.json`)).json();
});
after(() => server?.kill());

/** The formats of numbers, which say nothing beside the minimum. */
function numbers() {
  return Object.fromEntries(["uint", "uint8", "uint16", "uint32", "uint64"].map((name) => [name, true]));
}

/** A copy of a schema in which every object has only the properties that are described. */
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (schema === null || typeof schema !== "object") return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  if (schema.type === "object" && schema.properties && !("additionalProperties" in schema)) copy.additionalProperties = false;
  return copy;
}

/** Returns what finds the faults of a message of one side: "client" or "server". */
function judge(side, shape = closed) {
  const ajv = new Ajv(OPTIONS);
  ajv.addSchema({ $id: "doc", components: { schemas: shape(asyncapi.components.schemas) } });
  const checks = new Map();
  for (const [name, { payload }] of Object.entries(asyncapi.components.messages)) {
    if (!name.startsWith(`${side}.`)) continue;
    const schema = JSON.parse(JSON.stringify(shape(payload)).replaceAll('"#/components/', '"doc#/components/'));
    checks.set(name.slice(side.length + 1), ajv.compile(schema));
  }
  return (message) => {
    const check = checks.get(message.type ?? "object");
    if (!check) return `no event of the type ${message.type}`;
    return check(message) ? null : ajv.errorsText(check.errors);
  };
}

/** Returns what finds the faults of a body by its named schema. */
function judgeBody(name) {
  const ajv = new Ajv2020(OPTIONS);
  ajv.addSchema({ $id: "doc", components: { schemas: closed(openapi.components.schemas) } });
  const check = ajv.compile({ $ref: `doc#/components/schemas/${name}` });
  return (body) => (check(body) ? null : ajv.errorsText(check.errors));
}

test("the AsyncAPI document is valid", async () => {
  const diagnostics = await new Parser().validate(asyncapi);
  const faults = diagnostics.filter(({ severity }) => severity <= 1);
  assert.deepEqual(faults.map(({ message, path }) => `${path.join(".")}: ${message}`), []);
});

test("the OpenAPI document is valid", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(openapi);
  assert.ok(valid, JSON.stringify(errors, null, 1));
  assert.equal(validator.version, "3.1");
  const ajv = new Ajv2020(OPTIONS);
  ajv.addSchema({ $id: "doc", components: { schemas: openapi.components.schemas } });
  for (const name of Object.keys(openapi.components.schemas)) ajv.compile({ $ref: `doc#/components/schemas/${name}` });
});

test("they are compressed and revalidated", async () => {
  for (const name of ["asyncapi.json", "openapi.json"]) {
    const url = `${server.url}/${name}`;
    const response = await fetch(url, { headers: { "Accept-Encoding": "gzip" } });
    assert.equal(response.headers.get("content-encoding"), "gzip");
    assert.equal(response.headers.get("content-type"), "application/json");
    const tag = response.headers.get("etag");
    const again = await fetch(url, { headers: { "Accept-Encoding": "gzip", "If-None-Match": tag } });
    assert.equal(again.status, 304);
    assert.equal((await fetch(url, { method: "POST" })).status, 405);
  }
});

test("every golden event is valid and has no field that is not described", () => {
  const faultOf = judge("server");
  const bodies = {
    account: judgeBody("Account"),
    accounts: judgeBody("Accounts"),
    file: judgeBody("File"),
    hook: judgeBody("Hook"),
    hook_outgoing: judgeBody("Hook"),
    hooks: judgeBody("Hooks"),
  };
  const seen = new Set();
  for (const file of readdirSync(new URL("../golden/", import.meta.url))) {
    const { event, body } = JSON.parse(read(`../golden/${file}`));
    if (event) seen.add(event.type);
    const fault = event ? faultOf(event) : bodies[file.replace(".json", "")](body);
    assert.equal(fault, null, file);
  }
  const described = Object.values(asyncapi.channels.chat.messages).map(({ $ref }) => $ref.split("/").at(-1));
  const sent = described.filter((name) => name.startsWith("server.")).map((name) => name.slice(7));
  assert.deepEqual([...seen].toSorted(), sent.toSorted());
});

test("what is not described is no event", () => {
  const [client, toClient] = [judge("client"), judge("server")];
  for (const event of [
    { type: "shout" },
    { type: "send_message" },
    { type: "send_message", payload: {} },
    { type: "send_message", payload: { content: 7 } },
    { type: "send_message", payload: { content: " " } },
    { type: "send_message", payload: { content: "", files: [] } },
    { type: "edit_message", payload: { mid: 1, content: "" } },
    { type: "react", payload: { mid: 0, emoji: "👍" } },
    { type: "history", payload: { before: 1, after: 2 } },
    { type: "join_room" },
    { type: "join_room", payload: {} },
    { type: "ping", id: "" },
    { type: "typing", payload: "yes" },
    { sender: "Alice" },
  ]) assert.notEqual(client(event), null, JSON.stringify(event));
  for (const event of [{ type: "ack" }, { type: "message", room: "lobby", seq: 1, ts: 1, payload: { mid: 1 } }]) {
    assert.notEqual(toClient(event), null, JSON.stringify(event));
  }
});

test("a message with files needs no text", () => {
  const client = judge("client");
  const files = ["0a".repeat(16)];
  for (const name of ["content", "text", "message"]) {
    for (const event of [{ type: "send_message" }, { type: "direct_message" }]) {
      const payload = { [name]: "", files, ...(event.type === "direct_message" && { to: "Bob" }) };
      assert.equal(client({ ...event, payload }), null, name);
    }
  }
  assert.equal(client({ content: "", files }), null);
});

/** Returns the JSON objects in a text of Markdown that are whole events: in code, with a `type`, a sender or a content. */
function examples(markdown) {
  const found = [];
  const code = [...markdown.matchAll(/```json\n([\s\S]*?)```/g), ...markdown.matchAll(/`(\{"[^`\n]*\})`/g), ...markdown.matchAll(/--json '([^']+)'/g)];
  for (const [, text] of code) {
    // An ellipsis stands for what does not matter.
    const whole = text.replaceAll(/:…/g, ":1");
    try {
      found.push(JSON.parse(whole));
    } catch {
      // A list of fields, such as `{"mid", "content"}`, is no example.
      assert.match(text, /^\{"\w+"(, ?"\w+"|, "\w+": [^}]*)*|\{/, text);
    }
  }
  return found;
}

test("every example of the documentation is valid", () => {
  const [client, toClient] = [judge("client"), judge("server")];
  let count = 0;
  for (const path of ["../../src/chat/protocol/protocol.md", "../../README.md"]) {
    for (const example of examples(read(path))) {
      if (!("type" in example || "content" in example)) continue;
      const faults = [client(example), toClient(example)];
      assert.ok(faults.includes(null), `${path}: ${JSON.stringify(example)}: ${faults.join("; ")}`);
      count += 1;
    }
  }
  assert.ok(count >= 8, `${count} examples`);
});

test("a real conversation is valid", async () => {
  const faultOf = judge("server");
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/ws?name=Alice`, "chat.v1");
  const events = [];
  socket.on("message", (data) => events.push(JSON.parse(String(data))));
  await new Promise((resolve) => socket.on("open", resolve));
  for (const event of [
    { type: "send_message", id: "1", payload: "Hello" },
    { type: "react", id: "2", payload: { mid: 1, emoji: "👍" } },
    { type: "set_topic", id: "3", payload: "Weather" },
    { type: "set_status", id: "4", payload: { status: "away", text: "lunch" } },
    { type: "join_room", id: "5", payload: "dev" },
    { type: "list_rooms", id: "6" },
    { type: "list_users", id: "7" },
    { type: "history", id: "8", payload: { limit: 5 } },
    { type: "search", id: "9", payload: "Hello" },
    { type: "stats", id: "10" },
    { type: "shout", id: "11" },
    { type: "ping", id: "12" },
  ]) socket.send(JSON.stringify(event));
  await until(() => events.some(({ re }) => re === "12"), "the last answer");
  await until(() => ["8", "9"].every((id) => events.some(({ re }) => re === id)), "the pages");
  socket.close();
  for (const event of events) assert.equal(faultOf(event), null, JSON.stringify(event));
});

test("a path has the methods that are described, and no others", async () => {
  for (const [path, methods] of Object.entries(openapi.paths)) {
    const url = server.url + path.replaceAll(/\{\w+\}/g, "lobby");
    const described = Object.keys(methods);
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      if (described.includes(method.toLowerCase())) continue;
      const response = await fetch(url, { method });
      assert.equal(response.status, 405, `${method} ${path}`);
      const allowed = response.headers.get("allow").toLowerCase().split(", ");
      const expected = [...described, ...(described.includes("get") ? ["head"] : [])];
      assert.deepEqual(allowed.filter((it) => it !== "options").toSorted(), expected.toSorted(), path);
    }
  }
});
