/**
 * *Back* on a phone: it closes what lies over the conversation, the uppermost first.
 *
 * Each thing that is opened gets an entry in the history of the browser. When it is closed by other
 * means, its entry stays, because leaving it would take time, and serves the next place that is opened.
 *
 * @module
 */

import { isTouch } from "./dom.js";

/** What lies over the conversation, the uppermost last. @type {{ close: () => void }[]} */
const over = [];

/**
 * Has *Back* close something that was opened.
 *
 * @param {() => void} close
 * @returns {() => void} to be called when it is closed, by whatever means
 */
export function closeOnBack(close) {
  if (!isTouch()) return () => {};
  removeEventListener("popstate", onBack);
  addEventListener("popstate", onBack);
  const entry = { close };
  over.push(entry);
  const state = { visited: true, depth: over.length };
  if (isSpent()) history.replaceState(state, "");
  else history.pushState(state, "");
  return () => {
    const at = over.indexOf(entry);
    if (at < 0) return;
    over.splice(at, 1);
    if (history.state?.depth > over.length) history.replaceState({ visited: true, depth: over.length, isSpent: true }, "");
  };
}

function onBack() {
  const depth = history.state?.depth ?? 0;
  while (over.length > depth) over.pop()?.close();
}

/** Whether the current entry of the history belongs to nothing any more. */
export function isSpent() {
  return history.state?.isSpent === true;
}
