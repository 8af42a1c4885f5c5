/**
 * The words of the statistics page, one table per language, as in `../strings/strings.js`, whose choice of
 * language holds here too.
 *
 * @module
 */

import { reader } from "../strings/strings.js";

/** @type {Record<string, Record<string, string>>} */
const tables = {
  en: {
    title: "Statistics",
    span: "Time shown",
    span_hour: "last hour",
    span_hours: "last 6 hours",
    span_day: "last day",
    connecting: "Connecting…",
    live: "Live",
    offline: "Offline",
    unknown: "This server tells no statistics.",
    log_in: "Log in",
    login_needed: "Only who has an account may see them.",
    waiting: "The figures are on their way.",
    people: "People",
    connections: "Connections",
    messages: "Messages",
    journal: "In the journal within",
    now: "now",
    within: "{hour} in the last hour, {day} in the last day",
    minute_within: "in the last minute; {hour} in the hour, {day} in the day",
    journal_more: "99 of 100 messages; half of them within {p50}",
    messages_title: "Messages per minute",
    people_title: "People and connections",
    journal_title: "Time until a message is in the journal",
    rooms_title: "Busiest rooms",
    days_title: "Days",
    p50: "half of them",
    p99: "99 of 100",
    peak: "most at once",
    room: "Room",
    day: "Day",
    time: "Time",
    last_minute: "Last minute",
    last_hour: "Last hour",
    table: "As a table",
    summary: "{from} to {to}: at most {most}, latest {last}.",
    nothing_yet: "Nothing yet.",
  },
  de: {
    title: "Statistik",
    span: "Zeitraum",
    span_hour: "letzte Stunde",
    span_hours: "letzte 6 Stunden",
    span_day: "letzter Tag",
    connecting: "Verbinden …",
    live: "Live",
    offline: "Offline",
    unknown: "Dieser Server führt keine Statistik.",
    log_in: "Anmelden",
    login_needed: "Nur mit einem Konto zu sehen.",
    waiting: "Die Zahlen sind unterwegs.",
    people: "Personen",
    connections: "Verbindungen",
    messages: "Nachrichten",
    journal: "Im Journal nach",
    now: "jetzt",
    within: "{hour} in der letzten Stunde, {day} am letzten Tag",
    minute_within: "in der letzten Minute; {hour} in der Stunde, {day} am Tag",
    journal_more: "99 von 100 Nachrichten; die Hälfte nach {p50}",
    messages_title: "Nachrichten pro Minute",
    people_title: "Personen und Verbindungen",
    journal_title: "Zeit, bis eine Nachricht im Journal steht",
    rooms_title: "Lebhafteste Räume",
    days_title: "Tage",
    p50: "die Hälfte",
    p99: "99 von 100",
    peak: "höchstens zugleich",
    room: "Raum",
    day: "Tag",
    time: "Zeit",
    last_minute: "Letzte Minute",
    last_hour: "Letzte Stunde",
    table: "Als Tabelle",
    summary: "{from} bis {to}: höchstens {most}, zuletzt {last}.",
    nothing_yet: "Noch nichts.",
  },
  ar: {
    title: "الإحصاءات",
    span: "الفترة المعروضة",
    span_hour: "الساعة الأخيرة",
    span_hours: "آخر ٦ ساعات",
    span_day: "اليوم الأخير",
    connecting: "جارٍ الاتصال…",
    live: "مباشر",
    offline: "غير متصل",
    unknown: "هذا الخادم لا يقدّم إحصاءات.",
    log_in: "تسجيل الدخول",
    login_needed: "لا تُعرض إلا بحساب.",
    waiting: "الأرقام في الطريق.",
    people: "الأشخاص",
    connections: "الاتصالات",
    messages: "الرسائل",
    journal: "في السجل خلال",
    now: "الآن",
    within: "{hour} في الساعة الأخيرة، {day} في اليوم الأخير",
    minute_within: "في الدقيقة الأخيرة؛ {hour} في الساعة، {day} في اليوم",
    journal_more: "٩٩ من ١٠٠ رسالة؛ نصفها خلال {p50}",
    messages_title: "الرسائل في الدقيقة",
    people_title: "الأشخاص والاتصالات",
    journal_title: "الزمن حتى تُحفظ الرسالة في السجل",
    rooms_title: "أنشط الغرف",
    days_title: "الأيام",
    p50: "نصفها",
    p99: "٩٩ من ١٠٠",
    peak: "الأكثر معًا",
    room: "الغرفة",
    day: "اليوم",
    time: "الوقت",
    last_minute: "الدقيقة الأخيرة",
    last_hour: "الساعة الأخيرة",
    table: "كجدول",
    summary: "من {from} إلى {to}: الأكثر {most}، والأخير {last}.",
    nothing_yet: "لا شيء بعد.",
  },
};

/** The text of this key with its `{names}` filled in. @param {string} key @param {Record<string, string>} [values] */
export function t(key, values = {}) {
  const text = tables[reader.language][key] ?? tables.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Languages and the keys they have; for the test that none is forgotten. */
export function coverage() {
  return Object.entries(tables).map(([lang, table]) => ({ lang, keys: Object.keys(table) }));
}

/** @param {number} value */
export function number(value) {
  return value.toLocaleString(reader.locale, { maximumFractionDigits: value < 10 ? 1 : 0 });
}

/** For an axis: 15K. @param {number} value */
export function short(value) {
  return value.toLocaleString(reader.locale, { notation: "compact" });
}

/** A time span, told short: 340 µs, 1.2 ms, 3 s. @param {number} us */
export function span(us) {
  const [value, unit] = us < 1_000 ? [us, "microsecond"] : us < 1_000_000 ? [us / 1_000, "millisecond"] : [us / 1_000_000, "second"];
  return value.toLocaleString(reader.locale, { style: "unit", unit, unitDisplay: "short", maximumSignificantDigits: 2 });
}

/** @param {number} ms */
export function time(ms) {
  return new Date(ms).toLocaleTimeString(reader.locale, { hour: "numeric", minute: "2-digit" });
}

/** A date as the server tells it, `2026-11-25`. @param {string} day */
export function date(day) {
  return new Date(`${day}T00:00`).toLocaleDateString(reader.locale, { day: "numeric", month: "short" });
}
