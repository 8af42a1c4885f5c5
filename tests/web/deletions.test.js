import assert from "node:assert/strict";
import { test } from "node:test";

import { Deletions } from "../../web/app/deletions.js";

/** Returns deletions, and what they send and show. */
function deletions(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const log = [];
  let leave = () => {};
  globalThis.addEventListener = (_, listener) => (leave = listener);
  t.after(() => delete globalThis.addEventListener);
  const it = new Deletions(
    (room, mid) => log.push(`send ${room} ${mid}`),
    ({ room, payload }) => log.push(`${payload.on ? "hide" : "show"} ${room} ${payload.mid}`),
  );
  return { it, log, leave: () => leave() };
}

test("a deletion is sent once its time is over, and only then no longer undone", (t) => {
  const { it, log } = deletions(t);
  it.begin("lobby", 1);
  it.begin("lobby", 1);
  t.mock.timers.tick(7_999);
  assert.deepEqual(log, ["hide lobby 1"]);
  t.mock.timers.tick(1);
  assert.deepEqual(log, ["hide lobby 1", "send lobby 1", "show lobby 1"], "from then on it is pending");
});

test("a deletion that is undone is not sent", (t) => {
  const { it, log } = deletions(t);
  it.begin("lobby", 1);
  it.undo("lobby", 1);
  t.mock.timers.tick(60_000);
  assert.deepEqual(log, ["hide lobby 1", "show lobby 1"]);
});

test("deletions are sent when the page goes", (t) => {
  const { it, log, leave } = deletions(t);
  it.begin("lobby", 1);
  it.begin("dev", 1);
  leave();
  assert.deepEqual(log.filter((line) => line.startsWith("send")), ["send lobby 1", "send dev 1"]);
  t.mock.timers.tick(60_000);
  assert.equal(log.length, 6);
});
