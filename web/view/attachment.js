/**
 * What a list of files and a picture shown large have in common: address, size, saving.
 *
 * @module
 */

import { reader } from "../strings/strings.js";
import { make } from "./dom.js";

/** @typedef {import("../state/room.js").Attachment} Attachment */

/**
 * @typedef {object} FileActions
 * @property {() => boolean} isKeyNeeded  whether files of the open room are to be fetched with the session's key
 * @property {(file: string, options?: { signal?: AbortSignal }) => Promise<Blob>} download
 * @property {(error: unknown) => void} showError
 */

/** Half of a character, which cannot be part of an address. */
const HALF_CHARACTER = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
/** Time in which the browser begins to save. */
const SAVING_MS = 60_000;

/** Returns the address of a file, relative to the page. @param {Attachment} file */
export function hrefOf({ file, name }) {
  return `files/${file}/${encodeURIComponent(name.replace(HALF_CHARACTER, "\ufffd"))}`;
}

/** Returns a size in the reader's language. @param {number} bytes */
export function sizeOf(bytes) {
  const [unit, size] = bytes < 1e3 ? ["byte", bytes] : bytes < 1e6 ? ["kilobyte", bytes / 1e3] : ["megabyte", bytes / 1e6];
  const digits = size < 10 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 0 };
  return size.toLocaleString(reader.locale, { style: "unit", unit, unitDisplay: unit === "byte" ? "long" : "short", ...digits });
}

/** Makes a link that saves a file. @param {Attachment} file @param {FileActions} actions @param {Record<string, any>} properties @param {...(Node | string)} content */
export function saveLink(file, { isKeyNeeded, download, showError }, properties, ...content) {
  return make("a", { href: hrefOf(file), download: file.name, onclick, ...properties }, ...content);

  /** @param {Event} event */
  function onclick(event) {
    if (!isKeyNeeded()) return;
    event.preventDefault();
    download(file.file).then((blob) => save(blob, file.name)).catch(showError);
  }
}

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
  // Whatever it is, nothing of it runs with the rights of the page.
  const href = URL.createObjectURL(new Blob([blob], { type: "application/octet-stream" }));
  make("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), SAVING_MS);
}
