/**
 * What may stand between browser and server: a slow network, which counts its traffic, and a proxy that serves
 * the server under a path.
 *
 * @module
 */

import { createServer as createHttpServer, request } from "node:http";
import { connect, createServer } from "node:net";

/**
 * Opens a proxy to the port.
 *
 * @param {number} port
 * @param {{ delayMs?: number, bytesPerS?: number }} [slowness]  one way; of the way back, shared by all
 */
export async function openSlowNetwork(port, { delayMs = 0, bytesPerS = Infinity } = {}) {
  const counted = { requests: 0, bytes: 0, sockets: 0 };
  /** Time at which the way back is free again. */
  let free = 0;
  const server = createServer((browser) => {
    const ahead = connect(port, "127.0.0.1");
    /** WebSocket traffic is not counted as part of the page. */
    let isSocket = false;
    // Opening a connection takes another round trip.
    const open = performance.now() + 2 * delayMs;
    browser.on("data", (data) => {
      const head = data.toString("latin1");
      if (/^GET \/ws/.test(head)) {
        isSocket = true;
        counted.sockets += 1;
      } else if (!isSocket) counted.requests += (head.match(/^(GET|HEAD) /gm) ?? []).length;
      pass(ahead, data, Math.max(performance.now(), open) + delayMs);
    });
    ahead.on("data", (data) => {
      if (!isSocket) counted.bytes += data.length;
      free = Math.max(free, performance.now()) + (data.length / bytesPerS) * 1000;
      pass(browser, data, free + delayMs);
    });
    for (const [one, other] of [[browser, ahead], [ahead, browser]]) {
      one.on("close", () => other.destroy());
      one.on("error", () => other.destroy());
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** Returns the traffic since the last call. */
    count() {
      const now = { ...counted };
      Object.assign(counted, { requests: 0, bytes: 0, sockets: 0 });
      return now;
    },
    close: () => server.close(),
  };
}

/** Writes data at its time, in order. */
function pass(socket, data, at) {
  const wait = at - performance.now();
  if (wait <= 0 && !socket.waiting) return socket.write(data);
  socket.waiting = (socket.waiting ?? 0) + 1;
  setTimeout(() => {
    socket.waiting -= 1;
    socket.write(data);
  }, Math.max(0, wait));
}

/**
 * Opens a proxy that serves what is at the port under a path, and nothing elsewhere.
 *
 * @param {number} port
 * @param {string} path  with a slash at both ends
 */
export async function openPathProxy(port, path) {
  /** Requests for something outside the path. */
  const strays = [];
  const inside = (url) => (url.startsWith(path) ? url.slice(path.length - 1) : undefined);
  const server = createHttpServer((incoming, response) => {
    const { method, url, headers } = incoming;
    const target = inside(url);
    if (target === undefined) {
      strays.push(url);
      response.writeHead(404).end();
      return;
    }
    const ahead = request({ host: "127.0.0.1", port, method, path: target, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    ahead.on("error", () => response.destroy());
    incoming.pipe(ahead);
  });
  server.on("upgrade", ({ method, url, rawHeaders }, socket) => {
    const target = inside(url);
    if (target === undefined) {
      strays.push(url);
      socket.destroy();
      return;
    }
    const lines = rawHeaders.flatMap((name, at) => (at % 2 ? [] : [`${name}: ${rawHeaders[at + 1]}`]));
    const ahead = connect(port, "127.0.0.1", () => ahead.write([`${method} ${target} HTTP/1.1`, ...lines, "", ""].join("\r\n")));
    for (const [one, other] of [[socket, ahead], [ahead, socket]]) {
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${path}`,
    strays,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
