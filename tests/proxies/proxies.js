/**
 * Real proxies on free ports of loopback, with the shipped configurations.
 *
 * Only what a machine has of its own is replaced in them: ports, the paths of certificates, the
 * address of the server, and minutes by seconds.
 *
 * @module
 */

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as tls } from "node:tls";
import { fileURLToPath } from "node:url";

import { until } from "../server.js";

/** The hosts of the shipped configurations. */
export const OWN_HOST = "chat.example";
export const OTHER_HOST = "www.example";

/** Reads a file of `.packaging/`. */
export function shipped(name) {
  return readFileSync(fileURLToPath(new URL(`../../.packaging/${name}`, import.meta.url)), "utf8");
}

/** Returns a port that nobody listens on now. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Replaces texts that must be there, each wherever it is. */
export function replaced(text, changes) {
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`no ${JSON.stringify(from)} in\n${text}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** Makes a directory with a certificate of both hosts, as `both.pem` and `both.key`, that is valid for so many days. */
function scratch(days = 30) {
  const dir = mkdtempSync(join(tmpdir(), "chinwag-proxy-"));
  const [key, request, pem] = ["both.key", "both.csr", "both.pem"].map((name) => join(dir, name));
  execFileSync("openssl", ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", `/CN=${OWN_HOST}`,
    "-addext", `subjectAltName=DNS:${OWN_HOST},DNS:${OTHER_HOST}`, "-keyout", key, "-out", request], { stdio: "pipe" });
  execFileSync("openssl", ["x509", "-req", "-in", request, "-signkey", key, "-days", String(days), "-copy_extensions", "copy", "-out", pem], { stdio: "pipe" });
  return dir;
}

/**
 * Runs a proxy until `stop`.
 *
 * @param {string} dir  its files, gone afterwards
 * @param {string[]} command
 * @param {{ http?: number, https?: number }} ports
 */
async function run(dir, [program, ...args], ports, environment = {}) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, HOME: dir, ...environment } });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (log = (log + data).slice(-20_000)));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
    await ended;
    clearTimeout(timer);
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    for (const [scheme, port] of Object.entries(ports)) {
      await until(() => listens(child, port, scheme === "https", () => log), `${program} to listen`, () => log);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...ports, pem: join(dir, "both.pem"), log: () => log, signal: (/** @type {NodeJS.Signals} */ signal) => child.kill(signal), stop };
}

function listens(child, port, secure, log) {
  if (child.exitCode !== null) throw new Error(`the proxy ended with ${child.exitCode}: ${log()}`);
  const socket = secure ? tls({ port, host: "127.0.0.1", servername: OTHER_HOST, rejectUnauthorized: false }) : connect(port, "127.0.0.1");
  return new Promise((resolve) => {
    // A proxy that makes its certificates listens before it has them.
    socket.once(secure ? "secureConnect" : "connect", () => resolve(true)).once("error", () => resolve(false));
  }).finally(() => socket.destroy());
}

/** Runs nginx. `changes` are those of a mistake; `upstream` is where the server is. */
export async function nginx(upstream, changes = [], days = undefined) {
  const dir = scratch(days);
  const [http, https] = [await freePort(), await freePort()];
  const sites = replaced(shipped("nginx.conf"), [
    ["listen 80;", `listen 127.0.0.1:${http};`],
    ["listen 443 ssl;", `listen 127.0.0.1:${https} ssl;`],
    ...[OWN_HOST, OTHER_HOST].flatMap((host) => [
      [`/etc/ssl/${host}.pem`, join(dir, "both.pem")],
      [`/etc/ssl/${host}.key`, join(dir, "both.key")],
    ]),
    ["127.0.0.1:8080", upstream],
    ...changes,
  ]);
  writeFileSync(join(dir, "sites.conf"), sites);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((it) => `${it}_temp_path ${dir}/${it};`);
  const main = `daemon off; pid ${dir}/pid; error_log stderr;
${process.getuid?.() === 0 ? "user root;" : ""}
events {}
http { access_log off; proxy_read_timeout 4s; proxy_send_timeout 4s; ${temporary.join(" ")} include ${dir}/sites.conf; }`;
  writeFileSync(join(dir, "nginx.conf"), main);
  return run(dir, ["nginx", "-e", "stderr", "-p", dir, "-c", join(dir, "nginx.conf")], { http, https });
}

/** Runs HAProxy with what looks into HTTP. */
export async function haproxy(upstream, changes = []) {
  const dir = scratch();
  mkdirSync(join(dir, "certificates"));
  const pem = ["both.pem", "both.key"].map((name) => readFileSync(join(dir, name), "utf8")).join("");
  writeFileSync(join(dir, "certificates", "both.pem"), pem);
  const [http, https] = [await freePort(), await freePort()];
  const text = replaced(shipped("haproxy.cfg"), [
    ["bind :80\n", `bind 127.0.0.1:${http}\n`],
    ["bind :443", `bind 127.0.0.1:${https}`],
    ["/etc/haproxy/certificates", join(dir, "certificates")],
    ["127.0.0.1:8080", upstream],
    [" 1m", " 4s"],
    ...changes,
  ]);
  writeFileSync(join(dir, "haproxy.cfg"), text);
  return run(dir, ["haproxy", "-db", "-f", join(dir, "haproxy.cfg")], { http, https });
}

/** Runs HAProxy with what does not look into HTTP. */
export async function haproxyTcp(upstream, changes = []) {
  const dir = scratch();
  const http = await freePort();
  const text = replaced(shipped("haproxy-tcp.cfg"), [
    ["bind :80\n", `bind 127.0.0.1:${http}\n`],
    ["127.0.0.1:8080", upstream],
    [" 1m", " 4s"],
    ...changes,
  ]);
  writeFileSync(join(dir, "haproxy.cfg"), text);
  return run(dir, ["haproxy", "-db", "-f", join(dir, "haproxy.cfg")], { http });
}

/** Runs Caddy with both files, whose certificates are its own here. */
export async function caddy(upstream) {
  const dir = scratch();
  const [http, https] = [await freePort(), await freePort()];
  for (const [name, host] of [["Caddyfile", OWN_HOST], ["Caddyfile.path", OTHER_HOST]]) {
    // Both files read the same variable.
    writeFileSync(join(dir, name), replaced(shipped(name), [[`{$CHAT_HOST:${host}}`, `https://${host}:${https}`]]));
  }
  const options = `admin off\nlocal_certs\nskip_install_trust\nhttp_port ${http}\nstorage file_system ${dir}/storage`;
  writeFileSync(join(dir, "main"), `{\n${options}\n}\nimport ${dir}/Caddyfile\nimport ${dir}/Caddyfile.path\n`);
  const command = ["caddy", "run", "--adapter", "caddyfile", "--config", join(dir, "main")];
  return run(dir, command, { https }, { CHAT_SERVER: upstream, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir });
}
