import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { describe, test } from "node:test";

import { CLIENT, PROXY, ask, attempt, behind, open, talk } from "./clients.js";
import { OTHER_HOST, OWN_HOST, caddy, haproxy, haproxyTcp, nginx } from "./proxies.js";

/** Longer than the proxies of these tests wait. */
const IDLE_MS = 9_000;
/** A sign of life every second or two. */
const PINGS = ["--ping-after", "1s", "--pong-within", "2s"];
const PROXIES = { nginx, haproxy, caddy };
const PLACES = [[OWN_HOST, "/"], [OTHER_HOST, "/chat/"]];

for (const [name, start] of Object.entries(PROXIES)) {
  describe(name, { concurrency: true }, () => {
    test("serves the page and the API under a host of its own and under a path", async (context) => {
      const { proxy } = await behind(context, start, PROXY);
      for (const [host, path] of PLACES) {
        const page = await ask(proxy, host, path);
        assert.deepEqual([page.status, page.text.includes("<title>chinwag</title>")], [200, true]);
        assert.equal((await ask(proxy, host, `${path}style.css`)).status, 200);
        const body = JSON.stringify({ name: `Cron${path.length}`, password: "correct horse" });
        const options = { method: "POST", body, headers: { "Content-Type": "application/json", "Content-Length": body.length } };
        const account = await ask(proxy, host, `${path}api/register`, options);
        assert.equal(account.status, 201, account.text);
        // What the proxy says of the scheme arrives.
        assert.match(String(account.headers["set-cookie"]), /; Secure/);
      }
      const { status, headers } = await ask(proxy, OTHER_HOST, "/chat");
      assert.ok([301, 302].includes(status) && /(^|:\d+)\/chat\/$/.test(headers.location), `${status} ${headers.location}`);
    });

    test("lets people talk, who are counted by their own addresses", async (context) => {
      const { proxy, server } = await behind(context, start, [...PROXY, "--content-chars-max", "60000", "--message-bytes-max", "256KiB", "--history-default", "0"]);
      const [own, under] = await Promise.all(PLACES.map(([host, path], n) =>
        open(proxy, host, `${path}ws?name=N${n}`, { headers: { "X-Forwarded-For": "203.0.113.9" } })));
        await talk(own, under, "Hello");
      await talk(under, own, "x".repeat(60_000));
      assert.match(server.log(), new RegExp(`connected .*address=${CLIENT}`));
      assert.doesNotMatch(server.log(), /203\.0\.113\.9/);
      for (const it of [own, under]) it.close();
    });

    test("keeps pages of other origins out", async (context) => {
      const { proxy, server } = await behind(context, start, PROXY);
      for (const [host, path] of PLACES) {
        const refused = await attempt(proxy, host, `${path}ws?name=Eve`, { origin: "https://evil.example" });
        assert.equal(refused.status, 403);
      }
      assert.match(server.log(), /refused: origin not allowed/);
    });

    test("leaves a silent connection open for longer than it waits, since the server pings", async (context) => {
      const { proxy } = await behind(context, start, [...PROXY, ...PINGS, "--history-default", "0"]);
      const silent = await open(proxy, OWN_HOST, "/ws?name=Silent");
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      const other = await open(proxy, OWN_HOST, "/ws?name=Other");
      await talk(other, silent, "still there?");
      await talk(silent, other, "of course");
      for (const it of [silent, other]) it.close();
    });
  });
}

test("nginx reads its configuration again and nobody is cut off", async (context) => {
  const { proxy } = await behind(context, nginx, [...PROXY, ...PINGS, "--history-default", "0"]);
  const before = await open(proxy, OWN_HOST, "/ws?name=Before");
  proxy.signal("SIGHUP");
  const after = await open(proxy, OWN_HOST, "/ws?name=After");
  await talk(before, after, "here");
  for (const it of [before, after]) it.close();
});

test("HAProxy takes WebSockets without TLS, too", async (context) => {
  const { proxy } = await behind(context, haproxy, PROXY);
  const plain = await open(proxy, OWN_HOST, "/ws?name=Plain", { secure: false });
  plain.close();
});

test("HAProxy takes WebSockets over HTTP/2, as browsers open them there (RFC 8441)", async (context) => {
  const { proxy } = await behind(context, haproxy, PROXY);
  const options = { servername: OWN_HOST, rejectUnauthorized: false };
  const session = connectHttp2(`https://127.0.0.1:${proxy.https}`, options);
  context.after(() => session.destroy());
  const [settings] = await once(session, "remoteSettings");
  assert.equal(settings.enableConnectProtocol, true);
  const stream = session.request({
    ":method": "CONNECT", ":protocol": "websocket", ":scheme": "https", ":authority": `${OWN_HOST}:${proxy.https}`,
    ":path": "/ws?name=Two", origin: `https://${OWN_HOST}:${proxy.https}`, "sec-websocket-version": "13",
  });
  const [headers] = await once(stream, "response");
  assert.equal(headers[":status"], 200);
  const [first] = await once(stream, "data");
  assert.match(String(first), /"type":"welcome"/);
});

test("HAProxy says who comes in a PROXY header", async (context) => {
  const { proxy, server } = await behind(context, haproxyTcp, [...PROXY, "--proxy-protocol", "on", ...PINGS]);
  const one = await open(proxy, OWN_HOST, "/ws?name=One");
  assert.match(server.log(), new RegExp(`connected .*address=${CLIENT}`));
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const other = await open(proxy, OWN_HOST, "/ws?name=Other");
  await talk(one, other, "still here");
  for (const it of [one, other]) it.close();
});
