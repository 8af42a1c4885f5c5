/**
 * The contents of the cards.
 *
 * @module
 */

import { lineChart, namedBars, timeBars } from "./chart.js";
import { date, number, short, span, t, time } from "./words.js";

/** @typedef {import("./figures.js").Figures} Figures */
/** @typedef {import("./figures.js").Series} Series */
/** @typedef {import("./card.js").Content} Content */
/** @typedef {Exclude<keyof Series, "times">} Measure */

/**
 * A chart over time. Its lines have keys of `words.js` as names.
 *
 * @typedef {object} OverTime
 * @property {string} id
 * @property {[string, Measure][]} lines
 * @property {(value: number) => string} format
 * @property {(value: number) => string} axis
 * @property {boolean} [isBars]
 * @property {boolean} [logarithmic]
 */

/** @type {OverTime[]} */
export const OVER_TIME = [
  { id: "messages", lines: [["messages", "messages"]], format: number, axis: short, isBars: true },
  { id: "people", lines: [["people", "users"], ["connections", "connections"]], format: number, axis: short },
  { id: "journal", lines: [["p50", "p50"], ["p99", "p99"]], format: span, axis: span, logarithmic: true },
];

/** @param {OverTime} chart @param {Series} series @returns {Content} */
export function overTime({ id, lines, format, axis, isBars, logarithmic }, series) {
  const { times } = series;
  const named = lines.map(([key, measure]) => ({ name: t(key), values: series[measure] }));
  const formatted = (/** @type {number | null | undefined} */ value) => (value == null ? "–" : format(value));
  const title = t(`${id}_title`);
  return {
    points: times.length,
    kind: isBars ? "bars" : "points",
    when: (at) => time(times[at]),
    legend: named.map(({ name, values }) => ({ name, at: (at) => formatted(values[at]) })),
    picture(width) {
      const frame = { id: `${id}-chart`, title, summary: summary(times, named, format), width, format: axis, times, time };
      return isBars ? timeBars({ ...frame, values: named[0].values }) : lineChart({ ...frame, lines: named, logarithmic });
    },
    table: () => ({
      head: [t("time"), ...named.map(({ name }) => name)],
      rows: times.map((ms, at) => [time(ms), ...named.map(({ values }) => formatted(values[at]))]).reverse(),
    }),
  };
}

/** @param {Figures["days"]} days @returns {Content} */
export function byDay(days) {
  const messages = days.map((it) => it.messages);
  const names = days.map(({ day }) => date(day));
  return {
    points: days.length,
    kind: "named",
    when: (at) => names[at],
    legend: [{ name: t("messages"), at: (at) => number(messages[at]) }],
    picture(width) {
      const text = days.length === 0 ? t("nothing_yet") : sentence(names[0], names.at(-1) ?? "", [{ name: t("messages"), values: messages }], number);
      return namedBars({ id: "days-chart", title: t("days_title"), summary: text, width, format: short, names, values: messages });
    },
    table: () => ({
      head: [t("day"), t("messages"), t("people"), t("peak")],
      rows: days.map((it, at) => [names[at], number(it.messages), number(it.users), number(it.peak)]).reverse(),
    }),
  };
}

/** @param {number[]} times @param {import("./chart.js").Line[]} lines @param {(value: number) => string} format */
function summary(times, lines, format) {
  const last = times.at(-1);
  return last === undefined ? t("nothing_yet") : sentence(time(times[0]), time(last), lines, format);
}

/** @param {string} from @param {string} to @param {import("./chart.js").Line[]} lines @param {(value: number) => string} format */
function sentence(from, to, lines, format) {
  const parts = lines.map(({ name, values }) => {
    const measured = values.filter((it) => it !== null);
    const last = measured.at(-1);
    if (last === undefined) return `${name}: ${t("nothing_yet")}`;
    return `${name}, ${t("summary", { from, to, most: format(Math.max(...measured)), last: format(last) })}`;
  });
  return parts.join(" ");
}
