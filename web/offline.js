/**
 * Has the browser keep the pages for a visit without network (`sw.js`).
 *
 * @module
 */

const WORKER = "/sw.js";

/** Pages may name no other script as a worker: the policy of the server wants this one by name. */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("worker", {
  createScriptURL(/** @type {string} */ url) {
    if (url === WORKER) return url;
    throw new TypeError(`${url} is not the worker`);
  },
});

if ("serviceWorker" in navigator) {
  // What the worker fetches shall not hold up what the page needs.
  if (document.readyState === "complete") register();
  else addEventListener("load", register, { once: true });
}

function register() {
  // Refused by a setting of the browser, say: then there is no visit without network.
  navigator.serviceWorker.register(policy ? policy.createScriptURL(WORKER) : WORKER).catch(() => {});
}
