/**
 * Actions that ask the reader something first, in a dialog.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { t } from "../strings/strings.js";
import { loaded } from "../view/parts.js";

const TOPIC_LENGTH = 500;
/** People offered by name. */
const OFFERED_MAX = 200;

/**
 * @typedef {object} QuestionContext
 * @property {import("../chinwag.js").Chinwag} chat
 * @property {import("./store.js").Store} store
 * @property {import("./actions.js").Actions} actions
 * @property {import("./navigation.js").Navigation} navigation
 */

export class Questions {
  #context;

  /** @param {QuestionContext} context */
  constructor(context) {
    this.#context = context;
  }

  /** Sets the topic of the open room. */
  async setTopic() {
    const { chat, store } = this.#context;
    const { active: room, rooms } = store.state;
    const value = rooms.get(room)?.topic ?? "";
    const title = t("topic_title", { room: `#${room}` });
    const topic = await this.#ask({ title, label: t("topic"), action: t("save"), value, longest: TOPIC_LENGTH, isOptional: true });
    if (topic !== null && topic !== value) chat.setTopic(room, topic);
  }

  /** Invites somebody to the open room. */
  async invite() {
    const { store, actions } = this.#context;
    const { active: room } = store.state;
    const here = new Set(store.state.rooms.get(room)?.people.map(({ name }) => name));
    const offered = this.#names().filter((name) => !here.has(name));
    const user = await this.#ask({ title: t("invite_title", { room: `#${room}` }), label: t("account_name"), action: t("invite"), offered });
    if (user) actions.moderate(room, "invite", { user });
  }

  /** Changes the reader's name. */
  async rename() {
    const { store, actions } = this.#context;
    const { you } = store.state;
    const name = await this.#ask({ title: t("change_name"), label: t("account_name"), action: t("save"), value: you });
    if (name && name !== you) actions.rename(name);
  }

  /** Leaves a room; a private one after a question, for only an invitation leads back. @param {string} room */
  async leave(room) {
    const { store, navigation } = this.#context;
    const isPrivate = !isDirect(room) && store.state.rooms.get(room)?.isPrivate === true;
    const question = { title: t("leave_title", { room: `#${room}` }), note: t("leave_note"), action: t("leave_room") };
    if (!isPrivate || (await this.#confirm(question))) navigation.leave(room);
  }

  /** Bans somebody from a room. @param {string} room @param {string} user */
  async ban(room, user) {
    const question = { title: t("ban_title", { user, room: `#${room}` }), note: t("ban_note"), action: t("do_ban") };
    if (await this.#confirm(question)) this.#context.actions.moderate(room, "ban", { user });
  }

  /** Removes a room for everyone. @param {string} room */
  async removeRoom(room) {
    const question = { title: t("remove_room_title", { room }), note: t("remove_room_note"), action: t("do_remove_room") };
    if (await this.#confirm(question)) this.#context.actions.removeRoom(room);
  }

  /** @param {Parameters<typeof import("../view/question.js").askForText>[0]} question @returns {Promise<string | null>} */
  async #ask(question) {
    const dialogs = await loaded(import("../view/question.js"));
    return dialogs ? dialogs.askForText(question) : null;
  }

  /** @param {Parameters<typeof import("../view/question.js").confirmed>[0]} question @returns {Promise<boolean>} */
  async #confirm(question) {
    const dialogs = await loaded(import("../view/question.js"));
    return dialogs !== null && dialogs.confirmed(question);
  }

  /** Returns the names of those in the reader's rooms. */
  #names() {
    const { state } = this.#context.store;
    const people = [...state.rooms.values()].flatMap((it) => it.people.map(({ name }) => name));
    return [...new Set(people)].filter((name) => name !== state.you).sort().slice(0, OFFERED_MAX);
  }
}
