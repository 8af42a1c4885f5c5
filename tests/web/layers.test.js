import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { posix } from "node:path";
import { test } from "node:test";

const WEB = new URL("../../web/", import.meta.url);

/** The layers of the page, and the layers each may import from besides itself. */
const ALLOWED = {
  client: [],
  strings: [],
  text: [],
  // Files of pictures.
  media: [],
  state: ["client", "text"],
  view: ["client", "strings", "text", "state"],
  app: ["client", "strings", "text", "media", "state", "view"],
  stats: ["client", "strings", "view"],
  // Scripts that a page or the browser loads beside the modules.
  standalone: [],
};

/** Files outside the folders. */
const TOP = { "chinwag.js": "client", "app.js": "app", "sw.js": "standalone", "reload.js": "standalone", "offline.js": "standalone" };

/** Returns the layer of a file, by its path in `web/`. */
function layerOf(file) {
  return TOP[file] ?? (file.includes("/") ? file.split("/")[0] : undefined);
}

/** Returns the files that a module imports, for its code or for its types. */
function importsOf(file, text) {
  const paths = [...text.matchAll(/(?:\bfrom |\bimport |\bimport\()"(\.[^"]+)"/g)].map((match) => match[1]);
  return paths.map((path) => posix.join(posix.dirname(file), path));
}

/** Returns a line for each import that a layer may not have. */
function violations(modules) {
  return Object.entries(modules).flatMap(([file, text]) => {
    const layer = layerOf(file);
    const allowed = ALLOWED[layer];
    if (!allowed) return [`${file} belongs to no layer`];
    const forbidden = importsOf(file, text).filter((it) => layerOf(it) !== layer && !allowed.includes(layerOf(it)));
    return forbidden.map((it) => `${file} imports ${it}`);
  });
}

/** Returns the first circle of imports as a path of files, or null. */
function circle(modules) {
  const finished = new Set();
  const visit = (file, path) => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (finished.has(file)) return null;
    for (const next of importsOf(file, modules[file])) {
      const found = visit(next, [...path, file]);
      if (found) return found;
    }
    finished.add(file);
    return null;
  };
  for (const file of Object.keys(modules)) {
    const found = visit(file, []);
    if (found) return found;
  }
  return null;
}

async function modules() {
  const names = (await readdir(WEB, { recursive: true })).filter((name) => name.endsWith(".js"));
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(new URL(name, WEB), "utf8")])));
}

test("modules import only from the layers below theirs", async () => {
  assert.deepEqual(violations(await modules()), []);
});

test("no modules import each other in a circle", async () => {
  assert.equal(circle(await modules()), null);
});

test("imports in the wrong direction are found", () => {
  const planted = {
    "client/event.js": 'import { reduce } from "../state/reducer.js";',
    "state/reducer.js": '/** @typedef {import("../view/menu.js").Choice} Choice */',
    "view/menu.js": 'export { t } from "../strings/strings.js";\nimport "../app/store.js";',
    "app/store.js": "",
    "strings/strings.js": "",
    "misc.js": "",
  };
  assert.deepEqual(violations(planted), [
    "client/event.js imports state/reducer.js",
    "state/reducer.js imports view/menu.js",
    "view/menu.js imports app/store.js",
    "misc.js belongs to no layer",
  ]);
});

test("circles are found, those of types too", () => {
  const planted = {
    "state/a.js": 'import { b } from "./b.js";',
    "state/b.js": 'import { c } from "./c.js";',
    "state/c.js": '/** @param {import("./b.js").B} b */',
  };
  assert.deepEqual(circle(planted), ["state/b.js", "state/c.js", "state/b.js"]);
  assert.equal(circle({ "a.js": 'import "./b.js";', "b.js": "" }), null);
});
