import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { binary, startServer } from "../server.js";

/**
 * Schemathesis makes up requests by the OpenAPI document, valid and invalid ones, and finds nothing.
 * The limits of rates are lifted, so that it gets further than to them.
 */

const PROGRAM = process.env.SCHEMATHESIS;
const CONFIG = fileURLToPath(new URL("schemathesis.toml", import.meta.url));
const EXAMPLES = process.env.EXAMPLES ?? "20";

/** Runs Schemathesis; returns what it says, and its exit status. */
function examine(args) {
  return new Promise((resolve, reject) => {
    const all = ["--config-file", CONFIG, "run", ...args, "--max-examples", EXAMPLES, "--seed", "1", "--no-color"];
    const child = spawn(PROGRAM, all, { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    child.stdout.on("data", (data) => (said += data));
    child.stderr.on("data", (data) => (said += data));
    child.once("error", reject);
    child.once("exit", (status) => resolve({ status, said }));
  });
}

test("made-up requests find nothing", { skip: !PROGRAM && "SCHEMATHESIS names no program" }, async () => {
  const data = await mkdtemp(join(tmpdir(), "chinwag-documents-"));
  const account = { name: "Alice", password: "correct horse" };
  let server;
  try {
    execFileSync(binary(), ["user", "add", "--admin", "--data", data, account.name], { input: `${account.password}\n` });
    const lifted = ["login_burst", "login_network_burst", "account_sends_burst_max", "moderator_sends_burst_max"];
    const rates = ["--rate-limit", "off", "--http-query-rate-limit", "off", ...lifted.flatMap((name) => ["--limit", `${name}=1000000`])];
    server = await startServer({ args: ["--data", data, ...rates] });
    const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(account) };
    const { token } = await (await fetch(`${server.url}/api/login`, options)).json();
    const address = `${server.url}/openapi.json`;
    // The token lasts until it is logged out, so that is asked last. What ends the server is asked by others only.
    const asAdmin = ["--header", `Authorization: Bearer ${token}`];
    const others = ["--exclude-path", "/api/logout", "--exclude-path", "/api/admin/drain"];
    for (const args of [[address, ...others, ...asAdmin], [address], [address, "--include-path", "/api/logout", ...asAdmin]]) {
      const { status, said } = await examine(args);
      assert.equal(status, 0, said);
    }
  } finally {
    await server?.kill();
    await rm(data, { recursive: true, force: true });
  }
});
