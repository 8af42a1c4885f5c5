/**
 * All that can be said and asked, in the words of the protocol.
 *
 * What changes a room's record is submitted: it is kept until the server has answered, over
 * reconnects and, with a storage, over reloads. All else is asked, and fails without a connection.
 *
 * @module
 */

/** @typedef {import("./event.js").ChatEvent} ChatEvent */

/**
 * Something said: `id` names it in `settled` and `failed`, `done` is its answer.
 *
 * @typedef {object} Submission
 * @property {string} id
 * @property {Promise<ChatEvent>} done
 */

/** @abstract */
export class Requests {
  /**
   * Puts an event that changes a room's record into the outbox.
   *
   * @abstract
   * @param {string} type
   * @param {string} room
   * @param {any} payload
   * @returns {Submission}
   */
  submit(type, room, payload) {
    throw new Error(`${type} ${room} ${payload}: nobody to say it to`);
  }

  /**
   * Asks something that has an answer. Rejects with a `Refusal` when the server refuses, with an
   * `Error` when the connection is lost first.
   *
   * @abstract
   * @param {string} type
   * @param {any} [payload]
   * @param {string} [room]
   * @returns {Promise<ChatEvent>}
   */
  ask(type, payload, room) {
    throw new Error(`${type} ${payload} ${room}: nobody to ask`);
  }

  /**
   * Sends what may be lost.
   *
   * @abstract
   * @param {string} type
   * @param {string} room
   * @param {any} payload
   */
  hint(type, room, payload) {
    throw new Error(`${type} ${room} ${payload}: nobody to emit`);
  }

  /**
   * Says something in a room. It is kept until the server has answered, over reconnects and, with
   * a storage, over reloads.
   *
   * @param {string} room
   * @param {string} content
   * @param {{ replyTo?: number, ttl?: number }} [options]  `ttl` in seconds
   */
  send(room, content, { replyTo, ttl } = {}) {
    return this.submit("send_message", room, { content, reply_to: replyTo, ttl });
  }

  /**
   * Says something to one person. The answer names the room of the conversation, which is the one
   * to `send` to from then on.
   *
   * @param {string} to
   * @param {string} content
   * @param {{ ttl?: number, room?: string }} [options]  `room` names it until it is answered
   */
  sendTo(to, content, { ttl, room = `@${to}` } = {}) {
    return this.submit("direct_message", room, { to, content, ttl });
  }

  /** @param {string} room @param {number} mid @param {string} content */
  edit(room, mid, content) {
    return this.submit("edit_message", room, { mid, content });
  }

  /** @param {string} room @param {number} mid */
  delete(room, mid) {
    return this.submit("delete_message", room, { mid });
  }

  /** @param {string} room @param {number} mid @param {string} emoji @param {boolean} on */
  react(room, mid, emoji, on) {
    return this.submit("react", room, { mid, emoji, on });
  }

  /**
   * Keeps order in a room: `kick`, `ban`, `unban`, `mute`, `unmute` and `promote`, `demote`,
   * `invite` a `user`; `lock`, `unlock`, `slow`, `make_private`, `make_public` the room. Nothing of
   * that waits for a connection: it would come as a surprise.
   *
   * @param {string} room
   * @param {string} action
   * @param {{ user?: string, seconds?: number, reason?: string }} [about]
   */
  moderate(room, action, about = {}) {
    return this.ask("moderate", { action, ...about }, room);
  }

  /** @param {"online" | "away"} status @param {string} [text] */
  setStatus(status, text) {
    return this.ask("set_status", { status, text });
  }

  /** @param {string} room @param {string} topic */
  setTopic(room, topic) {
    return this.submit("set_topic", room, topic);
  }

  /**
   * A page of the past; `before`, `after` and `around` are `seq` numbers, none means the latest.
   * Whoever hears of the `history` event sees in its `asked` which page was wanted.
   *
   * @param {string} room
   * @param {{ before?: number, after?: number, around?: number, limit?: number }} [page]
   */
  history(room, page = {}) {
    return this.ask("history", page, room);
  }

  /**
   * What was said with these words, the newest first. Without a room: in all that one is in.
   *
   * @param {string} query  words, and phrases in quotes
   * @param {{ room?: string, before?: number, limit?: number }} [options]  `before` needs a room
   */
  search(query, { room, before, limit } = {}) {
    return this.ask("search", { query, before, limit }, room);
  }

  /** Tells others that something is being written. @param {string} room @param {boolean} on */
  typing(room, on) {
    this.hint("typing", room, on);
  }

  /** Tells the server how far a room was read; it keeps that for accounts. @param {string} room @param {number} seq */
  read(room, seq) {
    this.hint("read", room, { seq });
  }
}
