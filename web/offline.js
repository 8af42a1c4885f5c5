/**
 * Registers the service worker (`sw.js`), which serves the pages offline.
 *
 * @module
 */

const WORKER = new URL("sw.js", location.href).href;

/** The policy that the Content Security Policy requires: it permits only this worker. */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("worker", {
  createScriptURL(/** @type {string} */ url) {
    if (url === WORKER) return url;
    throw new TypeError(`${url} is not the worker`);
  },
});

if ("serviceWorker" in navigator) {
  // The worker's requests must not delay those of the page.
  if (document.readyState === "complete") register();
  else addEventListener("load", register, { once: true });
}

/** Registers the worker. A browser setting may refuse it: then there are no offline pages. */
function register() {
  navigator.serviceWorker.register(policy ? policy.createScriptURL(WORKER) : WORKER).catch(() => {});
}
