import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** What `.packaging/release` made. */
const DIST = join(ROOT, "target/dist");
const VERSION = readFileSync(join(ROOT, "Cargo.toml"), "utf8").match(/^version = "(.*)"$/m)[1];

const files = existsSync(DIST) ? readdirSync(DIST) : [];
const scratch = mkdtempSync(join(tmpdir(), "chinwag-dist-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const run = (...[program, ...args]) => execFileSync(program, args, { encoding: "utf8", env: { PATH: process.env.PATH } });

test("the checksums are those of the files, of all of them", () => {
  const sums = readFileSync(join(DIST, "SHA256SUMS"), "utf8").trimEnd().split("\n").map((line) => line.split("  "));
  assert.deepEqual(sums.map(([, name]) => name).sort(), files.filter((name) => name !== "SHA256SUMS").sort());
  for (const [sum, name] of sums) {
    assert.equal(createHash("sha256").update(readFileSync(join(DIST, name))).digest("hex"), sum, name);
  }
});

const archives = files.filter((name) => name.endsWith(".tar.gz"));
test("there is an archive", () => assert.ok(archives.length > 0));

for (const archive of archives) {
  test(`${archive} has a program that runs anywhere`, () => {
    run("tar", "--extract", "--gzip", "--file", join(DIST, archive), "--directory", scratch);
    const tree = join(scratch, archive.replace(".tar.gz", ""));
    const names = ["LICENSE", "README.md", "_chinwag", "chinwag", "chinwag.1", "chinwag.bash", "chinwag.fish"];
    assert.deepEqual(readdirSync(tree).sort(), names);
    assert.equal(run(join(tree, "chinwag"), "--version"), `chinwag ${VERSION}\n`);
    assert.doesNotMatch(run("file", "--brief", join(tree, "chinwag")), /dynamically|interpreter/);
  });
}

const deb = files.find((name) => name.endsWith(".deb"));
test("the Debian package has a program, its settings, a user and a way to complete it", { skip: !deb && "cargo-deb was missing" }, () => {
  const path = join(DIST, deb);
  const [control, root] = [join(scratch, "control"), join(scratch, "root")];
  run("dpkg-deb", "--control", path, control);
  run("dpkg-deb", "--extract", path, root);
  assert.match(readFileSync(join(control, "control"), "utf8"), new RegExp(`^Package: chinwag\nVersion: ${VERSION}`, "m"));
  assert.equal(readFileSync(join(control, "conffiles"), "utf8").trim(), "/etc/chinwag/chinwag.toml");
  assert.match(readFileSync(join(control, "postinst"), "utf8"), /adduser .*--system .*chinwag/);
  const program = join(root, "usr/bin/chinwag");
  const effective = run(program, "check", "--config", join(root, "etc/chinwag/chinwag.toml"));
  assert.match(effective, /^data = "\/var\/lib\/chinwag" /m);
  for (const name of ["man/man1/chinwag.1.gz", "bash-completion/completions/chinwag", "zsh/vendor-completions/_chinwag",
    "fish/vendor_completions.d/chinwag.fish", "doc/chinwag/examples/nginx.conf", "doc/chinwag/copyright"]) {
    assert.ok(existsSync(join(root, "usr/share", name)), name);
  }
  for (const unit of ["chinwag.service", "chinwag.socket"]) {
    assert.ok(existsSync(join(root, "usr/lib/systemd/system", unit)), unit);
    assert.match(readFileSync(join(control, "postinst"), "utf8"), new RegExp(`deb-systemd-helper enable ${unit}`));
  }
});
