/**
 * Carries out what was typed into the input box: messages and slash commands.
 *
 * @module
 */

import { isDirect } from "../client/event.js";
import { parseCommand } from "../state/commands.js";
import { conversationWith, partnerOf } from "../state/moderation.js";
import { t } from "../strings/strings.js";

/** @typedef {import("../state/room.js").Message} Message */
/** @typedef {import("../state/state.js").State} State */

/**
 * @typedef {object} CommandContext
 * @property {import("../chinwag.js").Chinwag} chat
 * @property {() => State} state
 * @property {(event: import("../client/event.js").ChatEvent) => void} dispatch
 * @property {import("./navigation.js").Navigation} navigation
 * @property {import("./feedback.js").Feedback} feedback
 * @property {(room: string, mid: number) => void} remove       deletes a message, unless it is undone
 * @property {(text: string) => void} restore                  puts a text back into the input box
 * @property {(isAway: boolean, text?: string) => void} setAway
 * @property {(name: string) => void} rename
 * @property {() => void} browse  opens the list of all rooms
 * @property {() => void} help    opens the list of keys and commands
 * @property {(room: string, text: string, options: import("./uploads.js").MessageOptions) => boolean} hold  takes a message that waits for its files
 * @property {() => void} quit
 */

/** @typedef {import("./uploads.js").MessageOptions & { files?: import("../client/requests.js").UploadedFile[] }} SendOptions */

/** @param {CommandContext} context */
export function commandRunner({ chat, state, dispatch, navigation, feedback, remove, restore, setAway, rename, browse, help, hold, quit }) {
  return { submit, deliver, lastMessage };

  /** @param {string} line @param {number} [replyTo] */
  function submit(line, replyTo) {
    const { active } = state();
    if (replyTo !== undefined) {
      send(active, line, { replyTo });
      return undefined;
    }
    const { kind, text: words = "", to = "", number = 0 } = parseCommand(line);
    switch (kind) {
      case "say":
        return send(active, words, {});
      case "expire":
        return send(active, words, { ttl: number });
      case "reply":
      case "edit":
      case "delete":
        return actOnLast(kind, words, number) || restore(line);
      case "msg": {
        const room = conversationWith(state(), to);
        navigation.openConversation(to);
        return send(room, words, {});
      }
      case "topic":
        return chat.setTopic(active, words);
      case "join":
        return navigation.open(to);
      case "leave":
        return navigation.leave(to || active);
      case "name":
        return rename(words);
      case "rooms":
        return browse();
      case "help":
        return help();
      case "away":
      case "back":
        return setAway(kind === "away", words);
      case "stats":
        return location.assign("stats");
      case "quit":
        chat.stop();
        return quit();
      case "usage":
        restore(line);
        return feedback.show(t("usage", { usage: words }));
      default:
        return chat.command(active, line).catch((error) => {
          feedback.showError(error);
          restore(line);
        });
    }
  }

  /** Returns the last message of the open room that fits. @param {(message: Message) => boolean} fits */
  function lastMessage(fits) {
    const { rooms, active } = state();
    return rooms.get(active)?.messages.findLast(fits);
  }

  /** Whether there was something to act on. @param {"reply" | "edit" | "delete"} kind @param {string} text @param {number} number */
  function actOnLast(kind, text, number) {
    const { active, you } = state();
    const own = lastMessage((it) => it.sender === you);
    const other = lastMessage((it) => it.sender !== you) ?? own;
    const mid = number || own?.mid;
    if (kind === "reply") {
      if (other) send(active, text, { replyTo: other.mid });
      else feedback.show(t("nothing_to_reply"));
      return other !== undefined;
    }
    if (mid === undefined) feedback.show(t("nothing_to_edit"));
    else if (kind === "edit") chat.edit(active, mid, text);
    else remove(active, mid);
    return mid !== undefined;
  }

  /** @param {string} room @param {string} text @param {import("./uploads.js").MessageOptions} options */
  function send(room, text, options) {
    if (!room) restore(text);
    else if (!hold(room, text, options)) deliver(room, text, options);
  }

  /** @param {string} room @param {string} text @param {SendOptions} options */
  function deliver(room, text, options) {
    if (isDirect(room) && !chat.direct.has(room)) beginConversation(room, text, options);
    else chat.send(room, text, options);
  }

  /**
   * Sends the first message of a conversation. The answer names its room.
   *
   * @param {string} room
   * @param {string} text
   * @param {SendOptions} options
   */
  function beginConversation(room, text, { ttl, files }) {
    const known = state().rooms.get(room);
    const to = known ? partnerOf(known) : room.slice(1);
    chat.sendTo(to, text, { ttl, room, files }).done.then(({ room: actual }) => {
      if (!actual || actual === room || state().active !== room) return;
      dispatch({ type: "left", room });
      dispatch({ type: "ui_opened", room: actual });
    }, () => {});
  }
}
