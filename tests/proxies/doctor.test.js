import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { binary } from "../server.js";
import { PROXY, behind } from "./clients.js";
import { OTHER_HOST, OWN_HOST, haproxy, nginx } from "./proxies.js";

/**
 * Has the doctor look at a server through a proxy.
 *
 * @returns {Promise<{ code: number, lines: Record<string, string>, out: string }>} its exit code, and a line for each check
 */
function doctor(proxy, path = `https://${OWN_HOST}:${proxy.https}/`, ...more) {
  const args = ["doctor", path, "--connect", `127.0.0.1:${proxy.https}`, ...more];
  const env = { PATH: process.env.PATH, SSL_CERT_FILE: proxy.pem };
  return new Promise((resolve) => {
    const child = execFile(binary(), args, { env }, (error, out, errors) => {
      const lines = [...out.matchAll(/^(\w+) +([^:]+): (.*)$/gm)].map(([, verdict, name, text]) => [name, `${verdict} ${text}`]);
      resolve({ code: child.exitCode ?? -1, lines: Object.fromEntries(lines), out: out + errors });
    });
  });
}

/** The checks that failed. */
const failed = ({ lines }) => Object.keys(lines).filter((name) => lines[name].startsWith("fail"));

/** A line of the shipped configuration that somebody forgot. */
const without = (...lines) => lines.map((line) => [line, ""]);

const FORWARDED_FOR = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;";
const UPGRADE = ["proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Connection upgrade;"];

// Each has a server and a proxy of its own, which take their time on a busy machine.
describe("the doctor", { concurrency: 4 }, () => {
  for (const [name, start] of Object.entries({ nginx, haproxy })) {
    test(`finds nothing wrong through ${name} as it is shipped`, async (context) => {
      const dir = mkdtempSync(join(tmpdir(), "chinwag-doctor-"));
      context.after(() => rmSync(dir, { recursive: true, force: true }));
      const password = "correct horse";
      execFileSync(binary(), ["user", "add", "Root", "--admin", "--data", dir], { input: `${password}\n`, stdio: "pipe" });
      const args = ["--data", dir, "--trusted-proxy", "127.0.0.1"];
      const { proxy, server } = await behind(context, start, args);
      const answer = await fetch(`${server.url}/api/login`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name: "Root", password }) });
      const { token } = await answer.json();
      for (const path of [`https://${OWN_HOST}:${proxy.https}`, `https://${OTHER_HOST}:${proxy.https}/chat/`]) {
        const { code, lines, out } = await doctor(proxy, path, "--token", token, "--full", "--idle", "2s");
        assert.equal(code, 0, out);
        const verdicts = new Set(Object.values(lines).map((line) => line.split(" ")[0]));
        assert.deepEqual([...verdicts], ["pass"], out);
        assert.equal(Object.keys(lines).length, 18, out);
      }
    });
  }

  for (const [mistake, start, changes, names, advice] of /** @type {const} */ ([
    ["drops Upgrade", nginx, without(...UPGRADE), ["upgrade"], /426.*pass on Upgrade/],
    ["speaks HTTP/1.0", nginx, without("proxy_http_version 1.1;"), ["upgrade"], /426.*HTTP\/1\.1/],
    ["replaces Host", nginx, without("proxy_set_header Host $http_host;"), ["Host", "Origin rule"], /pass on Host/],
    ["does not name the client", nginx, without(FORWARDED_FOR), ["client address"], /X-Forwarded-For/],
    ["does not name the client", haproxy, without("option forwardfor"), ["client address"], /X-Forwarded-For/],
    ["does not tell the scheme", nginx, without("proxy_set_header X-Forwarded-Proto $scheme;"), ["scheme"], /X-Forwarded-Proto/],
    ["bounds bodies", nginx, [["server_name", "client_max_body_size 10k; server_name"]], ["largest message"], /413.*client_max_body_size/],
    ["drops Origin", haproxy, [["option forwardfor", "option forwardfor\n    http-request del-header Origin"]], ["Origin rule"], /pass on Origin/],
    ["reaches no server", nginx, [["proxy_pass http://", "proxy_pass http://127.0.0.1:1; #"]], ["server"], /502.*does not reach the server/],
    ["allows TLS 1.1", nginx, [["ssl_protocols TLSv1.2", "ssl_ciphers ALL:@SECLEVEL=0; ssl_protocols TLSv1.1 TLSv1.2"]], ["TLS versions"], /1\.1 or older is accepted/],
    ["refuses TLS 1.3", haproxy, [["alpn h2,http/1.1", "ssl-max-ver TLSv1.2"]], ["TLS versions"], /1\.3 is refused/],
    ["redirects", haproxy, [["option forwardfor", "option forwardfor\n    http-request redirect location https://www.example/new"]], ["server"], /redirects to https:\/\/www\.example\/new/],
  ])) {
    test(`names the mistake of a proxy that ${mistake} (${start.name})`, async (context) => {
      const { proxy } = await behind(context, start, PROXY, changes);
      const { code, lines, out } = await doctor(proxy);
      assert.equal(code, 1, out);
      assert.deepEqual(failed({ lines }), names, out);
      assert.match(lines[names[0]], advice);
    });
  }

  for (const [name, start, changes] of /** @type {const} */ ([
    ["nginx", nginx, []],
    ["haproxy", haproxy, [["timeout tunnel 4s", "timeout tunnel 2s"]]],
  ])) {
    test(`names a timeout of ${name} that is shorter than the silence between two pings`, async (context) => {
      const { proxy } = await behind(context, start, [...PROXY, "--ping-after", "1m"], changes);
      const { code, lines, out } = await doctor(proxy, undefined, "--full", "--idle", "30s");
      assert.equal(code, 1, out);
      assert.deepEqual(failed({ lines }), ["idle"], out);
      assert.match(lines.idle, /cut off after \d s without a message: raise the proxy's timeout/);
    });
  }

  for (const [days, line] of /** @type {const} */ ([[0, /has expired on|expires in 0 days/], [5, /expires in [45] days/]])) {
    test(`names a certificate that has ${days} days left`, async (context) => {
      const { proxy } = await behind(context, nginx, PROXY, [], days);
      const { code, lines, out } = await doctor(proxy);
      assert.equal(code, 1, out);
      assert.deepEqual(failed({ lines }), ["expiry"], out);
      assert.match(lines.expiry, line);
    });
  }

  test("names a certificate that nobody trusts, and one of another host", async (context) => {
    const { proxy } = await behind(context, nginx, PROXY);
    const untrusted = await doctor({ ...proxy, pem: "/dev/null" });
    assert.deepEqual(failed(untrusted), ["certificate"], untrusted.out);
    assert.match(untrusted.lines.certificate, /no authority that browsers trust/);
    const other = await doctor(proxy, `https://else.example:${proxy.https}/`);
    assert.match(other.lines.certificate, /it is not for else\.example/);
  });

  test("names a proxy that the server does not know of", async (context) => {
    const { proxy } = await behind(context, nginx, ["--data", "none"]);
    const { code, lines, out } = await doctor(proxy);
    assert.equal(code, 1, out);
    assert.deepEqual(failed({ lines }), ["Host", "upgrade"], out);
    assert.match(lines.Host, /--trusted-proxy/);
  });
});
