/**
 * All words of the page, one table per language; `t("key", { name: "…" })` gives the text.
 *
 * A missing translation falls back to English. Where a number decides the form, the entry is an
 * object of plural categories (`Intl.PluralRules`), chosen by `n`.
 *
 * @module
 */

/** @typedef {string | Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }} Entry */

/** @type {Record<string, Record<string, Entry>>} */
const tables = {
  en: {
    tagline: "Rooms for talking, right now.",
    your_name: "Your name",
    room: "Room",
    join: "Join",
    rooms: "Rooms",
    people: "People",
    people_count: { one: "{n} person", other: "{n} people" },
    people_many: "{n} people here: too many to list.",
    messages: "Messages",
    message: "Message",
    message_to: "Message to {room}",
    send: "Send",
    you: "you",
    statistics: "Statistics",
    menu_rooms: "Show rooms",
    menu_people: "Show people",
    close: "Close",
    leave: "Leave {room}",
    connecting: "Connecting…",
    catching_up: "Catching up…",
    live: "Connected",
    offline: "Offline",
    idle: "Not connected",
    stopped: "Disconnected",
    stopped_why: "Disconnected: {reason}",
    retry_in: "next attempt in {n} s",
    now: "Now",
    again: "Connect again",
    empty: "Nothing has been said here yet.",
    no_room: "Join a room to begin.",
    loading: "Loading…",
    new_messages: "New",
    below: "Jump to the latest",
    below_new: { one: "{n} new message below", other: "{n} new messages below" },
    lost: "Messages {from}–{to} are no longer kept.",
    edited: "edited",
    expires_in: "disappears in {time}",
    unsent: "Waiting to be sent",
    failed: "Not sent: {reason}",
    retry: "Retry",
    discard: "Discard",
    reply: "Reply",
    edit: "Edit",
    delete: "Delete",
    react: "React",
    actions: "Message actions",
    reply_gone: "a message that is not here",
    replying: "Replying to {name}",
    editing: "Editing your message",
    cancel: "Cancel",
    reaction: { one: "{emoji}, {n} reaction", other: "{emoji}, {n} reactions" },
    typing: { one: "{names} is typing…", other: "{names} are typing…" },
    unread: { one: "{n} unread message", other: "{n} unread messages" },
    unread_mention: { one: "{n} unread message, you are mentioned", other: "{n} unread messages, you are mentioned" },
    renamed: "The name you chose could not be given to you: you are {name}.",
    too_late: "Not possible while offline.",
    nothing_to_edit: "There is no message of yours to change here.",
    nothing_to_reply: "There is no message to reply to here.",
    usage: "Usage: {usage}",
    found: "Rooms on this server",
    notify: "Notify me of mentions",
    today: "Today",
    yesterday: "Yesterday",
    suggestions: "Suggestions",
    said: "{name}: {text}",
    cmd_help: "what can be typed",
    cmd_name: "change your name",
    cmd_join: "join a room",
    cmd_leave: "leave a room",
    cmd_rooms: "list the rooms",
    cmd_who: "list the people here",
    cmd_msg: "talk to one person",
    cmd_reply: "reply to the last message",
    cmd_me: "say what you do",
    cmd_topic: "see or change the topic",
    cmd_edit: "change your last message",
    cmd_delete: "delete your last message",
    cmd_expire: "say something that disappears",
    cmd_away: "say that you are away",
    cmd_back: "say that you are back",
    cmd_whoami: "see who you are",
    cmd_quit: "leave and forget me here",
  },
  de: {
    tagline: "Räume zum Reden, jetzt gleich.",
    your_name: "Dein Name",
    room: "Raum",
    join: "Betreten",
    rooms: "Räume",
    people: "Personen",
    people_count: { one: "{n} Person", other: "{n} Personen" },
    people_many: "{n} Personen hier: zu viele für eine Liste.",
    messages: "Nachrichten",
    message: "Nachricht",
    message_to: "Nachricht an {room}",
    send: "Senden",
    you: "du",
    statistics: "Statistik",
    menu_rooms: "Räume zeigen",
    menu_people: "Personen zeigen",
    close: "Schließen",
    leave: "{room} verlassen",
    connecting: "Verbinde…",
    catching_up: "Hole auf…",
    live: "Verbunden",
    offline: "Keine Verbindung",
    idle: "Nicht verbunden",
    stopped: "Getrennt",
    stopped_why: "Getrennt: {reason}",
    retry_in: "nächster Versuch in {n} s",
    now: "Jetzt",
    again: "Neu verbinden",
    empty: "Hier wurde noch nichts gesagt.",
    no_room: "Betritt einen Raum.",
    loading: "Lade…",
    new_messages: "Neu",
    below: "Zum Neuesten",
    below_new: { one: "{n} neue Nachricht weiter unten", other: "{n} neue Nachrichten weiter unten" },
    lost: "Die Nachrichten {from}–{to} werden nicht mehr aufbewahrt.",
    edited: "bearbeitet",
    expires_in: "verschwindet in {time}",
    unsent: "Wartet auf das Senden",
    failed: "Nicht gesendet: {reason}",
    retry: "Nochmals",
    discard: "Verwerfen",
    reply: "Antworten",
    edit: "Bearbeiten",
    delete: "Löschen",
    react: "Reagieren",
    actions: "Aktionen",
    reply_gone: "eine Nachricht, die nicht hier ist",
    replying: "Antwort an {name}",
    editing: "Du bearbeitest deine Nachricht",
    cancel: "Abbrechen",
    reaction: { one: "{emoji}, {n} Reaktion", other: "{emoji}, {n} Reaktionen" },
    typing: { one: "{names} schreibt…", other: "{names} schreiben…" },
    unread: { one: "{n} ungelesene Nachricht", other: "{n} ungelesene Nachrichten" },
    unread_mention: { one: "{n} ungelesene Nachricht, du bist erwähnt", other: "{n} ungelesene Nachrichten, du bist erwähnt" },
    renamed: "Der gewünschte Name war nicht zu haben: du heißt {name}.",
    too_late: "Ohne Verbindung nicht möglich.",
    nothing_to_edit: "Hier ist keine Nachricht von dir zu ändern.",
    nothing_to_reply: "Hier ist keine Nachricht zum Antworten.",
    usage: "So geht es: {usage}",
    found: "Räume auf diesem Server",
    notify: "Bei Erwähnung benachrichtigen",
    today: "Heute",
    yesterday: "Gestern",
    suggestions: "Vorschläge",
    cmd_help: "was man eingeben kann",
    cmd_name: "den Namen ändern",
    cmd_join: "einen Raum betreten",
    cmd_leave: "einen Raum verlassen",
    cmd_rooms: "die Räume auflisten",
    cmd_who: "die Personen hier auflisten",
    cmd_msg: "mit einer Person reden",
    cmd_reply: "auf die letzte Nachricht antworten",
    cmd_me: "sagen, was du tust",
    cmd_topic: "das Thema sehen oder ändern",
    cmd_edit: "deine letzte Nachricht ändern",
    cmd_delete: "deine letzte Nachricht löschen",
    cmd_expire: "etwas sagen, das verschwindet",
    cmd_away: "sagen, dass du weg bist",
    cmd_back: "sagen, dass du zurück bist",
    cmd_whoami: "sehen, wer du bist",
    cmd_quit: "gehen und mich hier vergessen",
  },
  ar: {
    tagline: "غرف للحديث، الآن.",
    your_name: "اسمك",
    room: "الغرفة",
    join: "انضمام",
    rooms: "الغرف",
    people: "الأشخاص",
    people_count: { one: "شخص واحد", two: "شخصان", few: "{n} أشخاص", other: "{n} شخصًا" },
    people_many: "{n} هنا: العدد أكبر من أن يُعرض.",
    messages: "الرسائل",
    message: "رسالة",
    message_to: "رسالة إلى {room}",
    send: "إرسال",
    you: "أنت",
    statistics: "الإحصاءات",
    menu_rooms: "عرض الغرف",
    menu_people: "عرض الأشخاص",
    close: "إغلاق",
    leave: "مغادرة {room}",
    connecting: "جارٍ الاتصال…",
    catching_up: "جارٍ استدراك ما فات…",
    live: "متصل",
    offline: "غير متصل",
    idle: "غير متصل",
    stopped: "انقطع الاتصال",
    stopped_why: "انقطع الاتصال: {reason}",
    retry_in: "المحاولة التالية بعد {n} ث",
    now: "الآن",
    again: "إعادة الاتصال",
    empty: "لم يُقل شيء هنا بعد.",
    no_room: "انضم إلى غرفة للبدء.",
    loading: "جارٍ التحميل…",
    new_messages: "جديد",
    below: "إلى الأحدث",
    below_new: { one: "رسالة جديدة في الأسفل", two: "رسالتان جديدتان في الأسفل", few: "{n} رسائل جديدة في الأسفل", other: "{n} رسالة جديدة في الأسفل" },
    lost: "لم تعد الرسائل {from}–{to} محفوظة.",
    edited: "معدّلة",
    expires_in: "تختفي بعد {time}",
    unsent: "بانتظار الإرسال",
    failed: "لم تُرسل: {reason}",
    retry: "إعادة المحاولة",
    discard: "تجاهل",
    reply: "رد",
    edit: "تعديل",
    delete: "حذف",
    react: "تفاعل",
    actions: "إجراءات الرسالة",
    reply_gone: "رسالة ليست هنا",
    replying: "رد على {name}",
    editing: "تعديل رسالتك",
    cancel: "إلغاء",
    reaction: { one: "{emoji}، {n} تفاعل", other: "{emoji}، {n} تفاعلات" },
    typing: { one: "{names} يكتب…", other: "{names} يكتبون…" },
    unread: { one: "رسالة غير مقروءة", two: "رسالتان غير مقروءتين", few: "{n} رسائل غير مقروءة", other: "{n} رسالة غير مقروءة" },
    unread_mention: { one: "رسالة غير مقروءة وقد ذُكرت", other: "{n} رسالة غير مقروءة وقد ذُكرت" },
    renamed: "تعذّر منحك الاسم الذي اخترته: اسمك الآن {name}.",
    too_late: "غير ممكن دون اتصال.",
    nothing_to_edit: "لا توجد رسالة لك لتعديلها هنا.",
    nothing_to_reply: "لا توجد رسالة للرد عليها هنا.",
    usage: "الاستخدام: {usage}",
    found: "الغرف على هذا الخادم",
    notify: "نبّهني عند ذكري",
    today: "اليوم",
    yesterday: "أمس",
    suggestions: "اقتراحات",
    cmd_help: "ما يمكن كتابته",
    cmd_name: "تغيير اسمك",
    cmd_join: "الانضمام إلى غرفة",
    cmd_leave: "مغادرة غرفة",
    cmd_rooms: "سرد الغرف",
    cmd_who: "سرد الأشخاص هنا",
    cmd_msg: "التحدث مع شخص واحد",
    cmd_reply: "الرد على آخر رسالة",
    cmd_me: "قل ما تفعله",
    cmd_topic: "عرض الموضوع أو تغييره",
    cmd_edit: "تعديل آخر رسالة لك",
    cmd_delete: "حذف آخر رسالة لك",
    cmd_expire: "قول شيء يختفي",
    cmd_away: "قل إنك بعيد",
    cmd_back: "قل إنك عدت",
    cmd_whoami: "من أنت",
    cmd_quit: "المغادرة ونسياني هنا",
  },
};

const RTL = new Set(["ar", "fa", "he", "ur"]);

/** The language in use; `en` until `setLanguage`. */
export let language = "en";
/** With region, for dates and numbers. */
export let locale = "en";
let plurals = new Intl.PluralRules("en");

/**
 * Takes the first wanted language that has a table.
 *
 * @param {readonly string[]} wanted  BCP 47 tags, best first
 * @returns {{ lang: string, dir: "ltr" | "rtl" }}
 */
export function setLanguage(wanted) {
  locale = wanted.find((tag) => Object.hasOwn(tables, primary(tag))) ?? "en";
  language = primary(locale);
  plurals = new Intl.PluralRules(locale);
  return { lang: language, dir: RTL.has(language) ? "rtl" : "ltr" };
}

/**
 * The text of this key with its `{names}` filled in.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const entry = tables[language][key] ?? tables.en[key] ?? key;
  const form = typeof entry === "string" ? entry : entry[plurals.select(Number(values.n))] ?? entry.other;
  return form.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name] ?? "";
    return typeof value === "number" ? value.toLocaleString(locale) : value;
  });
}

/** Languages and the keys they have; for the test that none is forgotten. */
export function coverage() {
  return Object.entries(tables).map(([lang, table]) => ({ lang, keys: Object.keys(table) }));
}

/** @param {string} tag */
function primary(tag) {
  return tag.toLowerCase().split("-")[0];
}
