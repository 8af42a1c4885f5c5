/**
 * The day of the messages at the top of the list, shown over them while its own line is out of sight.
 *
 * @module
 */

import { byId, setText } from "./dom.js";
import { dayName } from "./time.js";

/** Distance from the top within which the line of a day stands for itself. */
const LINE_PX = 48;

/** @returns {(rows: Iterable<any>, scrolled: number) => void} shows the day of the first visible row */
export function dayView() {
  const box = byId("day");
  const label = /** @type {Element} */ (box.firstElementChild);
  return (rows, scrolled) => {
    /** @type {any} */
    let top = null;
    let isLine = false;
    for (const row of rows) {
      const { kind } = row.item ?? {};
      const isBelow = row.offsetTop > scrolled + LINE_PX;
      if (isBelow) break;
      const isCut = row.offsetTop + row.offsetHeight > scrolled;
      if (isCut && kind === "date") isLine = true;
      if (isCut && kind === "message") top ??= row;
    }
    const ts = top?.item.message.ts;
    box.hidden = isLine || ts === undefined || scrolled <= 0;
    if (!box.hidden) setText(label, dayName(new Date(ts).setHours(0, 0, 0, 0)));
  };
}
