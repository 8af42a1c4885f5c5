/**
 * The service worker: opens the pages where there is no network.
 *
 * It keeps the files of one build under their paths `/v/BUILD/…`, which no other build shares: a
 * page never gets modules that are not its own. It keeps all files of a page, or none; those of the
 * chat from the start, another page's when that is first visited. Pages come from the server as long
 * as it answers, so that they fit to it; the kept ones stand in when it does not. Nothing else is
 * kept, least of all what was said: that is `app/cache.js`.
 *
 * A new build takes over as soon as it is kept, and removes the old one. Pages that are open go on:
 * they have loaded all their modules, and their next visit is one of the new build.
 *
 * @module
 */

// The program that serves this writes its own build into the next two lines.
const BUILD = "";
/** By page. @type {Record<string, string[]>} */
const FILES = {};

const CACHE = `chinwag ${BUILD}`;
const PREFIX = `/v/${BUILD}/`;
/** How long a page may take to come from the server. */
const PATIENCE_MS = 3_000;

/** What is kept stands in for these. */
const PAGES = new Map([["/", "index.html"], ["/stats", "stats/index.html"]]);
/** These have no version in their paths, and need none. */
const LASTING = new Map(["reload.js", "icon.svg", "manifest.webmanifest"].map((name) => [`/${name}`, name]));

/** @type {any} */
const worker = self;

worker.addEventListener("install", (/** @type {any} */ event) => {
  worker.skipWaiting();
  event.waitUntil(keepAtFirst());
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
  if (page) {
    event.respondWith(current(request, page));
    event.waitUntil(keep(pathname).catch(() => {}));
  } else if (pathname.startsWith(PREFIX)) event.respondWith(kept(pathname).then((it) => it ?? fetch(request)));
  else if (LASTING.has(pathname)) event.respondWith(lasting(request, pathname));
});

worker.addEventListener("notificationclick", (/** @type {any} */ event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.tag));
});

/** Brings the chat before the reader's eyes, with the room they were called in. @param {string} room */
async function show(room) {
  const open = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const chat = open.find((/** @type {any} */ { url }) => new URL(url).pathname === "/");
  if (!chat) return worker.clients.openWindow(`/#${encodeURIComponent(room)}`);
  chat.postMessage({ open: room });
  return chat.focus();
}

/** Keeps the chat, and what else is open: the worker may come after the page. */
async function keepAtFirst() {
  await keep("/");
  const open = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  await Promise.all(open.map((/** @type {any} */ { url }) => keep(new URL(url).pathname)));
}

/** Keeps the files of a page, if they are not kept yet. What the page has loaded is not transferred again. @param {string} page */
async function keep(page) {
  const files = Object.hasOwn(FILES, page) ? FILES[page] : [];
  if (files.length === 0 || (await kept(PREFIX + PAGES.get(page)))) return;
  const cache = await caches.open(CACHE);
  await cache.addAll(files.map((name) => PREFIX + name));
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
