/**
 * Times and durations in the reader's locale.
 *
 * @module
 */

import { reader, t } from "../strings/strings.js";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Returns the time of day. @param {number} ts */
export function clock(ts) {
  return formatOf("time", { hour: "numeric", minute: "2-digit" }).format(ts);
}

/** Returns the time of day without AM or PM, for narrow places. @param {number} ts */
export function shortClock(ts) {
  const parts = formatOf("time", { hour: "numeric", minute: "2-digit" }).formatToParts(ts);
  return parts.map(({ type, value }) => (type === "dayPeriod" ? "" : value)).join("").trim();
}

/** Returns date and time in full. @param {number} ts */
export function longTime(ts) {
  return formatOf("long", { dateStyle: "full", timeStyle: "medium" }).format(ts);
}

/** Returns the time for a `datetime` attribute, if it is a valid one. @param {number} ts */
export function isoOf(ts) {
  return Number.isNaN(new Date(ts).getTime()) ? undefined : new Date(ts).toISOString();
}

/** Returns the name of a day. @param {number} midnight */
export function dayName(midnight) {
  const today = new Date().setHours(0, 0, 0, 0);
  const days = Math.round((today - midnight) / DAY_MS);
  if (days === 0) return t("today");
  if (days === 1) return t("yesterday");
  return formatOf("day", { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(midnight);
}

/** Returns a duration in its largest sensible unit. @param {number} ms */
export function span(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [value, unit] =
    seconds < 100
      ? [seconds, "second"]
      : seconds < 6000 && seconds % 3600 !== 0
        ? [Math.ceil(seconds / 60), "minute"]
        : seconds < 48 * 3600
          ? [Math.ceil(seconds / 3600), "hour"]
          : [Math.ceil(seconds / 86400), "day"];
  return new Intl.NumberFormat(reader.locale, { style: "unit", unit: String(unit), unitDisplay: "narrow" }).format(
    Number(value),
  );
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** Returns a cached format: they are expensive to create. @param {string} name @param {Intl.DateTimeFormatOptions} options */
function formatOf(name, options) {
  const key = `${reader.locale} ${name}`;
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.DateTimeFormat(reader.locale, options)));
  return format;
}

/** Returns day and time, abbreviated. @param {number} ts */
export function dayAndClock(ts) {
  return formatOf("short", { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" }).format(ts);
}
