/**
 * The texts of the statistics page, one table per language. The language is that of
 * `../strings/strings.js`.
 *
 * @module
 */

import { reader } from "../strings/strings.js";

/** @type {Record<string, Record<string, string>>} */
const tables = {
  en: {
    title: "Statistics",
    span: "Time range",
    span_hour: "last hour",
    span_hours: "last 6 hours",
    span_day: "last 24 hours",
    connecting: "Connecting…",
    live: "Live",
    offline: "Offline",
    unknown: "This server does not provide statistics.",
    log_in: "Log in",
    login_needed: "Log in to see the statistics.",
    waiting: "Loading…",
    people: "People",
    connections: "Connections",
    messages: "Messages",
    journal: "Write latency",
    now: "now",
    within: "{hour} in the last hour, {day} in the last 24 hours",
    minute_within: "in the last minute; {hour} in the last hour, {day} in the last 24 hours",
    journal_more: "99th percentile; median {p50}",
    messages_title: "Messages per minute",
    people_title: "People and connections",
    journal_title: "Time until a message is stored",
    rooms_title: "Busiest rooms",
    days_title: "Messages per day",
    p50: "median",
    p99: "99th percentile",
    peak: "Peak",
    room: "Room",
    day: "Day",
    time: "Time",
    last_minute: "Last minute",
    last_hour: "Last hour",
    table: "Show as table",
    summary: "{from} to {to}: maximum {most}, latest {last}.",
    nothing_yet: "No data yet.",
  },
  de: {
    title: "Statistik",
    span: "Zeitraum",
    span_hour: "letzte Stunde",
    span_hours: "letzte 6 Stunden",
    span_day: "letzte 24 Stunden",
    connecting: "Verbinde…",
    live: "Live",
    offline: "Offline",
    unknown: "Dieser Server stellt keine Statistik bereit.",
    log_in: "Anmelden",
    login_needed: "Melde dich an, um die Statistik zu sehen.",
    waiting: "Wird geladen…",
    people: "Personen",
    connections: "Verbindungen",
    messages: "Nachrichten",
    journal: "Schreiblatenz",
    now: "jetzt",
    within: "{hour} in der letzten Stunde, {day} in den letzten 24 Stunden",
    minute_within: "in der letzten Minute; {hour} in der letzten Stunde, {day} in den letzten 24 Stunden",
    journal_more: "99. Perzentil; Median {p50}",
    messages_title: "Nachrichten pro Minute",
    people_title: "Personen und Verbindungen",
    journal_title: "Zeit, bis eine Nachricht gespeichert ist",
    rooms_title: "Aktivste Räume",
    days_title: "Nachrichten pro Tag",
    p50: "Median",
    p99: "99. Perzentil",
    peak: "Höchststand",
    room: "Raum",
    day: "Tag",
    time: "Zeit",
    last_minute: "Letzte Minute",
    last_hour: "Letzte Stunde",
    table: "Als Tabelle anzeigen",
    summary: "{from} bis {to}: Maximum {most}, zuletzt {last}.",
    nothing_yet: "Noch keine Daten.",
  },
  ar: {
    title: "الإحصاءات",
    span: "الفترة المعروضة",
    span_hour: "الساعة الأخيرة",
    span_hours: "آخر ٦ ساعات",
    span_day: "آخر ٢٤ ساعة",
    connecting: "جارٍ الاتصال…",
    live: "مباشر",
    offline: "غير متصل",
    unknown: "هذا الخادم لا يقدّم إحصاءات.",
    log_in: "تسجيل الدخول",
    login_needed: "سجّل الدخول لعرض الإحصاءات.",
    waiting: "جارٍ التحميل…",
    people: "الأشخاص",
    connections: "الاتصالات",
    messages: "الرسائل",
    journal: "زمن الكتابة",
    now: "الآن",
    within: "{hour} في الساعة الأخيرة، {day} في آخر ٢٤ ساعة",
    minute_within: "في الدقيقة الأخيرة؛ {hour} في الساعة الأخيرة، {day} في آخر ٢٤ ساعة",
    journal_more: "المئين ٩٩؛ الوسيط {p50}",
    messages_title: "الرسائل في الدقيقة",
    people_title: "الأشخاص والاتصالات",
    journal_title: "الزمن حتى تُحفظ الرسالة في السجل",
    rooms_title: "أنشط الغرف",
    days_title: "الرسائل في اليوم",
    p50: "الوسيط",
    p99: "المئين ٩٩",
    peak: "الذروة",
    room: "الغرفة",
    day: "اليوم",
    time: "الوقت",
    last_minute: "الدقيقة الأخيرة",
    last_hour: "الساعة الأخيرة",
    table: "عرض كجدول",
    summary: "من {from} إلى {to}: الأعلى {most}، والأخير {last}.",
    nothing_yet: "لا توجد بيانات بعد.",
  },
};

/** Returns the text of a key with its `{names}` filled in. @param {string} key @param {Record<string, string>} [values] */
export function t(key, values = {}) {
  const text = tables[reader.language][key] ?? tables.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Returns the keys of each language, for the test of completeness. */
export function coverage() {
  return Object.entries(tables).map(([lang, table]) => ({ lang, keys: Object.keys(table) }));
}

/** @param {number} value */
export function number(value) {
  return value.toLocaleString(reader.locale, { maximumFractionDigits: value < 10 ? 1 : 0 });
}

/** Returns an abbreviated number for an axis: 15K. @param {number} value */
export function short(value) {
  return value.toLocaleString(reader.locale, { notation: "compact" });
}

/** Returns a short duration: 340 µs, 1.2 ms, 3 s. @param {number} us */
export function span(us) {
  const [value, unit] = us < 1_000 ? [us, "microsecond"] : us < 1_000_000 ? [us / 1_000, "millisecond"] : [us / 1_000_000, "second"];
  return value.toLocaleString(reader.locale, { style: "unit", unit, unitDisplay: "short", maximumSignificantDigits: 2 });
}

/** @param {number} ms */
export function time(ms) {
  return new Date(ms).toLocaleTimeString(reader.locale, { hour: "numeric", minute: "2-digit" });
}

/** Returns a date in the form of the protocol, `2026-11-25`, as the reader writes it. @param {string} day */
export function date(day) {
  return new Date(`${day}T00:00`).toLocaleDateString(reader.locale, { day: "numeric", month: "short" });
}
