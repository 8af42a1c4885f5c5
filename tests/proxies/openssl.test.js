import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { binary, startServer, until } from "../server.js";

/** The names of the certificates, the first of which is for clients that name neither. */
const NAMES = ["first.example", "second.example"];
const REQUEST = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";
const LAST_REQUEST = `${REQUEST}Connection: close\r\n\r\n`;

let dir, server;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), "chinwag-openssl-"));
  const args = NAMES.flatMap((name) => {
    mkdirSync(join(dir, name));
    execFileSync(binary(), ["mkcert", name], { cwd: join(dir, name), stdio: "pipe" });
    return ["--tls-cert", join(dir, name, "cert.pem"), "--tls-key", join(dir, name, "key.pem")];
  });
  server = await startServer({ args: ["--data", "none", ...args] });
});

after(async () => {
  await server?.kill();
  rmSync(dir, { recursive: true, force: true });
});

/** Connects as OpenSSL does, with nothing to send; returns all that it says. */
function sClient(args = [], port = server.port, write = (stdin, _said) => stdin.end()) {
  const child = spawn("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, ...args]);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (said += data));
  child.stdin.on("error", () => {});
  const ended = once(child, "close").then(([code]) => ({ code, said }));
  Promise.resolve(write(child.stdin, () => said)).catch(() => child.kill());
  return ended;
}

const suite = (said) => /Cipher is (\S+)/.exec(said)?.[1];

describe("by OpenSSL", { concurrency: 2 }, () => {
  test("only TLS 1.2 and 1.3 are spoken", async () => {
    for (const [version, name] of [["-tls1_2", "TLSv1.2"], ["-tls1_3", "TLSv1.3"]]) {
      const { code, said } = await sClient([version]);
      assert.equal(code, 0, said);
      assert.match(said, new RegExp(`New, ${name.replace(".", "\\.")}, Cipher is (?!\\(NONE)`));
    }
    for (const version of ["-tls1", "-tls1_1"]) {
      const { code, said } = await sClient([version, "-cipher", "ALL:@SECLEVEL=0"]);
      assert.notEqual(code, 0, said);
      assert.match(said, /alert/);
      assert.equal(suite(said), "(NONE)", said);
    }
  });

  test("only suites with forward secrecy and authenticated encryption are spoken", async () => {
    const all = String(execFileSync("openssl", ["ciphers", "-s", "-tls1_2", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"])).trim().split(":");
    const old = all.filter((name) => !name.startsWith("TLS_"));
    assert.ok(old.length > 40, all.join(" "));
    const spoken = [];
    while (old.length) {
      const some = await Promise.all(old.splice(0, 8).map((name) => sClient(["-tls1_2", "-cipher", `${name}:@SECLEVEL=0`])));
      spoken.push(...some.map(({ said }) => suite(said)).filter((name) => name && name !== "(NONE)"));
    }
    // The key of the certificate is an ECDSA one.
    assert.deepEqual(spoken.sort(), ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"]);
  });

  test("the certificate is that of the name, and the first one for a name that nobody has", async () => {
    for (const [args, name] of [
      [["-servername", NAMES[1]], NAMES[1]],
      [["-servername", NAMES[0]], NAMES[0]],
      [["-servername", "unknown.example"], NAMES[0]],
      [["-noservername"], NAMES[0]],
    ]) {
      const { said } = await sClient(args);
      assert.match(said, new RegExp(`subject=CN = ${name.replace(".", "\\.")}\n`));
    }
  });

  for (const version of ["-tls1_2", "-tls1_3"]) {
    test(`a connection ends with close_notify (${version})`, async () => {
      const { code, said } = await sClient(["-quiet", "-ign_eof", version], server.port, (stdin) => stdin.write(LAST_REQUEST));
      assert.match(said, /alive\n$/, said);
      // Without it OpenSSL says: unexpected eof while reading.
      assert.doesNotMatch(said, /unexpected eof/);
      assert.equal(code, 0);
    });
  }

  test("a handshake within a connection is refused", async () => {
    const { said } = await sClient(["-tls1_2"], server.port, async (stdin, said) => {
      stdin.write(`${REQUEST}\r\n`);
      await until(() => said().includes("alive"), "the answer", said);
      stdin.write("R\n");
    });
    assert.match(said, /RENEGOTIATING\n.*no renegotiation/s);
  });

  test("a connection that is cut within a record ends, and harms nobody", async () => {
    for (const bytes of [1, 4, 100, 300, 340, 420, 480, 520, 560]) {
      const relay = createServer({ allowHalfOpen: true });
      const ended = once(relay, "connection").then(async ([client]) => {
        const upstream = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
        upstream.pipe(client, { end: false });
        let left = bytes;
        client.on("error", () => {}).on("data", (data) => {
          if (left === 0) return;
          upstream.write(data.subarray(0, left));
          left -= Math.min(left, data.length);
          if (left === 0) upstream.end();
        });
        // It is for the server to end its side.
        await once(upstream.on("error", () => {}), "close");
        client.destroy();
      });
      relay.listen(0, "127.0.0.1");
      await once(relay, "listening");
      const { port } = /** @type {import("node:net").AddressInfo} */ (relay.address());
      const client = sClient(["-quiet", "-ign_eof"], port, (stdin) => stdin.write(LAST_REQUEST + "x".repeat(200)));
      await ended;
      await client;
      relay.close();
    }
    const { said } = await sClient(["-quiet", "-ign_eof"], server.port, (stdin) => stdin.write(LAST_REQUEST));
    assert.match(said, /alive\n$/);
    assert.doesNotMatch(server.log(), /panic/);
  });
});
