/**
 * Pictures of messages: their size before they are loaded, and loading them only near the visible part.
 *
 * @module
 */

import { hrefOf } from "./attachment.js";
import { byId } from "./dom.js";

/** @typedef {import("../state/room.js").Attachment} Attachment */
/** @typedef {import("./attachment.js").FileActions} FileActions */

/** The largest size of a picture in the list, in CSS pixels. */
const WIDTH_MAX = 480;
const HEIGHT_MAX = 360;
/** Media types that browsers show as a picture. */
const TYPES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]);
/** Distance from the visible part within which pictures are loaded. */
const NEAR = "800px 0px";

/** Whether a file is shown as a picture: its size has to be known. @param {Attachment} file */
export function isPicture({ type, width, height }) {
  return TYPES.has(type) && width > 0 && height > 0;
}

/** Returns the size of a picture in the list. @param {{ width: number, height: number }} file */
export function shownSize({ width, height }) {
  const scale = Math.min(1, WIDTH_MAX / width, HEIGHT_MAX / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** What images show, and how to unload it. @type {WeakMap<Element, { load: () => () => void, unload?: () => void }>} */
const watched = new WeakMap();
/** @type {IntersectionObserver | undefined} */
let observer;

/** Loads a picture when it comes near, and unloads what was fetched when it is far or gone. @param {HTMLImageElement} image @param {Attachment} file @param {FileActions} actions */
export function watchPicture(image, file, actions) {
  watched.set(image, { load: () => loadInto(image, file, actions) });
  observer ??= new IntersectionObserver(onChange, { root: byId("log"), rootMargin: NEAR });
  observer.observe(image);
}

/** @param {IntersectionObserverEntry[]} entries */
function onChange(entries) {
  for (const { target, isIntersecting } of entries) {
    const picture = watched.get(target);
    if (!picture) continue;
    if (isIntersecting) picture.unload ??= picture.load();
    else {
      picture.unload?.();
      picture.unload = undefined;
    }
  }
}

/** Loads a picture; returns a function that frees what it holds. @param {HTMLImageElement} image @param {Attachment} file @param {FileActions} actions @returns {() => void} */
export function loadInto(image, file, { isKeyNeeded, download }) {
  if (!isKeyNeeded()) {
    image.src = hrefOf(file);
    // The browser itself frees pictures that are not shown.
    return () => {};
  }
  const abort = new AbortController();
  let url = "";
  download(file.file, { signal: abort.signal }).then((blob) => {
    if (abort.signal.aborted) return;
    url = URL.createObjectURL(blob);
    image.src = url;
  }, () => {});
  return () => {
    abort.abort();
    image.removeAttribute("src");
    URL.revokeObjectURL(url);
  };
}
