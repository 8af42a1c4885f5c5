import assert from "node:assert/strict";
import { test } from "node:test";

import { parseCommand } from "../../web/state/commands.js";
import { emojiGroups, emojiNamed, findEmoji, takeEmoji } from "../../web/view/emoji.js";
import { loadTexts, setLanguage, t } from "../../web/strings/strings.js";
import { ar } from "../../web/strings/ar.js";
import { de } from "../../web/strings/de.js";
import { en } from "../../web/strings/en.js";
import { moderationLine } from "../../web/view/notice.js";
import { excerpt } from "../../web/view/search.js";
import { suggestions } from "../../web/view/autocomplete.js";
import { namedKeys, sources, unusedKeys } from "./string-keys.js";

/** Returns the sources of the chat page; the statistics have a table of their own, and a test. */
async function pageSources() {
  const page = (await sources()).filter(({ name }) => !name.startsWith("strings/") && !name.startsWith("stats/"));
  return page.map(({ text }) => text);
}

test("each language has every text that the page uses, and no other", async () => {
  const english = Object.keys(en);
  for (const [lang, table] of Object.entries({ ar, de })) assert.deepEqual(Object.keys(table).sort(), english.toSorted(), lang);
  const texts = await pageSources();
  assert.deepEqual(namedKeys(texts).filter((key) => !english.includes(key)), []);
  assert.deepEqual(unusedKeys(english, texts), []);
});

test("a missing and an unused text are found", () => {
  const texts = ['t("hello"); t(`cmd_${name}`);', '<p data-t="title">', 'const key = open ? "opened" : "closed";'];
  assert.deepEqual(namedKeys(texts), ["hello", "title"]);
  assert.deepEqual(unusedKeys(["hello", "cmd_join", "opened", "goodbye", "my_cmd_join"], texts), ["goodbye", "my_cmd_join"]);
});

test("numbers choose their plural form", async () => {
  setLanguage(["en-GB"]);
  assert.equal(t("below_new", { n: 1 }), "1 new message below");
  assert.equal(t("below_new", { n: 3 }), "3 new messages below");
  assert.deepEqual(setLanguage(["xx", "ar-EG", "en"]), { lang: "ar", dir: "rtl" });
  assert.equal(t("join"), en.join, "until the texts are loaded");
  await loadTexts();
  assert.match(t("below_new", { n: 2 }), /رسالتان/);
  assert.equal(t("moderated_kick", { by: "Eve", user: "Bob" }), "أزال \u2068Eve\u2069 \u2068Bob\u2069 من الغرفة.", "names keep their places");
  assert.deepEqual(setLanguage(["xx"]), { lang: "en", dir: "ltr" });
});

test("nothing in the page parses HTML, runs strings or loads from elsewhere", async () => {
  for (const { name, text } of await sources()) {
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\("style/, name);
    if (name.endsWith(".html")) assert.doesNotMatch(text, / style=| on\w+=|javascript:|<script(?! type="module" src="[a-z])/, name);
    const elsewhere = text.match(/(?:src|href|url\(|from|import)[=(\s]*["']?https?:/g);
    assert.equal(elsewhere, null, name);
  }
});

test("typed lines are parsed", () => {
  const cases = [
    ["Hello", { kind: "say", text: "Hello" }],
    ["//etc", { kind: "say", text: "/etc" }],
    ["/me waves", { kind: "say", text: "/me waves" }],
    ["/join #dev", { kind: "join", to: "dev" }],
    ["/join", { kind: "usage", text: "/join ROOM" }],
    ["/leave", { kind: "leave", to: "" }],
    ["/msg @Bob psst, you", { kind: "msg", to: "Bob", text: "psst, you" }],
    ["/msg Bob", { kind: "usage", text: "/msg USER TEXT" }],
    ["/expire 60 gone\nsoon", { kind: "expire", number: 60, text: "gone\nsoon" }],
    ["/expire soon x", { kind: "usage", text: "/expire SECONDS TEXT" }],
    ["/delete", { kind: "delete", number: 0 }],
    ["/delete 42", { kind: "delete", number: 42 }],
    ["/topic", { kind: "server", text: "/topic" }],
    ["/topic Tea time", { kind: "topic", text: "Tea time" }],
    ["/who dev", { kind: "server", text: "/who dev" }],
    ["/away lunch time", { kind: "away", text: "lunch time" }],
    ["/back", { kind: "back" }],
    ["/stats", { kind: "stats" }],
    ["/kick Bob rude", { kind: "server", text: "/kick Bob rude" }],
    ["/msg \"Bob Smith\" psst", { kind: "msg", to: "Bob Smith", text: "psst" }],
    ["/jion dev", { kind: "server", text: "/jion dev" }],
    ["/", { kind: "server", text: "/" }],
    ["/constructor x", { kind: "server", text: "/constructor x" }],
  ];
  for (const [line, meaning] of cases) assert.deepEqual(parseCommand(line), meaning, line);
});

takeEmoji([
  [["❤️", "red heart", "heart"], ["🚀", "rocket", "rocket"]],
  [["👍", "thumbs up", "+1", "thumbsup"], ["🔥", "fire", "fire"], ["🧑‍🚒", "firefighter", "firefighter"], ["🎉", "party popper", "tada"], ["🎆", "fireworks", "fireworks"]],
]);

test("autocompletion offers commands, people and emoji", () => {
  const inserted = (word) => suggestions(word, ["Bob", "barbara", "Zoe"]).map(({ insert }) => insert);
  assert.deepEqual(inserted("/le"), ["/leave "]);
  assert.deepEqual(inserted("/who"), ["/who ", "/whoami"]);
  assert.deepEqual(inserted("@b"), ["@Bob ", "@barbara "]);
  const named = (word) => suggestions(word, ["Ana Raman", "Zoé", "Ramón", "Bram"], ["dev-ops", "Ops", "random"]).map(({ insert }) => insert);
  assert.deepEqual(named("@ram"), ["@Ramón ", "@Ana Raman "], "by any word, those that begin so first");
  assert.deepEqual(named("@zoe"), ["@Zoé "], "without accents");
  assert.deepEqual(named("#ops"), ["#Ops ", "#dev-ops "]);
  assert.deepEqual(inserted(":rocke"), ["🚀 "]);
  assert.deepEqual(inserted(""), []);
});

test("emoji are found by the words of their names, and short names come first", () => {
  const found = (query, most = 9) => findEmoji(query, most).map(({ sign }) => sign).join("");
  assert.equal(found("fire"), "🔥🧑‍🚒🎆");
  assert.equal(found("red heart"), "❤️");
  assert.equal(found("HEART"), "❤️");
  assert.equal(found("eart"), "", "not within a word");
  assert.equal(found("+1"), "👍");
  assert.equal(found("f", 1), "🔥");
  assert.equal(found("  "), "");
  assert.deepEqual(["tada", "heart", "constructor"].map(emojiNamed), ["🎉", "❤️", undefined]);
  assert.deepEqual(emojiGroups().map((group) => group.length), [2, 5]);
});

test("each moderation action has a text, with time and reason if given", () => {
  setLanguage(["en"]);
  const moderation = (action, rest = {}) => moderationLine({ action, by: "Eve", user: "Bob", seconds: 0, reason: "", ...rest });
  for (const action of "kick ban unban mute unmute lock unlock slow invite make_private make_public promote demote add_hook remove_hook".split(" ")) {
    assert.match(moderation(action), /^Eve .*\.$/, action);
  }
  assert.equal(moderation("mute", { seconds: 600, reason: "flood" }), "Eve muted Bob for 10m. (flood)");
  assert.equal(moderation("slow", { seconds: 5 }), "Eve set slow mode to 5s.");
  assert.equal(moderation("slow"), "Eve turned slow mode off.");
  assert.equal(moderation("add_hook", { user: "alerts [hook]" }), "Eve added the hook alerts [hook].");
  assert.equal(moderation("constructor"), "Eve: constructor Bob");
});

test("an excerpt highlights the hits", () => {
  const shown = (content, query) => excerpt(content, query).map(({ text, isHit }) => (isHit ? `[${text}]` : text)).join("");
  assert.equal(shown("The Release is out, releases follow", "release"), "The [Release] is out, [release]s follow");
  assert.equal(shown("unreleased", "release"), "unreleased");
  assert.equal(shown("a\n\nb  c", "b"), "a [b] c");
  assert.equal(shown("2 + 2 (or *so*)", '"2 + 2" (or'), "[2] + [2] ([or] *so*)");
  assert.equal(shown(`${"x ".repeat(200)}needle${" y".repeat(200)}`, "needle"), `…${"x ".repeat(20)}[needle]${" y".repeat(67)}…`);
  assert.equal(shown("🎉".repeat(200), "none").replace(/🎉/gu, ""), "…", "no half characters");
  assert.equal(shown("", "x"), "");
  assert.equal(shown("alice in lobby", 'from:alice IN:"the lobby" lobby'), "alice in [lobby]", "filters are no words");
});
