import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { isEmojiOnly } from "../../web/view/format.js";

const WHOLE = ["👩‍👩‍👧‍👦", "🏳️‍🌈", "🧑‍💻", "🤷‍♀️", "👨‍❤️‍👨", "👍🏽", "🇩🇪", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"];

test("emoji are counted as they are seen", () => {
  for (const text of [...WHOLE, "1️⃣", "🎉 🎉\n🎉", WHOLE[0].repeat(12)]) assert.equal(isEmojiOnly(text), true, text);
  for (const text of ["", " ", "1", "#", "a🎉", "🎉!", WHOLE[0].repeat(13)]) assert.equal(isEmojiOnly(text), false, text);
});

test("every part of an emoji is drawn in the font of emoji, so that it does not fall apart", async () => {
  const style = await readFile(new URL("../../web/style.css", import.meta.url), "utf8");
  const ranges = /font-family: Emoji;[^}]*unicode-range: ([^;]*);/.exec(style)[1].split(", ").map((range) => range.slice(2).split("-").map((it) => parseInt(it, 16)));
  for (const emoji of WHOLE) {
    for (const character of emoji) {
      const code = character.codePointAt(0);
      assert.ok(ranges.some(([from, to = from]) => code >= from && code <= to), `${emoji}: U+${code.toString(16)}`);
    }
  }
});
