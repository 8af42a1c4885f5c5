/**
 * A message in a list of messages: who said what and when. A press leads to it.
 *
 * @module
 */

import { wordsOf } from "../state/room.js";
import { plainText } from "../text/markup.js";
import { make } from "./dom.js";
import { dayAndClock, isoOf, longTime } from "./time.js";

const EXCERPT_CHARS = 300;

/** @param {import("../state/room.js").Message} message @param {() => void} onclick */
export function excerptOf(message, onclick) {
  const { sender, ts } = message;
  const time = make("time", { datetime: isoOf(ts), title: longTime(ts), text: dayAndClock(ts) });
  const meta = make("span", { class: "meta" }, make("bdi", { class: "sender", text: sender }), " ", time);
  const words = make("span", { class: "excerpt", dir: "auto", text: plainText(wordsOf(message)).slice(0, EXCERPT_CHARS) });
  return make("li", {}, make("button", { class: "result", type: "button", onclick }, meta, " ", words));
}
