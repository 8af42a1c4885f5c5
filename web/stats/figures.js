/**
 * The statistics of the server, checked: fields of an unexpected type count as zero or missing. Pure.
 *
 * @module
 */

/**
 * @typedef {object} Figures
 * @property {{ now: number, hour: number, day: number }} users
 * @property {number} connections
 * @property {{ minute: number, hour: number, day: number }} messages
 * @property {{ room: string, users: number, minute: number, hour: number }[]} rooms  busiest first
 * @property {Series} series
 * @property {{ day: string, messages: number, users: number, peak: number }[]} days  oldest first
 */

/**
 * Values by minute, oldest first; the last minute is not over. `null` where nothing was measured.
 *
 * @typedef {object} Series
 * @property {number[]} times  start of each minute, Unix milliseconds
 * @property {(number | null)[]} messages
 * @property {(number | null)[]} users
 * @property {(number | null)[]} connections
 * @property {(number | null)[]} p50  of the journal, in microseconds
 * @property {(number | null)[]} p99
 */

const POINTS_MAX = 1_440;
const ROOMS_MAX = 10;
const DAYS_MAX = 90;

/** Returns the statistics of a payload. @param {any} payload @returns {Figures} */
export function figures(payload) {
  const { users, messages } = object(payload);
  return {
    users: { now: count(users?.now), hour: count(users?.hour), day: count(users?.day) },
    connections: count(payload?.connections),
    messages: { minute: count(messages?.minute), hour: count(messages?.hour), day: count(messages?.day) },
    rooms: list(payload?.rooms, ROOMS_MAX).map((it) => ({
      room: typeof it.room === "string" ? it.room : "",
      users: count(it.users),
      minute: count(it.minute),
      hour: count(it.hour),
    })),
    series: series(object(payload?.series)),
    days: list(payload?.days, DAYS_MAX)
      .filter(({ day }) => /^\d{4}-\d\d-\d\d$/.test(day))
      .map(({ day, messages: messageCount, users: userCount, peak }) => ({ day, messages: count(messageCount), users: count(userCount), peak: count(peak) })),
  };
}

/** @param {any} raw @returns {Series} */
function series(raw) {
  const step = count(raw.step_s) * 1_000 || 60_000;
  const [messages, users, connections] = [raw.messages, raw.users, raw.connections].map(values);
  // The server sends 0 for a minute in which nothing was written.
  const [p50, p99] = [raw.journal_p50_us, raw.journal_p99_us].map((it) => values(it).map((us) => us || null));
  const length = Math.max(messages.length, users.length, connections.length, p50.length, p99.length);
  const times = Array.from({ length }, (_, at) => count(raw.from) + at * step);
  return { times, messages, users, connections, p50, p99 };
}

/**
 * Reduces values to at most `most` means of equally many values, counted from the end.
 *
 * @param {(number | null)[]} values
 * @param {number} most
 */
export function thinned(values, most) {
  const each = Math.max(1, Math.ceil(values.length / Math.max(1, most)));
  const means = [];
  for (let end = values.length; end > 0; end -= each) {
    const part = values.slice(Math.max(0, end - each), end).filter((it) => it !== null);
    means.unshift(part.length > 0 ? part.reduce((sum, it) => sum + it, 0) / part.length : null);
  }
  return { means, each };
}

/** @param {unknown} raw */
function values(raw) {
  return Array.isArray(raw) ? raw.slice(-POINTS_MAX).map(measured) : [];
}

/** @param {unknown} value */
function measured(value) {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

/** @param {unknown} value */
function count(value) {
  return measured(value) ?? 0;
}

/** @param {unknown} value @param {number} most @returns {any[]} */
function list(value, most) {
  return Array.isArray(value) ? value.slice(-most).map(object) : [];
}

/** @param {unknown} value @returns {any} */
function object(value) {
  return typeof value === "object" && value !== null ? value : {};
}
