/**
 * Ids of client events.
 *
 * @module
 */

/** Returns a function that makes ids, unique across pages and their reloads. @returns {() => string} */
export function idGenerator() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  const prefix = Array.from(bytes, (byte) => byte.toString(36).padStart(2, "0")).join("");
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}-${count}`;
  };
}
