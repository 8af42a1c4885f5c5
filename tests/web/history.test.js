import assert from "node:assert/strict";
import { test } from "node:test";

import { emptyRoom } from "../../web/state/room.js";
import { isLoaded, trimmed, withHistory, withLost, withRange } from "../../web/state/history.js";

const TOP = 100;

/** Returns a room of 100 messages, or a page of it. */
function page(asked = {}, limit = 10) {
  const { before = Infinity, after = 0, around } = asked;
  const all = Array.from({ length: TOP }, (_, i) => i + 1);
  let mids = all.filter((mid) => mid < before && mid > after);
  let more = mids.length > limit;
  if (around) mids = all.filter((mid) => mid >= around - limit / 2 && mid < around + limit / 2);
  else mids = after ? mids.slice(0, limit) : mids.slice(-limit);
  if (around) more = mids.length < TOP;
  const messages = mids.map((mid) => ({ mid, ts: mid, sender: "Bob", content: `text ${mid}` }));
  return [{ messages, first: mids[0] ?? 0, last: mids.at(-1) ?? 0, top: TOP, more, lost: [] }, asked];
}

function after(...pages) {
  return pages.reduce((room, [payload, asked]) => withHistory(room, payload, "Alice", asked), emptyRoom("lobby"));
}

const held = ({ oldest, more, gaps }) => ({ oldest, more, gaps: gaps.map(({ from, to }) => `${from}–${to}`) });
const mids = ({ messages }) => messages.map(({ mid }) => mid);

test("older pages are inserted before the latest one", () => {
  assert.deepEqual(held(after(page())), { oldest: 91, more: true, gaps: [] });
  assert.deepEqual(held(after(page(), page({ before: 91 }))), { oldest: 81, more: true, gaps: [] });
  assert.deepEqual(held(after(page({}, 200))), { oldest: 1, more: false, gaps: [] });
});

test("an old page leaves a gap, which pages from either side fill", () => {
  const far = after(page(), page({ around: 50 }));
  assert.deepEqual(held(far), { oldest: 45, more: true, gaps: ["55–90"] });
  const below = withHistory(far, ...with_(page({ before: 91 })));
  assert.deepEqual(held(below).gaps, ["55–80"]);
  const above = withHistory(below, ...with_(page({ after: 54 })));
  assert.deepEqual(held(above).gaps, ["65–80"]);
  const whole = withHistory(above, ...with_(page({ after: 64 }, 30)));
  assert.deepEqual([held(whole), mids(whole).length], [{ oldest: 45, more: true, gaps: [] }, 56]);
  const middle = withHistory(far, ...with_(page({ around: 70 })));
  assert.deepEqual(held(middle).gaps, ["55–64", "75–90"]);
});

function with_([payload, asked]) {
  return [payload, "Alice", asked];
}

test("an empty page with more history changes nothing", () => {
  const before = after(page());
  const nothing = { messages: [], first: 0, last: 0, top: TOP, more: true, lost: [] };
  for (const asked of [undefined, { before: 91 }, { after: 3 }, { around: 4 }]) {
    assert.deepEqual(held(withHistory(before, nothing, "Alice", asked)), held(before));
  }
});

test("an empty last page closes its gap", () => {
  const far = after(page(), page({ around: 50 }));
  const empty = { messages: [], first: 0, last: 0, top: TOP, more: false, lost: [] };
  assert.deepEqual(held(withHistory(far, empty, "Alice", { before: 91 })), { oldest: 1, more: false, gaps: [] });
});

test("excess messages are dropped at the old end, or between the reader and the newest", () => {
  const messages = Array.from({ length: 1_000 }, (_, i) => ({ mid: 2 * i + 2, sender: "Bob", content: "x", ts: 0, reactions: [] }));
  const full = { ...emptyRoom("lobby"), messages, oldest: 1 };
  const atEnd = trimmed(full, 900);
  assert.deepEqual([mids(atEnd).length, mids(atEnd)[0], held(atEnd)], [900, 202, { oldest: 202, more: true, gaps: [] }]);
  const back = trimmed(full, 900, true);
  assert.deepEqual([mids(back).length, mids(back)[0], held(back)], [900, 2, { oldest: 1, more: false, gaps: ["1401–1601"] }]);
  const again = trimmed(back, 850, true);
  assert.deepEqual([mids(again).length, held(again).gaps], [850, ["1301–1601"]]);
  assert.equal(trimmed(full, 1_000), full);
});

test("loaded and missing messages are distinguished", () => {
  const room = after(page(), page({ around: 50 }));
  const known = [44, 45, 54, 55, 90, 91, 100].filter((mid) => isLoaded(room, mid));
  assert.deepEqual(known, [45, 54, 91, 100]);
});

test("adjacent ranges are merged", () => {
  const ranges = [[1, 3], [10, 20], [4, 5], [30, 40], [15, 29]].reduce((all, [from, to]) => withRange(all, { from, to }), []);
  assert.deepEqual(ranges, [{ from: 1, to: 5 }, { from: 10, to: 40 }]);
});

test("a lost range is listed once, however often it is reported", () => {
  const room = [[{ from: 1, to: 3 }], [{ from: 1, to: 8 }], [{}, { from: 9, to: 2 }, { from: "x" }]].reduce(withLost, emptyRoom("lobby"));
  assert.deepEqual(room.lost, [{ from: 1, to: 8 }]);
});
