/**
 * Carries out what was typed into the input box.
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
 * @typedef {object} Doing
 * @property {import("../chinwag.js").Chinwag} chat
 * @property {() => State} state
 * @property {(room: string) => void} open
 * @property {(name: string) => void} talk       opens the conversation with somebody
 * @property {(room: string) => void} leave
 * @property {(event: import("../client/event.js").ChatEvent) => void} dispatch
 * @property {(text: string) => void} say        shows a line that only this reader sees
 * @property {(error: unknown) => void} complain
 * @property {(text: string) => void} giveBack   puts a text back into the input box
 * @property {(isAway: boolean, text?: string) => void} setAway
 * @property {() => void} quit
 */

/** @param {Doing} doing */
export function typed({ chat, state, open, talk, leave, dispatch, say, complain, giveBack, setAway, quit }) {
  return { submit, lastMessage };

  /** @param {string} line @param {number} [replyTo] */
  function submit(line, replyTo) {
    const { active } = state();
    if (replyTo !== undefined) {
      sayIn(active, line, { replyTo });
      return undefined;
    }
    const { kind, text: words = "", to = "", number = 0 } = parseCommand(line);
    switch (kind) {
      case "say":
        return sayIn(active, words, {});
      case "expire":
        return sayIn(active, words, { ttl: number });
      case "reply":
      case "edit":
      case "delete":
        return actOnLast(kind, words, number);
      case "msg": {
        const room = conversationWith(state(), to);
        talk(to);
        return sayIn(room, words, {});
      }
      case "topic":
        return chat.setTopic(active, words);
      case "join":
        return open(to);
      case "leave":
        return leave(to || active);
      case "name":
        return chat.setName(words).then(() => dispatch({ type: "ui_renamed", payload: { you: chat.you } }), complain);
      case "rooms":
        return chat.ask("list_rooms").catch(complain);
      case "away":
      case "back":
        return setAway(kind === "away", words);
      case "stats":
        return location.assign("/stats");
      case "quit":
        chat.stop();
        return quit();
      case "usage":
        return say(t("usage", { usage: words }));
      default:
        return chat.command(active, line).catch((error) => {
          complain(error);
          giveBack(line);
        });
    }
  }

  /** The last message of the open room that fits. @param {(message: Message) => boolean} fits */
  function lastMessage(fits) {
    const { rooms, active } = state();
    return rooms.get(active)?.messages.findLast(fits);
  }

  /** @param {"reply" | "edit" | "delete"} kind @param {string} text @param {number} number */
  function actOnLast(kind, text, number) {
    const { active, you } = state();
    const own = lastMessage((it) => it.sender === you);
    const other = lastMessage((it) => it.sender !== you) ?? own;
    const mid = number || own?.mid;
    if (kind === "reply") {
      if (other) sayIn(active, text, { replyTo: other.mid });
      else say(t("nothing_to_reply"));
    } else if (mid === undefined) say(t("nothing_to_edit"));
    else if (kind === "edit") chat.edit(active, mid, text);
    else chat.delete(active, mid);
  }

  /** @param {string} room @param {string} text @param {{ replyTo?: number, ttl?: number }} options */
  function sayIn(room, text, options) {
    if (!room) giveBack(text);
    else if (isDirect(room) && !chat.direct.has(room)) begin(room, text, options);
    else chat.send(room, text, options);
  }

  /**
   * The first words to somebody: the server says which room the conversation is.
   *
   * @param {string} room
   * @param {string} text
   * @param {{ replyTo?: number, ttl?: number }} options
   */
  function begin(room, text, { ttl }) {
    const known = state().rooms.get(room);
    const to = known ? partnerOf(known) : room.slice(1);
    chat.sendTo(to, text, { ttl, room }).done.then(({ room: there }) => {
      if (!there || there === room || state().active !== room) return;
      dispatch({ type: "left", room });
      dispatch({ type: "ui_opened", room: there });
    }, () => {});
  }
}
