/**
 * The client events of the protocol, and its files, as methods.
 *
 * Events that change a room's history are submitted: they stay in the outbox until the server has
 * answered, across reconnects and, with a storage, across reloads. Others are requests, which fail
 * without a connection, or hints, which may be lost.
 *
 * @module
 */

import { accepted } from "./http-api.js";

/** @typedef {import("./event.js").ChatEvent} ChatEvent */
/** @typedef {import("./http-api.js").UploadedFile} UploadedFile */

/**
 * A submitted event: `id` names it in `settled` and `failed`, `done` resolves with its answer.
 *
 * @typedef {object} Submission
 * @property {string} id
 * @property {Promise<ChatEvent>} done
 */

/** @abstract */
export class Requests {
  /**
   * Puts an event that changes a room's history into the outbox.
   *
   * @abstract
   * @param {string} type
   * @param {string} room
   * @param {any} payload
   * @returns {Submission}
   */
  submit(type, room, payload) {
    throw new Error(`${type} ${room} ${payload}: not implemented`);
  }

  /**
   * Sends a request; resolves with the answer. Rejects with a `Refusal` if the server refuses, with an
   * `Error` if the connection is lost first.
   *
   * @abstract
   * @param {string} type
   * @param {any} [payload]
   * @param {string} [room]
   * @returns {Promise<ChatEvent>}
   */
  ask(type, payload, room) {
    throw new Error(`${type} ${payload} ${room}: not implemented`);
  }

  /**
   * Sends a hint, which may be lost.
   *
   * @abstract
   * @param {string} type
   * @param {string} room
   * @param {any} payload
   */
  hint(type, room, payload) {
    throw new Error(`${type} ${room} ${payload}: not implemented`);
  }

  /**
   * Returns what is needed for an HTTP request to the server.
   *
   * @abstract
   * @param {string} path
   * @returns {import("./http-api.js").Access}
   */
  access(path) {
    throw new Error(`${path}: not implemented`);
  }

  /**
   * Uploads a file to a room, for a message to that room by this user within an hour. Rejects with a
   * `Refusal` if the server refuses, with the signal's reason if that aborts, else with an `Error`.
   *
   * @param {string} room
   * @param {Blob} blob
   * @param {import("./files.js").UploadOptions} [options]
   * @returns {Promise<UploadedFile>}
   */
  async upload(room, blob, options = {}) {
    const { upload } = await import("./files.js");
    const response = await upload(this.access(`api/rooms/${encodeURIComponent(room)}/files`), blob, options);
    return (await accepted(response)).json();
  }

  /** Downloads a file of a message. @param {string} file  its id @param {{ signal?: AbortSignal }} [options] */
  async download(file, { signal } = {}) {
    const { download } = await import("./files.js");
    return (await accepted(await download(this.access(`files/${file}/-`), signal))).blob();
  }

  /**
   * Sends a message to a room. With `files`, which were uploaded to that room, the content may be empty.
   *
   * @param {string} room
   * @param {string} content
   * @param {{ replyTo?: number, ttl?: number, files?: UploadedFile[] }} [options]  `ttl` in seconds
   */
  send(room, content, { replyTo, ttl, files } = {}) {
    return this.submit("send_message", room, { content, reply_to: replyTo, ttl, files });
  }

  /**
   * Sends a message to a person. The answer names the room of the conversation, for `send` from then on.
   *
   * @param {string} to
   * @param {string} content
   * @param {{ ttl?: number, room?: string, files?: UploadedFile[] }} [options]  `room` is its name until the answer
   */
  sendTo(to, content, { ttl, room = `@${to}`, files } = {}) {
    return this.submit("direct_message", room, { to, content, ttl, files });
  }

  /** @param {string} room @param {number} mid @param {string} content */
  edit(room, mid, content) {
    return this.submit("edit_message", room, { mid, content });
  }

  /** @param {string} room @param {number} mid */
  delete(room, mid) {
    return this.submit("delete_message", room, { mid });
  }

  /** Pins a message, or unpins it. @param {string} room @param {number} mid @param {boolean} on */
  pin(room, mid, on) {
    return this.submit(on ? "pin" : "unpin", room, { mid });
  }

  /** Requests the pinned messages of a room. @param {string} room */
  listPins(room) {
    return this.ask("list_pins", undefined, room);
  }

  /**
   * Requests the replies to a message, the oldest first.
   *
   * @param {string} room
   * @param {number} mid
   * @param {{ after?: number, limit?: number }} [page]
   */
  replies(room, mid, page = {}) {
    return this.ask("replies", { mid, ...page }, room);
  }

  /** @param {string} room @param {number} mid @param {string} emoji @param {boolean} on */
  react(room, mid, emoji, on) {
    return this.submit("react", room, { mid, emoji, on });
  }

  /**
   * Moderates a room. Actions on a `user`: `kick`, `ban`, `unban`, `mute`, `unmute`, `promote`, `demote`,
   * `invite`; on the room: `lock`, `unlock`, `slow`, `make_private`, `make_public`, `remove_room`.
   * Fails without a connection, because a late action would be a surprise.
   *
   * @param {string} room
   * @param {string} action
   * @param {{ user?: string, seconds?: number, reason?: string }} [options]
   */
  moderate(room, action, options = {}) {
    return this.ask("moderate", { action, ...options }, room);
  }

  /** @param {string} room */
  leave(room) {
    return this.ask("leave_room", { room });
  }

  /** @param {"online" | "away"} status @param {string} [text] */
  setStatus(status, text) {
    return this.ask("set_status", { status, text });
  }

  /** Sets the hue of the own picture, 1 to 12; 0 for none. @param {{ hue: number }} profile */
  setProfile({ hue }) {
    return this.ask("set_profile", hue ? { hue } : {});
  }

  /** @param {string} room @param {string} topic */
  setTopic(room, topic) {
    return this.submit("set_topic", room, topic);
  }

  /**
   * Requests a page of history. `before`, `after` and `around` are `seq` numbers; none means the latest
   * page. The `history` event has the request in `asked`.
   *
   * @param {string} room
   * @param {{ before?: number, after?: number, around?: number, limit?: number }} [page]
   */
  history(room, page = {}) {
    return this.ask("history", page, room);
  }

  /**
   * Searches messages, newest first; without a room, in all joined ones.
   *
   * @param {string} query  words, phrases in quotes, and filters
   * @param {{ room?: string, before?: number, limit?: number, zone?: string }} [options]  `before` needs a room;
   *   `zone` is the difference of the dates to UTC, as in `+02:00`
   */
  search(query, { room, before, limit, zone } = {}) {
    return this.ask("search", { query, before, limit, zone }, room);
  }

  /** Accepts an invitation: joins the room. @param {string} room */
  accept(room) {
    return this.ask("accept", { room });
  }

  /** Declines an invitation. @param {string} room */
  decline(room) {
    return this.ask("decline", { room });
  }

  /**
   * Sets what an account is notified of in a room, and the place of the room in its list.
   *
   * @param {string} room
   * @param {{ notify?: "all" | "mentions" | "none", order?: number }} membership
   */
  setMembership(room, membership) {
    return this.ask("set_membership", membership, room);
  }

  /** Moves the read marker of an account back, before a message. @param {string} room @param {number} mid */
  markUnread(room, mid) {
    return this.ask("mark_unread", { mid }, room);
  }

  /** Sends others whether the user is typing. @param {string} room @param {boolean} on */
  typing(room, on) {
    this.hint("typing", room, on);
  }

  /** Moves the read marker of a room; the server stores it for accounts. @param {string} room @param {number} seq */
  read(room, seq) {
    this.hint("read", room, { seq });
  }
}
