import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { startServer, until } from "../server.js";
import { PROXY, ask, attempt, behind, open } from "./clients.js";
import { OWN_HOST, freePort, haproxyTcp, nginx, shipped } from "./proxies.js";

const README = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8");
const SECTION = README.slice(README.indexOf("\n### Behind a proxy"), README.indexOf("\n## How it is tested"));

/** What a line says, without its comment and its indentation. */
const bare = (line) => line.replace(/(^|\s)#.*/, "").trim().replace(/\s+/g, " ");

test("what the README shows stands in the shipped files", () => {
  const blocks = [...SECTION.matchAll(/```(nginx|haproxy|caddy)\n(.*?)```/gs)];
  assert.deepEqual(blocks.map(([, language]) => language).sort(), ["caddy", "haproxy", "haproxy", "nginx"]);
  const files = {
    nginx: shipped("nginx.conf"),
    haproxy: shipped("haproxy.cfg") + shipped("haproxy-tcp.cfg"),
    caddy: shipped("Caddyfile").replace(/\{\$\w+:(.*?)\}/g, "$1"),
  };
  for (const [, language, block] of blocks) {
    const known = files[language].split("\n").map(bare);
    for (const line of block.split("\n").map(bare)) assert.ok(known.includes(line), `${language}: ${line}`);
  }
});

/** Waits until the server has logged this. */
const logs = (server, pattern) => until(() => pattern.test(server.log()), String(pattern), server.log);

/** A line of the shipped configuration that somebody forgot. */
const without = (...lines) => lines.map((line) => [line, ""]);

describe("a mistake shows as the README says:", { concurrency: true }, () => {
  test("a proxy that replaces Host", async (context) => {
    const mistake = [["proxy_set_header Host $http_host;", ""]];
    const { proxy, server } = await behind(context, nginx, PROXY, mistake);
    assert.equal((await ask(proxy, OWN_HOST, "/")).status, 200);
    assert.equal((await attempt(proxy, OWN_HOST, "/ws?name=A")).status, 403);
    await logs(server, new RegExp(`refused: origin not allowed .*origin=https://${OWN_HOST}:${proxy.https} host=127\\.0\\.0\\.1:`));
  });

  test("a server on the machine of the proxy that does not know of it", async (context) => {
    const { proxy, server } = await behind(context, nginx, ["--data", "none"]);
    assert.equal((await ask(proxy, OWN_HOST, "/")).status, 421);
    await logs(server, new RegExp(`refused: this server is not called ${OWN_HOST}; .*--trusted-proxy`));
  });

  for (const [what, mistake] of [
    ["drops Upgrade and Connection", without("proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Connection upgrade;")],
    ["speaks HTTP/1.0", without("proxy_http_version 1.1;")],
  ]) {
    test(`a proxy that ${what}`, async (context) => {
      const { proxy } = await behind(context, nginx, PROXY, mistake);
      assert.equal((await ask(proxy, OWN_HOST, "/")).status, 200);
      assert.equal((await attempt(proxy, OWN_HOST, "/ws?name=A")).status, 426);
    });
  }

  test("a proxy that does not say who comes", async (context) => {
    const mistake = without("proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;");
    const { proxy, server } = await behind(context, nginx, PROXY, mistake);
    (await open(proxy, OWN_HOST, "/ws?name=A")).close();
    await logs(server, /connected .*address=127\.0\.0\.1/);
  });

  const outside = Object.values(networkInterfaces()).flat().find((it) => it?.family === "IPv4" && !it.internal)?.address;
  test("a proxy on another machine that the server does not know of", { skip: !outside && "needs a network" }, async (context) => {
    const port = await freePort();
    const args = ["--data", "none", "--connections-per-address", "1", "--listen", `${outside}:${port}`];
    const server = await startServer({ port, args });
    context.after(() => server.kill());
    const proxy = await nginx(`${outside}:${port}`);
    context.after(() => proxy.stop());
    const first = await open(proxy, OWN_HOST, "/ws?name=A");
    assert.equal((await attempt(proxy, OWN_HOST, "/ws?name=B")).status, 429);
    await logs(server, new RegExp(`refused: too many connections address=${outside.replaceAll(".", "\\.")}`));
    first.close();
  });

  test("a proxy without PROXY headers, where the server waits for them", async (context) => {
    const { proxy, server } = await behind(context, nginx, [...PROXY, "--proxy-protocol", "on", "--log-level", "debug"]);
    assert.equal((await ask(proxy, OWN_HOST, "/")).status, 502);
    await logs(server, /bad PROXY header/);
  });

  test("PROXY headers where the server does not wait for them", async (context) => {
    const { proxy } = await behind(context, haproxyTcp, PROXY);
    assert.equal((await attempt(proxy, OWN_HOST, "/ws?name=A")).status, 400);
  });

  test("a proxy that waits for less than the server's pings", async (context) => {
    const { proxy, server } = await behind(context, nginx, [...PROXY, "--ping-after", "1m"]);
    const it = await open(proxy, OWN_HOST, "/ws?name=A");
    assert.equal(await it.closed, 1006);
    await logs(server, /disconnected/);
  });
});
