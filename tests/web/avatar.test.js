import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { initialsOf, tintOf } from "../../web/view/avatar.js";

const STYLE = await readFile(new URL("../../web/style.css", import.meta.url), "utf8");

/** Returns the relative luminance of a colour (WCAG 2.2). */
function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

test("initials are the first letters of the first and the last word", () => {
  const cases = [
    ["Maya Okafor", "MO"], ["deploy-bot", "DB"], ["Jia Wei", "JW"], ["Dmitri", "D"], ["Ann Mary Smith", "AS"], ["ليلى", "ل"],
    ["健太", "健"], ["e\u0301mile", "E\u0301"], ["Bob-2", "B2"], ["🦊 fox", "🦊F"], ["…", "?"], ["", "?"], ["<img>", "I"],
  ];
  for (const [name, initials] of cases) assert.equal(initialsOf(name, 2), initials, name);
  assert.equal(initialsOf("Maya Okafor", 1), "M");
});

test("names that differ in one letter seldom share a colour, and all colours are used", () => {
  const tints = new Set(Array.from({ length: 200 }, (_, i) => tintOf(`user ${i}`)));
  assert.deepEqual([...tints].sort((a, b) => a - b), Array.from({ length: 12 }, (_, i) => i));
});

test("initials and pictures have enough contrast in light and dark", () => {
  const tints = [...STYLE.matchAll(/\[data-tint="(\d+)"\] { --tint: (#[0-9a-f]{6}); }/g)];
  assert.deepEqual(tints.map(([, number]) => Number(number)), Array.from({ length: 12 }, (_, i) => i));
  const grounds = ["ground", "side"].flatMap((name) => [...(new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(STYLE) ?? [])].slice(1));
  assert.equal(grounds.length, 4);
  for (const [, number, tint] of tints) {
    assert.ok(contrast(tint, "#ffffff") >= 4.5, `the letters on ${number}`);
    for (const ground of grounds) assert.ok(contrast(tint, ground) >= 3, `${number} on ${ground}`);
  }
});
