/**
 * The tab stop of the message list: the list itself, or the row that had the focus last. What stands in
 * a row can be reached by Tab while the focus is in the row.
 *
 * @module
 */

/** What can be pressed in a row. */
const PARTS = "a, button, [role=button]";

/** Makes the parts of a row reachable by Tab if the focus is in it, and unreachable otherwise. @param {HTMLElement} row */
export function setStops(row) {
  const isOpen = row.dataset.focused !== undefined;
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (row.querySelectorAll(PARTS))) {
    if (!part.closest(".editor")) part.tabIndex = isOpen ? 0 : -1;
  }
}

/** Returns what the arrow keys go through: messages, and the buttons of other rows. @param {HTMLElement} log @returns {HTMLElement[]} */
export function stopsIn(log) {
  const rows = /** @type {HTMLElement[]} */ ([...log.children]);
  return rows.flatMap((row) => (row.matches(".message") ? row : (row.querySelector("button") ?? [])));
}

/** Lets the focus move the tab stop. @param {HTMLElement} log */
export function moveStopWithFocus(log) {
  /** @type {HTMLElement | null} */
  let stop = null;
  log.addEventListener("focusin", ({ target }) => {
    const row = /** @type {HTMLElement} */ (target).closest(".row");
    if (row instanceof HTMLElement) setStop(row);
  });
  log.addEventListener("focusout", ({ relatedTarget }) => {
    const isLeft = stop && !stop.contains(/** @type {Node | null} */ (relatedTarget));
    if (!stop || !isLeft) return;
    if (!stop.matches(".message")) setStop(null);
    else {
      delete stop.dataset.focused;
      setStops(stop);
    }
  });
  new MutationObserver(() => {
    if (stop && !log.contains(stop)) setStop(null);
  }).observe(log, { childList: true });

  /** @param {HTMLElement | null} row */
  function setStop(row) {
    if (stop && stop !== row) {
      delete stop.dataset.focused;
      if (stop.matches(".message")) stop.tabIndex = -1;
      setStops(stop);
    }
    stop = row;
    log.tabIndex = row ? -1 : 0;
    if (!row || row.dataset.focused !== undefined) return;
    row.dataset.focused = "";
    if (row.matches(".message")) row.tabIndex = 0;
    setStops(row);
  }
}
