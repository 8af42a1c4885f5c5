/**
 * Events as the text of a WebSocket message.
 *
 * @module
 */

const HALF_CHARACTER = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * Returns an event as JSON that every server can read: half of a character, which a field that is cut
 * by length can leave behind, becomes U+FFFD.
 *
 * @param {object} event
 */
export function encode(event) {
  return JSON.stringify(event, (_, value) => (typeof value === "string" ? value.replace(HALF_CHARACTER, "\ufffd") : value));
}
