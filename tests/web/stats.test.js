import assert from "node:assert/strict";
import { test } from "node:test";

import { lineChart, meter, namedBars, nearest, pointer, timeBars } from "../../web/stats/chart.js";
import { byDay, OVER_TIME, overTime } from "../../web/stats/contents.js";
import { figures, thinned } from "../../web/stats/figures.js";
import { decades, linear, timeTicks } from "../../web/stats/scale.js";
import { coverage, span, t } from "../../web/stats/words.js";
import { namedKeys, sources, unusedKeys } from "./string-keys.js";
import { setLanguage } from "../../web/strings/strings.js";
import { sample } from "./sample-stats.js";

const MINUTE = 60_000;

/** Returns the shapes of a tree with this class or tag. */
function all(shape, wanted) {
  if (typeof shape === "string") return [];
  const isOne = shape.tag === wanted || String(shape.attributes.class ?? "").split(" ").includes(wanted);
  return [...(isOne ? [shape] : []), ...shape.children.flatMap((child) => all(child, wanted))];
}

function words(shape) {
  return typeof shape === "string" ? shape : shape.children.map(words).join("");
}

test("valid statistics are read unchanged", () => {
  const told = figures(sample());
  assert.equal(told.series.times.length, 60);
  assert.equal(told.series.times[1] - told.series.times[0], MINUTE);
  assert.equal(told.series.messages[59], 4);
  assert.equal(told.series.p50[21], null);
  assert.deepEqual(told.messages, { minute: 4, hour: 640, day: 9120 });
  assert.equal(told.rooms[0].room, "lobby");
  assert.equal(told.days.at(-1)?.day, "2026-11-25");
});

test("invalid statistics count as zero or missing", () => {
  const empty = figures({});
  for (const nonsense of [undefined, null, 7, "x", [], { users: 3, messages: null, series: "x", rooms: {}, days: 1 }]) {
    assert.deepEqual(figures(nonsense), empty);
  }
  const odd = figures({
    users: { now: "12", hour: Infinity, day: -1 },
    rooms: [null, { room: {}, users: NaN }],
    series: { from: "x", step_s: 0, messages: [1, "2", null, -3, Infinity, 6] },
    days: [{ day: "<b>", messages: 1 }, { day: "2026-01-02", messages: 5 }],
  });
  assert.deepEqual(odd.users, { now: 0, hour: 0, day: 0 });
  assert.deepEqual(odd.rooms, [{ room: "", users: 0, minute: 0, hour: 0 }, { room: "", users: 0, minute: 0, hour: 0 }]);
  assert.deepEqual(odd.series.messages, [1, null, null, null, null, 6]);
  assert.deepEqual(odd.days.map(({ day }) => day), ["2026-01-02"]);
});

test("a minute without writes has no journal latency", () => {
  const { p50, p99, messages } = figures({ series: { messages: [0, 1], journal_p50_us: [0, 300], journal_p99_us: [null, 900] } }).series;
  assert.deepEqual([p50, p99, messages], [[null, 300], [null, 900], [0, 1]]);
});

test("the number of points, rooms and days is bounded", () => {
  const told = figures({
    rooms: Array.from({ length: 99 }, (_, at) => ({ room: `r${at}` })),
    series: { from: 0, step_s: 60, messages: Array.from({ length: 99_999 }, () => 1) },
    days: Array.from({ length: 999 }, () => ({ day: "2026-01-02" })),
  });
  assert.deepEqual([told.rooms.length, told.series.times.length, told.days.length], [10, 1440, 90]);
});

test("thinning returns means, complete at the end, at most as many as wanted", () => {
  assert.deepEqual(thinned([1, 2, 3], 3), { means: [1, 2, 3], each: 1 });
  assert.deepEqual(thinned([9, 1, 3, 2, 4], 3), { means: [9, 2, 3], each: 2 });
  assert.deepEqual(thinned([null, null, null, 5], 2), { means: [null, 5], each: 2 });
  assert.deepEqual(thinned([], 10), { means: [], each: 1 });
  for (const most of [0.5, 1, 7, 100, 359.9]) {
    assert.ok(thinned(Array(1440).fill(1), most).means.length <= Math.max(1, most));
  }
});

test("scales end above the largest value and have few, round lines", () => {
  for (const largest of [0, 1, 3, 7, 10, 99, 100, 101, 12_345, 1e9]) {
    const { ticks, share } = linear(largest);
    assert.equal(ticks[0], 0);
    assert.ok(ticks.length >= 2 && ticks.length <= 6, `${largest}: ${ticks}`);
    assert.ok(share(largest) <= 1 && ticks.every(Number.isInteger), `${largest}: ${ticks}`);
    assert.ok(share(ticks.at(-1) ?? 0) === 1);
  }
  assert.deepEqual(linear(18).ticks, [0, 5, 10, 15, 20]);
  const { ticks, share } = decades([230, 4_500]);
  assert.deepEqual(ticks, [100, 1_000, 10_000]);
  assert.ok(Math.abs(share(1_000) - 0.5) < 1e-9);
  assert.equal(share(0), 0);
  assert.deepEqual(decades([]).ticks, [100, 1_000]);
});

test("the ticks of the time axis are round and few", () => {
  for (const minutes of [2, 60, 360, 1440]) {
    for (const most of [2, 5, 12]) {
      const from = Date.UTC(2026, 0, 2, 3, 4);
      const to = from + minutes * MINUTE;
      const ticks = timeTicks(from, to, most);
      assert.ok(ticks.length <= most + 1, `${minutes} ${most}`);
      assert.ok(ticks.every((ms) => ms >= from && ms <= to && ms % MINUTE === 0));
    }
  }
  const hours = timeTicks(Date.UTC(2026, 0, 2, 3, 4), Date.UTC(2026, 0, 2, 8, 4), 5);
  assert.deepEqual([...new Set(hours.map((ms) => new Date(ms).getMinutes()))], [0]);
});

const FRAME = { id: "c", title: "Title", summary: "Summary", width: 400, format: String, time: String };
const times = (count) => Array.from({ length: count }, (_, at) => at * MINUTE);

test("a chart has a title and a description", () => {
  const chart = lineChart({ ...FRAME, times: times(3), lines: [{ name: "a", values: [1, 2, 3] }] });
  assert.equal(chart.attributes.role, "img");
  assert.equal(chart.attributes["aria-labelledby"], "c-title c-summary");
  assert.deepEqual([all(chart, "title")[0].attributes.id, words(all(chart, "title")[0])], ["c-title", "Title"]);
  assert.deepEqual([all(chart, "desc")[0].attributes.id, words(all(chart, "desc")[0])], ["c-summary", "Summary"]);
});

test("a line is interrupted at missing values, and a single value is a dot", () => {
  const line = (values) => String(all(lineChart({ ...FRAME, times: times(values.length), lines: [{ name: "a", values }] }), "line")[0]?.attributes.d);
  assert.equal(line([1, 2, null, 3, 4]).match(/M/g)?.length, 2);
  assert.match(line([1, 2, null, 3]), /h0$/);
  assert.doesNotMatch(line([1, 2, 3]), /h0/);
  assert.equal(line([null, null]), "undefined");
});

test("all values are inside the chart, higher ones higher", () => {
  const chart = timeBars({ ...FRAME, times: times(4), values: [0, 10, 20, null] });
  const bars = all(chart, "bar").map(({ attributes }) => attributes);
  assert.equal(bars.length, 2, "nothing is drawn for nothing");
  assert.ok(Number(bars[1].height) > 1.9 * Number(bars[0].height));
  for (const { x, y, width, height } of bars) {
    assert.ok(Number(x) >= 0 && Number(x) + Number(width) <= 400 && Number(y) >= 0 && Number(y) + Number(height) <= 200);
  }
});

test("only the current minute and day are pale", () => {
  const running = (chart) => all(chart, "bar").map(({ attributes }) => String(attributes.class).includes("running"));
  assert.deepEqual(running(timeBars({ ...FRAME, times: times(3), values: [1, 2, 3] })), [false, false, true]);
  assert.deepEqual(running(timeBars({ ...FRAME, times: times(3), values: [1, 2, 0] })), [false, false]);
  assert.deepEqual(running(namedBars({ ...FRAME, names: ["a", "b"], values: [1, 2] })), [false, true]);
});

test("charts without data are empty", () => {
  for (const chart of [
    lineChart({ ...FRAME, times: [], lines: [{ name: "a", values: [] }] }),
    lineChart({ ...FRAME, times: [], lines: [], logarithmic: true }),
    timeBars({ ...FRAME, times: [], values: [] }),
    timeBars({ ...FRAME, times: [0], values: [null] }),
    namedBars({ ...FRAME, names: [], values: [] }),
    namedBars({ ...FRAME, width: 1, names: ["a"], values: [1] }),
    meter(0),
  ]) {
    assert.doesNotMatch(JSON.stringify(chart), /NaN|Infinity|undefined|null/);
  }
});

test("the pointer line is drawn at the hovered value", () => {
  for (const kind of ["points", "bars", "named"]) {
    for (const count of [1, 2, 60, 1440]) {
      for (const at of [0, Math.floor(count / 2), count - 1]) {
        const x = Number(/^M([\d.]+)/.exec(pointer(at, 1000, count, kind))?.[1]);
        assert.equal(nearest(x, 1000, count, kind), at, `${kind} ${at} of ${count}`);
      }
      assert.equal(nearest(-50, 1000, count, kind), 0);
      assert.equal(nearest(5000, 1000, count, kind), count - 1);
    }
  }
});

test("chart, legend and table of a card agree", () => {
  setLanguage(["en"]);
  const told = figures(sample());
  for (const chart of OVER_TIME) {
    const content = overTime(chart, told.series);
    const { head, rows } = content.table();
    assert.equal(rows.length, 60);
    assert.ok(rows.every((row) => row.length === head.length));
    assert.deepEqual(rows[0].slice(1), content.legend.map(({ at }) => at(59)), "the latest comes first");
    assert.deepEqual(rows[59][0], content.when(0));
    assert.match(words(all(content.picture(600), "desc")[0]), /maximum .*, latest /);
  }
  const days = byDay(told.days);
  assert.equal(days.table().rows[0][1], days.legend[0].at(29));
  assert.equal(words(all(byDay([]).picture(300), "desc")[0]), "No data yet.");
});

test("a duration has a suitable unit", () => {
  setLanguage(["en"]);
  assert.deepEqual([340, 1_240, 65_000, 2_500_000].map(span), ["340 μs", "1.2 ms", "65 ms", "2.5 sec"]);
});

test("each language has every text of the page", async () => {
  const [first, ...others] = coverage();
  const texts = (await sources()).filter(({ name }) => name.startsWith("stats/") && name !== "stats/words.js").map(({ text }) => text);
  assert.deepEqual(namedKeys(texts).filter((key) => !first.keys.includes(key)), []);
  assert.deepEqual(unusedKeys(first.keys, texts), []);
  for (const { lang, keys } of others) assert.deepEqual(keys.toSorted(), first.keys.toSorted(), lang);
  setLanguage(["de"]);
  assert.equal(t("title"), "Statistik");
  setLanguage(["en"]);
});
