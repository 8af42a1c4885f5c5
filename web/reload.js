/**
 * Reloads the page once if one of its modules cannot be loaded: the server was replaced by another build
 * between the page and its modules, or the browser restored an old page without its modules. This
 * script belongs to no build, so it is always available.
 *
 * @module
 */

const KEY = "chinwag:again";
/** Minimum time between reloads: an earlier failure has another cause. */
const PAUSE_MS = 10_000;

addEventListener("error", ({ target }) => target instanceof HTMLScriptElement && reload(), true);

function reload() {
  try {
    if (Date.now() - Number(sessionStorage.getItem(KEY)) < PAUSE_MS) return;
    sessionStorage.setItem(KEY, String(Date.now()));
  } catch {
    // Without storage, reloading could repeat forever.
    return;
  }
  location.reload();
}
