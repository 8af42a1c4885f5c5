import assert from "node:assert/strict";
import { test } from "node:test";

import { Refusal } from "../../web/chinwag.js";
import { initialState } from "../../web/state/state.js";
import { reduce } from "../../web/state/reducer.js";
import { timeline } from "../../web/state/timeline.js";
import { hrefOf, sizeOf } from "../../web/view/attachment.js";
import { isPicture, shownSize } from "../../web/view/pictures.js";
import { FakeStorage, world } from "./fake-socket.js";

const FILE = { file: "0a".repeat(16), name: "plan.pdf", type: "application/pdf", bytes: 7 };
const PICTURE = { file: "0b".repeat(16), name: "cat.png", type: "image/png", bytes: 9, width: 4, height: 3 };

/** Returns a `fetch` with given responses, and its requests. */
function http(...answers) {
  const asked = [];
  const fetch = async (url, { method = "GET", headers, body }) => {
    asked.push({ url: String(url), method, headers, body: body && (await body.text()) });
    const answer = answers.shift();
    if (!answer) throw new TypeError("nobody");
    return answer;
  };
  return { fetch, asked };
}

async function live(options) {
  const it = world(options);
  it.chat.connect();
  await it.socket.open();
  it.socket.take();
  it.told.length = 0;
  return it;
}

test("an upload sends the bytes with the session's key, and says how far it is", async () => {
  const { fetch, asked } = http(Response.json(FILE, { status: 201 }));
  const { chat } = await live({ fetch });
  const progress = [];
  const file = await chat.upload("a room/b", new Blob(["content"]), { name: "plan & more.pdf", onProgress: (...it) => progress.push(it) });
  assert.deepEqual(file, FILE);
  assert.deepEqual(asked, [{
    url: "http://test/api/rooms/a%20room%2Fb/files?name=plan+%26+more.pdf", method: "POST",
    headers: { authorization: "Bearer s1", "content-type": "application/octet-stream" }, body: "content",
  }]);
  assert.deepEqual(progress, [[7, 7]]);
});

test("the name of an upload is that of the file, without directories, and fits into a URL", async () => {
  const names = [["C:\\a\\b/c.txt", "c.txt"], ["", ""], ["\u202egpj.exe", "\u202egpj.exe"], ["\ud800.txt", "\ufffd.txt"], [`${"é".repeat(4_000)}.jpeg`, `${"é".repeat(300)}${"é".repeat(45)}.jpeg`]];
  const { fetch, asked } = http(...names.map(() => Response.json(FILE, { status: 201 })));
  const { chat } = await live({ fetch });
  for (const [name] of names) await chat.upload("lobby", new File(["x"], name));
  assert.deepEqual(asked.map(({ url }) => new URL(url).searchParams.get("name")), names.map(([, name]) => name));
});

test("an upload is refused, cut off or aborted", async () => {
  const refusal = new Response(JSON.stringify({ code: "rate_limited", message: "too much" }), { status: 429, headers: { "retry-after": "90" } });
  const { fetch } = http(refusal);
  const { chat } = await live({ fetch });
  await assert.rejects(chat.upload("lobby", new Blob(["x"])), (error) => error instanceof Refusal && error.code === "rate_limited" && error.retryAfterMs === 90_000);
  await assert.rejects(chat.upload("lobby", new Blob(["x"])), { message: "offline" });
  const abort = new AbortController();
  abort.abort();
  await assert.rejects(chat.upload("lobby", new Blob(["x"]), { signal: abort.signal }), { name: "AbortError" });
});

test("a download sends the session's key", async () => {
  const { fetch, asked } = http(new Response("bytes"), new Response("{}", { status: 404 }));
  const { chat } = await live({ fetch });
  assert.equal(await (await chat.download(FILE.file)).text(), "bytes");
  assert.deepEqual(asked[0], { url: `http://test/files/${FILE.file}/-`, method: "GET", headers: { authorization: "Bearer s1" }, body: undefined });
  await assert.rejects(chat.download(FILE.file), Refusal);
});

test("a message names its files by id, and is known with all of them from its answer", async () => {
  const it = await live();
  it.chat.send("lobby", "", { files: [FILE, PICTURE] });
  const [sent] = it.socket.take();
  assert.deepEqual(sent.payload, { content: "", files: [FILE.file, PICTURE.file] });
  await it.socket.say({ type: "ack", re: sent.id, room: "lobby", seq: 1, ts: 5, payload: { mid: 1 } });
  assert.deepEqual(it.take("message")[0].payload.files, [FILE, PICTURE]);
});

test("after a reload, one's own message is recognised by its files, too", async () => {
  const storage = new FakeStorage();
  const it = await live({ storage });
  it.chat.send("lobby", "", { files: [FILE] });
  const [sent] = it.socket.take();
  const other = await live({ storage });
  const own = (seq, files) => ({ type: "message", room: "lobby", seq, ts: 5, payload: { mid: seq, sender: "Alice", content: "", files } });
  await other.socket.say(own(1, [PICTURE]), own(2, [FILE]));
  assert.deepEqual(other.take("message").map(({ local }) => local), [undefined, sent.id]);
});

test("a message that is not sent yet has its files", () => {
  const entry = { id: "1", type: "send_message", at: 1, payload: { content: "", files: [PICTURE] } };
  const state = reduce(initialState("lobby"), { type: "joined", room: "lobby", payload: {} }, 0);
  const room = { ...state.rooms.get("lobby"), pending: [entry] };
  const [row] = timeline(room, 0, 0, { ...state, you: "Alice" }).filter(({ kind }) => kind === "message");
  assert.deepEqual(row.message.files, [PICTURE]);
});

test("only pictures of a known size are shown, within 480 × 360", () => {
  assert.equal(isPicture(PICTURE), true);
  for (const changes of [{ type: "image/svg+xml" }, { type: "text/html" }, { width: 0 }, { height: 0 }]) assert.equal(isPicture({ ...PICTURE, ...changes }), false);
  const sizes = [[4, 3], [480, 360], [4_000, 3_000], [3_000, 4_000], [100_000, 1], [1, 100_000]];
  assert.deepEqual(sizes.map(([width, height]) => Object.values(shownSize({ width, height })).join("×")), ["4×3", "480×360", "480×360", "270×360", "480×1", "1×360"]);
});

test("a file has an address whatever its name, and a size in words", () => {
  assert.equal(hrefOf({ ...FILE, name: "../a b?#%.txt" }), `files/${FILE.file}/..%2Fa%20b%3F%23%25.txt`);
  assert.equal(hrefOf({ ...FILE, name: "\ud800x" }), `files/${FILE.file}/%EF%BF%BDx`);
  assert.deepEqual([0, 7, 999, 1_000, 1_234, 25_600, 1_500_000, 26_214_400].map(sizeOf), ["0 bytes", "7 bytes", "999 bytes", "1 kB", "1.2 kB", "26 kB", "1.5 MB", "26 MB"]);
});
