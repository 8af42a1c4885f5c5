/**
 * A small stand-in for the server: it serves `web/` with the real policy and speaks as much of the
 * protocol as the page needs, in memory. Tests of the page can make it misbehave, which the real
 * one does not.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

import { WebSocketServer } from "ws";

const WEB = fileURLToPath(new URL("../../web/", import.meta.url));

export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
  "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types worker";

const PAGES = { "/": "index.html", "/stats": "stats/index.html" };

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
};

export class FakeServer {
  /** Entries by room, ascending by `seq`. */
  rooms = new Map();
  epoch = randomBytes(4).toString("hex");
  clients = new Set();
  /** Received events, in order. */
  heard = [];
  /** Additional fields of `welcome`. */
  extra = {};
  /** Error payloads by the type of the event they answer. */
  refusals = {};
  /** Answers requests for statistics; none: they are unknown. @type {((wanted: any) => any) | undefined} */
  stats;

  #http = createServer((request, response) => this.#serve(request, response));
  #sockets = new WebSocketServer({ noServer: true });
  #sessions = new Map();

  /** Listens on a free port; returns the address of the page. */
  async listen(port = 0) {
    this.#http.on("upgrade", (request, socket, head) =>
      this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#open(ws, request)),
    );
    await new Promise((resolve) => this.#http.listen(port, "127.0.0.1", resolve));
    this.port = this.#http.address().port;
    return `http://127.0.0.1:${this.port}`;
  }

  async close() {
    for (const client of this.clients) client.ws.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  /** Appends an entry to a room and sends it to everyone in it. */
  append(room, type, payload, except) {
    const record = this.record(room);
    const seq = record.length + 1;
    const entry = { type, room, seq, ts: Date.now(), payload: { mid: seq, ...payload } };
    record.push(entry);
    for (const client of this.clients) {
      if (client !== except && client.rooms.has(room)) client.tell(entry);
    }
    return entry;
  }

  record(room) {
    if (!this.rooms.has(room)) this.rooms.set(room, []);
    return this.rooms.get(room);
  }

  async #serve({ url }, response) {
    const path = PAGES[url] ?? normalize(url.split("?")[0]).replace(/^[/.]+/, "");
    try {
      const body = await readFile(join(WEB, path));
      response.writeHead(200, {
        "content-type": TYPES[extname(path)] ?? "application/octet-stream",
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "cache-control": "no-cache",
      });
      response.end(body);
    } catch {
      response.writeHead(404).end("not found");
    }
  }

  #open(ws, request) {
    const query = new URL(request.url, "http://x").searchParams;
    const key = query.get("session") ?? "";
    const session = this.#sessions.get(key) ?? { key: randomBytes(9).toString("base64url"), name: "", rooms: [] };
    this.#sessions.set(session.key, session);
    session.name ||= this.#freeName(query.get("name") ?? "Anonymous");
    const wanted = [...query.getAll("room"), ...session.rooms];
    if (wanted.length === 0) wanted.push("lobby");
    const client = { ws, name: session.name, session, rooms: new Set(wanted), tell: (event) => ws.send(JSON.stringify(event)) };
    session.rooms = [...client.rooms];
    client.current = wanted[0];
    this.clients.add(client);
    ws.on("close", () => {
      this.clients.delete(client);
      for (const room of client.rooms) this.#presence(room, "user_left", client);
    });
    ws.on("message", (data) => this.#hear(client, String(data)));
    const rooms = Object.fromEntries(
      [...client.rooms].map((room) => [room, { seq: this.record(room).length, users: this.#users(room).length, topic: "" }]),
    );
    client.tell({
      type: "welcome",
      ts: Date.now(),
      payload: {
        v: 1, you: client.name, renamed: client.name !== query.get("name"), session: session.key, epoch: this.epoch,
        current: client.current, rooms, ping_ms: 9000, limits: { content: 4000, frame: 65536, burst: 10, per_s: 5 }, ...this.extra,
      },
    });
    const after = new Map(query.getAll("after").map((it) => [it.slice(0, it.lastIndexOf(":")), Number(it.slice(it.lastIndexOf(":") + 1))]));
    if (query.get("epoch") === this.epoch && after.size) this.#resume(client, after);
    for (const room of client.rooms) {
      if (!after.has(room) && this.record(room).length) this.#history(client, undefined, room, { limit: Number(query.get("history") ?? 50) });
      this.#presence(room, "user_joined", client);
    }
  }

  #freeName(name) {
    const taken = new Set([...this.clients].map((it) => it.name));
    for (let i = 1; ; i += 1) if (!taken.has(i === 1 ? name : `${name}-${i}`)) return i === 1 ? name : `${name}-${i}`;
  }

  #users(room) {
    return [...new Set([...this.clients].filter((it) => it.rooms.has(room)).map((it) => it.name))].map((name) => ({ name, conns: 1 }));
  }

  #presence(room, type, client) {
    for (const other of this.clients) {
      if (other !== client && other.rooms.has(room)) other.tell({ type, room, payload: { user: client.name, count: this.#users(room).length } });
    }
  }

  #resume(client, after, re) {
    const rooms = {};
    for (const [room, seq] of after) rooms[room] = { from: seq + 1, to: this.record(room).length, complete: true };
    client.tell({ type: "resumed", re, payload: { you: client.name, epoch: this.epoch, rooms } });
    for (const [room, seq] of after) {
      for (const entry of this.record(room).slice(seq)) client.tell(entry);
      client.tell({ type: "live", room, payload: { seq: this.record(room).length } });
    }
  }

  #history(client, re, room, { before = Infinity, after = 0, around, limit = 50 }) {
    const record = this.record(room);
    const messages = new Map();
    for (const { type, seq, ts, payload } of record) {
      if (type === "message") messages.set(seq, { ...payload, mid: seq, seq, ts, reactions: [] });
      else if (type === "message_edited") Object.assign(messages.get(payload.mid) ?? {}, { content: payload.content, edited: true });
      else if (type === "message_deleted") messages.delete(payload.mid);
    }
    const all = [...messages.values()];
    const fits = around ? all : all.filter(({ mid }) => mid < before && mid > after);
    const near = ({ mid }) => mid >= around - limit / 2 && mid < around + limit / 2;
    const page = around ? fits.filter(near) : after ? fits.slice(0, limit) : fits.slice(-limit);
    client.tell({
      type: "history", re, room,
      payload: { epoch: this.epoch, messages: page, first: page[0]?.mid ?? 0, last: page.at(-1)?.mid ?? 0, top: record.length, more: fits.length > page.length, lost: [] },
    });
  }

  #hear(client, text) {
    if (!text.startsWith("{")) return this.#hearText(client, text);
    const event = JSON.parse(text);
    this.heard.push(event);
    const { type, id, room = client.current, payload } = event;
    const refusal = this.refusals[type];
    if (refusal) return client.tell({ type: "error", re: id, room, payload: refusal });
    const known = this.seen?.get(id);
    const ack = (entry, duplicate = false) =>
      id && client.tell({ type: "ack", re: id, room, seq: entry.seq, ts: entry.ts, payload: { mid: entry.payload.mid, durable: "memory", duplicate } });
    const put = (kind, body) => {
      if (known) return ack(known, true);
      const entry = this.append(room, kind, body, type === "send_message" ? client : undefined);
      (this.seen ??= new Map()).set(id, entry);
      ack(entry);
      if (type === "send_message") client.tell(entry);
    };
    const expires = payload?.ttl && Date.now() + payload.ttl * 1000;
    switch (type) {
      case "send_message":
        return put("message", { sender: client.name, content: payload.content, reply_to: payload.reply_to, expires });
      case "edit_message":
        return put("message_edited", { mid: payload.mid, sender: client.name, content: payload.content });
      case "delete_message":
        return put("message_deleted", { mid: payload.mid, by: client.name, why: "author" });
      case "react":
        return put("reaction", { mid: payload.mid, emoji: payload.emoji, user: client.name, on: payload.on });
      case "set_topic":
        return put("topic", { topic: payload, by: client.name });
      case "history":
        return this.#history(client, id, room, payload ?? {});
      case "resume":
        return this.#resume(client, new Map(Object.entries(payload.rooms)), id);
      case "accept":
      case "join_room":
        client.rooms.add(payload.room);
        client.session.rooms = [...client.rooms];
        client.current = payload.room;
        client.tell({ type: "joined", re: id, room: payload.room, payload: { seq: this.record(payload.room).length, topic: "", users: this.#users(payload.room) } });
        if (this.record(payload.room).length && payload.history !== 0) this.#history(client, undefined, payload.room, {});
        return this.#presence(payload.room, "user_joined", client);
      case "leave_room":
        client.rooms.delete(payload.room);
        client.session.rooms = [...client.rooms];
        return client.tell({ type: "left", re: id, room: payload.room });
      case "typing":
        for (const other of this.clients) {
          if (other !== client && other.rooms.has(room)) other.tell({ type, room, payload: { user: client.name, on: payload, ttl_ms: 6000 } });
        }
        return undefined;
      case "read":
        return undefined;
      case "list_users":
        return client.tell({ type: "user_list", re: id, room, payload: { users: this.#users(room) } });
      case "list_rooms":
        return client.tell({ type: "room_list", re: id, payload: { rooms: [...this.rooms].map(([it, { length }]) => ({ room: it, users: this.#users(it).length, seq: length, topic: "" })) } });
      case "ping":
        return client.tell({ type: "pong", re: id, payload: { rooms: Object.fromEntries([...client.rooms].map((it) => [it, this.record(it).length])) } });
      case "set_name":
        client.name = client.session.name = payload;
        return client.tell({ type: "ack", re: id, payload: { you: payload } });
      case "stats":
        if (this.stats) return client.tell({ type: "stats", re: id, ts: Date.now(), payload: this.stats(payload) });
      // Falls through: this server has no statistics.
      default:
        return client.tell({ type: "error", re: id, payload: { code: "unknown_type", message: `no ${type}`, retryable: false } });
    }
  }

  #hearText(client, text) {
    this.heard.push(text);
    if (text.startsWith("/")) client.tell({ type: "notice", payload: { code: "help", message: `You typed ${text}` } });
    else this.append(client.current, "message", { sender: client.name, content: text });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const address = process.argv[process.argv.indexOf("--listen") + 1] ?? "";
  console.log(`listening on ${await new FakeServer().listen(Number(address.split(":")[1] ?? 0))}`);
}
