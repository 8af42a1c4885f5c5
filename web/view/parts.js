/**
 * Parts of the page that are loaded when they are first needed.
 *
 * @module
 */

/** Shows the reader that a part cannot be loaded. @type {() => void} */
let show = () => {};

/** @param {() => void} act  shows the reader that a part cannot be loaded */
export function onPartMissing(act) {
  show = act;
}

/**
 * Returns a part as soon as it is loaded, or null: without network it cannot be, nor where the server was
 * replaced by another build.
 *
 * @template T
 * @param {Promise<T>} part
 * @returns {Promise<T | null>}
 */
export function loaded(part) {
  return part.catch(() => {
    show();
    return null;
  });
}

/** How many parts have been asked for. */
let asked = 0;

/** Uses a part as soon as it is loaded, unless another one was asked for meanwhile. @template T @param {Promise<T>} part @param {(part: T) => void} use */
export async function withPart(part, use) {
  const turn = (asked += 1);
  const it = await loaded(part);
  if (it && turn === asked) use(it);
}
