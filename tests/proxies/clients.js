/**
 * Clients on their way through a proxy.
 *
 * @module
 */

import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

import WebSocket from "ws";

import { startServer, until } from "../server.js";

/** Where the clients of these tests come from: another address of this machine than the proxies. */
export const CLIENT = "127.0.0.2";
/** The arguments of a server behind one of the proxies. */
export const PROXY = ["--data", "none", "--trusted-proxy", "127.0.0.1"];

/** Starts a server and a proxy in front of it, for one test. */
export async function behind(context, start, args, ...more) {
  const server = await startServer({ args });
  context.after(() => server.kill());
  const proxy = await start(new URL(server.url).host, ...more);
  context.after(() => proxy.stop());
  return { server, proxy };
}

/** Asks through the proxy; `path` begins with a slash. */
export function ask(proxy, host, path, { method = "GET", headers = {}, body = "", secure = Boolean(proxy.https) } = {}) {
  const port = secure ? proxy.https : proxy.http;
  const options = {
    host: "127.0.0.1", port, path, method, localAddress: CLIENT, servername: host, rejectUnauthorized: false, agent: false,
    headers: { Host: `${host}:${port}`, ...headers },
  };
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsRequest : httpRequest)(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (data) => (text += data));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
      response.on("error", reject);
    });
    request.on("error", reject).end(body);
  });
}

/** Opens a WebSocket through the proxy that keeps what comes, and waits for the `welcome`. */
export async function open(proxy, host, path, options) {
  const it = await attempt(proxy, host, path, options);
  assert.equal(it.status, 101, proxy.log());
  await it.next("welcome");
  return it;
}

/** Tries to open a WebSocket; `status` is that of the answer, 0 without one. */
export async function attempt(proxy, host, path, { origin = undefined, headers = {}, secure = Boolean(proxy.https) } = {}) {
  const port = secure ? proxy.https : proxy.http;
  const scheme = secure ? "s" : "";
  const socket = new WebSocket(`ws${scheme}://127.0.0.1:${port}${path}`, {
    localAddress: CLIENT, servername: host, rejectUnauthorized: false, origin: origin ?? `http${scheme}://${host}:${port}`,
    headers: { Host: `${host}:${port}`, ...headers },
  });
  const events = [];
  socket.on("message", (data) => events.push(JSON.parse(String(data))));
  socket.on("error", () => {});
  let code;
  const closed = new Promise((resolve) => socket.once("close", (number) => resolve((code = number))));
  const status = await new Promise((resolve) => {
    socket.once("open", () => resolve(101)).once("unexpected-response", (request, response) => {
      request.destroy();
      resolve(response.statusCode);
    });
    socket.once("close", () => resolve(0));
  });
  return {
    status, closed,
    next: (type, fits = () => true) =>
      until(() => events.find((event) => event.type === type && fits(event.payload)), type, () => `${JSON.stringify(events).slice(0, 2000)} closed with ${code}`),
    say: (content) => socket.send(JSON.stringify({ type: "send_message", payload: content })),
    close: () => socket.terminate(),
  };
}

/** Has one say something and the other hear it. */
export async function talk(one, other, content) {
  one.say(content);
  await other.next("message", (payload) => payload.content === content);
}
