/**
 * Reads new messages to screen readers. The list itself is silent, or loading the past would be
 * read aloud.
 *
 * @module
 */

import { byId, make } from "./dom.js";

const KEPT_MAX = 5;
const SPOKEN_MAX = 200;

/** @returns {(text: string) => void} */
export function announcer() {
  const region = byId("announcer");
  return (text) => {
    region.append(make("p", { text: text.slice(0, SPOKEN_MAX), dir: "auto" }));
    while (region.childElementCount > KEPT_MAX) region.firstElementChild?.remove();
  };
}
