/**
 * The service worker: serves the pages offline.
 *
 * It caches the files of one build under their paths `v/BUILD/…`, which no other build shares, so that
 * a page never loads modules of another build. It caches all files that a page begins with or none; those
 * of the chat on installation, those of another page on its first visit. What a page loads later is cached
 * when it is first needed. Pages come from the server as long as it
 * responds, so that their build matches it, otherwise from the cache. Nothing else is cached here;
 * `app/cache.js` caches messages.
 *
 * A new build takes over as soon as it is cached, and removes the old one. Open pages continue, but for what
 * they have not loaded yet, and use the new build on the next visit.
 *
 * @module
 */

// The server fills in its own build here.
const BUILD = "";
/** File names by page, the pages by their names next to this file. @type {Record<string, string[]>} */
const FILES = {};

/** The path that everything is below. */
const ROOT = new URL("./", location.href).pathname;
/** Other servers of this origin have caches of their own. */
const CACHES = ROOT === "/" ? "chinwag " : `chinwag ${ROOT} `;
const CACHE = CACHES + BUILD;
const PREFIX = `${ROOT}v/${BUILD}/`;
/** Time limit for a page from the server. */
const PAGE_TIMEOUT_MS = 3_000;

/** File names of the pages. */
const PAGES = new Map([["", "index.html"], ["stats", "stats/index.html"]]);
/** Files without a build in their paths. */
const UNVERSIONED = new Set(["reload.js", "icon.svg", "manifest.webmanifest"]);

/** @type {any} */
const worker = self;

worker.addEventListener("install", (/** @type {any} */ event) => {
  worker.skipWaiting();
  event.waitUntil(cacheOpenPages());
});

worker.addEventListener("activate", (/** @type {any} */ event) => {
  event.waitUntil(removeOldBuilds());
});

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  /** @type {Request} */
  const request = event.request;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || !pathname.startsWith(ROOT)) return;
  const name = nameOf(pathname);
  const page = request.mode === "navigate" && PAGES.get(name);
  if (page) {
    event.respondWith(pageResponse(request, page));
    event.waitUntil(cachePage(name).catch(() => {}));
  } else if (pathname.startsWith(PREFIX)) event.respondWith(cached(pathname).then((it) => it ?? fetchAndCache(request)));
  else if (UNVERSIONED.has(name)) event.respondWith(unversioned(request, name));
});

worker.addEventListener("notificationclick", (/** @type {any} */ event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.tag));
});

/** Focuses or opens the chat at a room. @param {string} room */
async function show(room) {
  const open = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const chat = open.find((/** @type {any} */ { url }) => new URL(url).pathname === ROOT);
  if (!chat) return worker.clients.openWindow(`${ROOT}#${encodeURIComponent(room)}`);
  chat.postMessage({ open: room });
  return chat.focus();
}

/** Caches the chat and all open pages, which may have loaded before the worker. */
async function cacheOpenPages() {
  await cachePage("");
  const open = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  await Promise.all(open.map((/** @type {any} */ { url }) => cachePage(nameOf(new URL(url).pathname))));
}

/** Caches the files of a page once. The browser does not transfer loaded files again. @param {string} page */
async function cachePage(page) {
  const files = Object.hasOwn(FILES, page) ? FILES[page] : [];
  if (files.length === 0 || (await cached(PREFIX + PAGES.get(page)))) return;
  const cache = await caches.open(CACHE);
  await cache.addAll(files.map((name) => PREFIX + name));
}

async function removeOldBuilds() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(CACHES) && name !== CACHE && !name.slice(CACHES.length).includes("/"));
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/**
 * Returns a page from the server, or the cached one if the server does not respond in time or responds
 * with a server error.
 *
 * @param {Request} request
 * @param {string} name
 */
async function pageResponse(request, name) {
  const response = fetch(request);
  const timeout = new Promise((resolve) => setTimeout(resolve, PAGE_TIMEOUT_MS));
  const first = await Promise.race([response, timeout]).catch(() => undefined);
  if (first && first.status < 500) return first;
  return (await cached(PREFIX + name)) ?? response;
}

/** @param {Request} request  of a file of this build, which never changes */
async function fetchAndCache(request) {
  const response = await fetch(request);
  if (response.ok) {
    // With a full disk or without a cache, the file is not there offline.
    await caches.open(CACHE).then((cache) => cache.put(request, response.clone())).catch(() => {});
  }
  return response;
}

/** @param {Request} request @param {string} name */
async function unversioned(request, name) {
  return (await cached(PREFIX + name)) ?? fetch(request);
}

/** Returns a path as it is next to this file. @param {string} pathname */
function nameOf(pathname) {
  return pathname.slice(ROOT.length);
}

/** @param {string} path */
function cached(path) {
  return caches.match(path, { cacheName: CACHE });
}
