/**
 * Loads the page once more if a module of it is not to be had: the server was replaced by another
 * build between the page and its modules, or the browser brought back an old page whose modules it
 * has no more. This one belongs to no build, so it is always there.
 *
 * @module
 */

const KEY = "chinwag:again";
/** What fails again so soon fails for another reason. */
const PAUSE_MS = 10_000;

addEventListener("error", ({ target }) => target instanceof HTMLScriptElement && again(), true);

function again() {
  try {
    if (Date.now() - Number(sessionStorage.getItem(KEY)) < PAUSE_MS) return;
    sessionStorage.setItem(KEY, String(Date.now()));
  } catch {
    // What cannot be remembered cannot be kept from going on for ever.
    return;
  }
  location.reload();
}
