/**
 * Charts as SVG trees of `{ tag, attributes, children }`. Pure; `draw.js` renders them. Colours are
 * classes, `tone1` and so on, which the style sheet defines.
 *
 * @module
 */

import { decades, linear, timeTicks } from "./scale.js";
import { thinned } from "./figures.js";

/** @typedef {{ tag: string, attributes: Record<string, string | number>, children: (Shape | string)[] }} Shape */
/** @typedef {{ name: string, values: (number | null)[] }} Line */

/**
 * @typedef {object} Frame
 * @property {string} id       prefix of the ids of title and description
 * @property {string} title
 * @property {string} summary  description of the chart, in a sentence
 * @property {number} width    in pixels, as are all lengths
 * @property {(value: number) => string} format  formats a value of the axis
 */

const HEIGHT = 200;
const MARGIN = { top: 10, bottom: 24, start: 54, end: 14 };
/** Space for a label on the horizontal axis. */
const LABEL_WIDTH = 72;
const BAR_WIDTH_MIN = 4;
/** Minimum distance between points of a line. */
const POINT_DISTANCE_MIN = 2.5;
/** About half the width of a character of a label. */
const HALF_CHARACTER = 3.4;
/** Maximum width of a named bar: a single one must not fill the chart. */
const NAMED_WIDTH_MAX = 48;

/**
 * Returns a chart of lines over time.
 *
 * @param {Frame & { times: number[], lines: Line[], time: (ms: number) => string, logarithmic?: boolean }} chart
 */
export function lineChart(chart) {
  const { times, time, logarithmic } = chart;
  const area = areaOf(chart.width);
  const lines = chart.lines.map((line) => thinned(line.values, area.width / POINT_DISTANCE_MIN));
  const values = lines.flatMap(({ means }) => means).filter((it) => it !== null);
  const scale = logarithmic ? decades(values) : linear(Math.max(0, ...values));
  const x = (/** @type {number} */ at) => area.left + (at / Math.max(1, times.length - 1)) * area.width;
  const y = (/** @type {number} */ value) => area.bottom - scale.share(value) * area.height;
  return framed(chart, [
    ...levels(scale.ticks, y, area, chart.format),
    ...moments(times, x, area, time),
    ...lines.flatMap(({ means, each }, index) => {
      // Each mean is placed at the last of its values.
      const first = times.length - 1 - (means.length - 1) * each;
      return curve(means, (at) => x(Math.max(0, first + at * each)), y, `tone${index + 1}`);
    }),
  ]);
}

/**
 * Returns a chart with one bar per minute, or per several minutes where they do not fit. The last bar is
 * paler because its time is not over.
 *
 * @param {Frame & { times: number[], values: (number | null)[], time: (ms: number) => string }} chart
 */
export function timeBars(chart) {
  const { times, values, time } = chart;
  const area = areaOf(chart.width);
  const { means, each } = thinned(values, area.width / BAR_WIDTH_MIN);
  const scale = linear(Math.max(0, ...means.map((it) => it ?? 0)));
  const y = (/** @type {number} */ value) => area.bottom - scale.share(value) * area.height;
  const x = (/** @type {number} */ at) => area.left + ((at + 0.5) / Math.max(1, times.length)) * area.width;
  // The first bar may cover fewer minutes than the others.
  const width = (area.width * each) / Math.max(1, values.length);
  return framed(chart, [
    ...levels(scale.ticks, y, area, chart.format),
    ...moments(times, x, area, time),
    ...bars(means, area.right - means.length * width, width, y, area),
  ]);
}

/**
 * Returns a chart with one bar per name.
 *
 * @param {Frame & { names: string[], values: number[] }} chart
 */
export function namedBars(chart) {
  const { names, values } = chart;
  const area = areaOf(chart.width);
  const scale = linear(Math.max(0, ...values));
  const y = (/** @type {number} */ value) => area.bottom - scale.share(value) * area.height;
  const width = layout(chart.width, values.length, "named").step;
  const every = Math.max(1, Math.ceil(LABEL_WIDTH / width));
  const labels = names.flatMap((name, at) => {
    const fromEnd = names.length - 1 - at;
    return fromEnd % every === 0 ? [below(area.left + (at + 0.5) * width, area, name)] : [];
  });
  return framed(chart, [...levels(scale.ticks, y, area, chart.format), ...labels, ...bars(values, area.left, width, y, area)]);
}

/** Returns a single bar, as a share of the longest. @param {number} share  0 to 1 */
export function meter(share) {
  const width = Math.round(Math.max(0, Math.min(1, share)) * 100);
  return shape("svg", { class: "meter", "aria-hidden": "true", viewBox: "0 0 100 8", preserveAspectRatio: "none" }, [
    shape("rect", { class: "bar tone1", width, height: 8 }),
  ]);
}

/**
 * The horizontal layout of values: `points` include both ends, `bars` share the whole width, `named` bars
 * have a maximum width.
 *
 * @typedef {"points" | "bars" | "named"} Kind
 */

/**
 * Returns the index of the value that is nearest to a position.
 *
 * @param {number} x
 * @param {number} width
 * @param {number} count
 * @param {Kind} kind
 */
export function nearest(x, width, count, kind) {
  const { left, step, shift } = layout(width, count, kind);
  const at = Math.round((x - left) / step - shift);
  return Math.max(0, Math.min(count - 1, at));
}

/** Returns the path of a vertical line at a value. @param {number} at @param {number} width @param {number} count @param {Kind} kind */
export function pointer(at, width, count, kind) {
  const { left, step, shift, top, bottom } = layout(width, count, kind);
  return `M${round(left + (at + shift) * step)} ${top}V${bottom}`;
}

/** @param {number} width @param {number} count @param {Kind} kind */
function layout(width, count, kind) {
  const area = areaOf(width);
  const each = area.width / Math.max(1, kind === "points" ? count - 1 : count);
  const step = kind === "named" ? Math.min(each, NAMED_WIDTH_MAX) : each;
  return { ...area, step, shift: kind === "points" ? 0 : 0.5 };
}

/** @param {number} width */
function areaOf(width) {
  const left = MARGIN.start;
  const right = Math.max(left + 1, width - MARGIN.end);
  const bottom = HEIGHT - MARGIN.bottom;
  return { left, right, width: right - left, top: MARGIN.top, bottom, height: bottom - MARGIN.top };
}

/** @param {Frame} frame @param {Shape[]} content */
function framed({ id, title, summary, width }, content) {
  const names = { role: "img", "aria-labelledby": `${id}-title ${id}-summary` };
  return shape("svg", { class: "chart", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, ...names }, [
    shape("title", { id: `${id}-title` }, [title]),
    shape("desc", { id: `${id}-summary` }, [summary]),
    ...content,
  ]);
}

/** @typedef {ReturnType<typeof areaOf>} Area */

/**
 * Returns the horizontal grid lines with their labels.
 *
 * @param {number[]} ticks
 * @param {(value: number) => number} y
 * @param {Area} area
 * @param {(value: number) => string} format
 */
function levels(ticks, y, area, format) {
  return ticks.flatMap((value, at) => [
    shape("path", { class: at === 0 ? "base" : "level", d: `M${area.left} ${round(y(value))}H${area.right}` }),
    label(area.left - 6, y(value) + 4, "end", format(value)),
  ]);
}

/**
 * Returns the ticks and labels of the time axis.
 *
 * @param {number[]} times
 * @param {(at: number) => number} x
 * @param {Area} area
 * @param {(ms: number) => string} time
 */
function moments(times, x, area, time) {
  const [first, second] = times;
  const last = times.at(-1);
  if (last === undefined || second === undefined) return [];
  const ticks = timeTicks(first, last, Math.max(2, area.width / LABEL_WIDTH));
  const positions = ticks.map((ms) => ({ ms, at: x((ms - first) / (second - first)) }));
  const visible = positions.filter(({ at }) => at >= area.left && at <= area.right - LABEL_WIDTH / 4);
  return visible.flatMap(({ ms, at }) => [
    shape("path", { class: "base", d: `M${round(at)} ${area.bottom}v4` }),
    below(at, area, time(ms)),
  ]);
}

/**
 * Returns a line through the values, interrupted where values are missing, with a dot at the end.
 *
 * @param {(number | null)[]} values
 * @param {(at: number) => number} x
 * @param {(value: number) => number} y
 * @param {string} tone
 */
function curve(values, x, y, tone) {
  let d = "";
  let last = /** @type {{ x: number, y: number } | undefined} */ (undefined);
  values.forEach((value, at) => {
    if (value === null) return;
    const isFirst = at === 0 || values[at - 1] === null;
    last = { x: round(x(at)), y: round(y(value)) };
    d += `${isFirst ? "M" : "L"}${last.x} ${last.y}`;
    // With round caps, a path of no length is drawn as a dot.
    if (isFirst && (values[at + 1] ?? null) === null) d += "h0";
  });
  if (!last) return [];
  return [shape("path", { class: `line ${tone}`, d }), shape("circle", { class: `dot ${tone}`, cx: last.x, cy: last.y, r: 3.5 })];
}

/**
 * @param {(number | null)[]} values
 * @param {number} left
 * @param {number} width  of each, with the gap
 * @param {(value: number) => number} y
 * @param {Area} area
 */
function bars(values, left, width, y, area) {
  const gap = width >= 6 ? 2 : 1;
  return values.flatMap((value, at) => {
    if (!value) return [];
    const x = Math.max(area.left, left + at * width);
    const top = Math.min(y(value), area.bottom - 1);
    const size = { x: round(x + gap / 2), y: round(top), width: round(left + (at + 1) * width - x - gap), height: round(area.bottom - top) };
    const isRunning = at === values.length - 1;
    return [shape("rect", { class: isRunning ? "bar tone1 running" : "bar tone1", rx: gap === 2 ? 1.5 : 0, ...size })];
  });
}

/** Returns a label of the horizontal axis, kept inside the chart. @param {number} x @param {Area} area @param {string} text */
function below(x, area, text) {
  const most = area.right + MARGIN.end - text.length * HALF_CHARACTER;
  return label(Math.min(x, most), area.bottom + 17, "middle", text);
}

/** @param {number} x @param {number} y @param {"middle" | "end"} anchor @param {string} text */
function label(x, y, anchor, text) {
  return shape("text", { x: round(x), y: round(y), "text-anchor": anchor }, [text]);
}

/** Rounds to tenths of a pixel. @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}

/** @param {string} tag @param {Record<string, string | number>} attributes @param {(Shape | string)[]} [children] @returns {Shape} */
function shape(tag, attributes, children = []) {
  return { tag, attributes, children };
}
