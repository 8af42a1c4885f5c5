/**
 * The service worker: opens the pages where there is no network.
 *
 * It keeps the files of one build, all or none, under their paths `/v/BUILD/…`, which no other
 * build shares: a page never gets modules that are not its own. Pages come from the server as long
 * as it answers, so that they fit to it; the kept ones stand in when it does not. Nothing else is
 * kept, least of all what was said: that is `snapshot.js`.
 *
 * A new build takes over as soon as it is kept, and removes the old one. Pages that are open go on:
 * they have loaded all their modules, and their next visit is one of the new build.
 *
 * @module
 */

// The program that serves this writes its own build into the next two lines.
const BUILD = "";
/** @type {string[]} */
const FILES = [];

const CACHE = `chinwag ${BUILD}`;
const PREFIX = `/v/${BUILD}/`;
/** How long a page may take to come from the server. */
const PATIENCE_MS = 3_000;

/** What is kept stands in for these. */
const PAGES = new Map([["/", "index.html"], ["/stats", "stats/index.html"]]);
/** These have no version in their paths, and need none. */
const LASTING = new Map(["again.js", "icon.svg", "manifest.webmanifest"].map((name) => [`/${name}`, name]));

/** @type {any} */
const worker = self;

worker.addEventListener("install", (/** @type {any} */ event) => {
  worker.skipWaiting();
  event.waitUntil(keep());
});

worker.addEventListener("activate", (/** @type {any} */ event) => {
  event.waitUntil(takeOver());
});

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  /** @type {Request} */
  const request = event.request;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  const page = request.mode === "navigate" && PAGES.get(pathname);
  if (page) event.respondWith(current(request, page));
  else if (pathname.startsWith(PREFIX)) event.respondWith(kept(pathname).then((it) => it ?? fetch(request)));
  else if (LASTING.has(pathname)) event.respondWith(lasting(request, pathname));
});

async function keep() {
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES.map((name) => PREFIX + name));
}

async function takeOver() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("chinwag ") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/**
 * The page of the server, or the kept one if there is no answer, none in time, or one that says
 * that the server is not there.
 *
 * @param {Request} request
 * @param {string} name
 */
async function current(request, name) {
  const answer = fetch(request);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  const first = await Promise.race([answer, late]).catch(() => undefined);
  if (first && first.status < 500) return first;
  return (await kept(PREFIX + name)) ?? answer;
}

/** @param {Request} request @param {string} pathname */
async function lasting(request, pathname) {
  return (await kept(PREFIX + LASTING.get(pathname))) ?? fetch(request);
}

/** @param {string} path */
function kept(path) {
  return caches.match(path, { cacheName: CACHE });
}
