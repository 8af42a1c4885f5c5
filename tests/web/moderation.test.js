import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { conversationWith, actionsIn, actionsOn, moderates, peopleIn, roomsToInvite } from "../../web/state/moderation.js";
import { reduce } from "../../web/state/reducer.js";
import { initialState } from "../../web/state/state.js";
import { ar } from "../../web/strings/ar.js";
import { de } from "../../web/strings/de.js";
import { en } from "../../web/strings/en.js";

/** Returns a state in which the reader has a role in a room with three others. */
function told({ role = "", admin = false, isPrivate = false, account = admin } = {}) {
  const users = [{ name: "Ann", role }, { name: "Bob" }, { name: "Mo", role: "moderator" }, { name: "Oz", role: "owner" }];
  const rooms = { dev: { seq: 0, users: 4, topic: "", role, private: isPrivate }, hall: { seq: 0, users: 2, topic: "" } };
  const direct = { "@Bob": { with: "Robert", seq: 1 }, "@Zoe": { with: "Zoe", seq: 1 } };
  const welcome = { type: "welcome", ts: 0, payload: { you: "Ann", current: "dev", rooms, direct, account, role: admin ? "admin" : undefined } };
  const list = { type: "user_list", room: "dev", payload: { users } };
  const hall = { type: "user_list", room: "hall", payload: { users: [{ name: "Robert", status: "away", text: "tea", role: "owner" }] } };
  return [welcome, list, hall].reduce((state, event) => reduce(state, event, 0), initialState());
}

function offered(state) {
  const room = state.rooms.get("dev");
  return room.people.map((person) => `${person.name}: ${actionsOn(state, room, person).join(" ")}`.trim());
}

test("actions on a person depend on both ranks", () => {
  const order = "mute unmute kick ban";
  assert.deepEqual(offered(told()), ["Ann:", "Bob:", "Mo:", "Oz:"]);
  assert.deepEqual(offered(told({ role: "member" })), ["Ann:", "Bob:", "Mo:", "Oz:"]);
  assert.deepEqual(offered(told({ role: "moderator" })), ["Ann:", `Bob: ${order}`, "Mo:", "Oz:"]);
  assert.deepEqual(offered(told({ role: "owner" })), ["Ann:", `Bob: ${order} promote`, `Mo: ${order} demote`, "Oz:"]);
  assert.deepEqual(offered(told({ admin: true })), ["Ann:", `Bob: ${order} promote`, `Mo: ${order} demote`, `Oz: ${order} promote`]);
});

test("somebody known to be muted can be unmuted, and nobody twice", () => {
  const after = (...actions) => actions.reduce((state, [action, seconds]) => reduce(state, { type: "moderated", room: "dev", ts: 1_000, payload: { action, by: "Oz", user: "Bob", seconds } }, 0), told({ role: "moderator" }));
  const onBob = (state, now) => actionsOn(state, state.rooms.get("dev"), { name: "Bob", role: "" }, now).filter((it) => /mute/.test(it)).join(" ");
  assert.equal(onBob(after()), "mute unmute", "who came later does not know");
  assert.equal(onBob(after(["mute"])), "unmute");
  assert.equal(onBob(after(["mute"], ["unmute"])), "mute");
  assert.equal(onBob(after(["mute", 60]), 60_000), "unmute");
  assert.equal(onBob(after(["mute", 60]), 62_000), "mute", "it is over");
});

test("actions on a room depend on its kind and the rank", () => {
  const inDev = (state) => actionsIn(state, state.rooms.get("dev")).join(" ");
  assert.equal(inDev(told()), "");
  assert.equal(inDev(told({ role: "moderator" })), "lock slow");
  assert.equal(inDev(told({ role: "owner" })), "lock slow make_private");
  assert.equal(inDev(told({ role: "owner", isPrivate: true })), "lock slow make_public");
  assert.equal(inDev(told({ admin: true })), "lock slow make_private remove_room");
  const change = (action, seconds) => (state) => reduce(state, { type: "moderated", room: "dev", payload: { action, by: "Oz", seconds } }, 0);
  const locked = change("lock")(told({ role: "moderator" }));
  assert.equal(inDev(locked), "unlock slow", "what it is now decides");
  assert.equal(inDev(change("unlock")(locked)), "lock slow");
  assert.equal(change("slow", 10)(locked).rooms.get("dev").slow, 10);
  const joined = { type: "joined", room: "dev", payload: { role: "owner", locked: true, slow: 60 } };
  assert.equal(inDev(reduce(told(), joined, 0)), "unlock slow make_private");
  const state = told({ admin: true });
  assert.equal(moderates(state, state.rooms.get("@Bob")), false, "a conversation has nobody who keeps order");
  assert.equal(moderates(state, undefined), false);
});

test("moderators can invite to their private rooms", () => {
  assert.deepEqual(roomsToInvite(told({ role: "owner", isPrivate: true }), "hall"), ["dev"]);
  assert.deepEqual(roomsToInvite(told({ role: "owner", isPrivate: true }), "dev"), []);
  assert.deepEqual(roomsToInvite(told({ role: "member", isPrivate: true }), "hall"), []);
  assert.deepEqual(roomsToInvite(told({ role: "owner" }), "hall"), []);
});

test("a conversation is found by the partner's current name and shows their presence", () => {
  const state = told();
  assert.equal(conversationWith(state, "Robert"), "@Bob");
  assert.equal(conversationWith(state, "Bob"), "@Bob-2", "whoever is called Bob now is somebody else");
  assert.equal(conversationWith(state, "Eve"), "@Eve");
  const there = (room) => peopleIn(state, state.rooms.get(room)).map(({ name, status, text, role }) => [name, status, text, role].join(","));
  assert.deepEqual(there("@Bob"), ["Robert,away,tea,", "Ann,,,"]);
  assert.deepEqual(there("@Zoe"), ["Zoe,absent,,", "Ann,,,"]);
});

test("after a login only the account's conversations remain, with unsent messages", () => {
  let state = told();
  const entry = { id: "x", type: "direct_message", payload: { to: "Zoe", content: "unsent" }, at: 1 };
  state = reduce(state, { type: "message", room: "@Bob", seq: 2, ts: 1, payload: { sender: "Robert", content: "to the guest" } }, 0);
  state = reduce(state, { type: "queued", room: "@Zoe", payload: { entry } }, 0);
  const rooms = { dev: { seq: 0, users: 1, topic: "" } };
  const next = reduce(state, { type: "welcome", ts: 0, payload: { you: "Ann", account: true, rooms, direct: { "@Bob": { with: "Bob", seq: 9 } } } }, 0);
  assert.deepEqual([...next.rooms.keys()].sort(), ["@Bob", "@Zoe", "dev"]);
  assert.deepEqual(next.rooms.get("@Bob").messages, []);
  assert.equal(next.rooms.get("@Bob").partner, "Bob");
  assert.deepEqual(next.rooms.get("@Zoe").pending.map(({ id }) => id), ["x"]);
});

test("each action and each command has its text in every language", async () => {
  const keys = ["mute", "mute_for", "unmute", "kick", "ban", "promote", "demote", "lock", "unlock", "slow_for", "slow_end", "make_private", "make_public", "remove_room"];
  const source = await readFile(new URL("../../web/state/commands.js", import.meta.url), "utf8");
  const commands = [...source.matchAll(/^ {2}\["(\w+)", /gm)].map(([, name]) => `cmd_${name}`);
  assert.ok(commands.length > 25);
  const wanted = [...keys.map((key) => `do_${key}`), ...commands, "log_in_note", "register_note", "logged_out", "login_expired", "login_needed", "absent", "close_conversation"];
  for (const [lang, table] of Object.entries({ ar, de, en })) assert.deepEqual(wanted.filter((key) => !(key in table)), [], lang);
});
