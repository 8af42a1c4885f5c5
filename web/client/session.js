/**
 * The session: who the user is, and their rooms and conversations. It is saved in the storage.
 *
 * @module
 */

import { entriesOf, isDirect } from "./event.js";
import { remember, remembered } from "./saved-session.js";

/**
 * @typedef {object} SessionOptions
 * @property {string} [name]
 * @property {string[]} [rooms]
 * @property {string} [token]
 * @property {boolean} [cookies]
 * @property {boolean} [memberships]
 * @property {import("./outbox.js").Store | null} [storage]
 * @property {string} [storageKey]
 */

export class Session {
  /** The user's name on the server. */
  you;

  /** Whether the user has an account; false for a guest. */
  account;

  /** Token of an account; empty for a guest, and where the browser has a cookie. */
  token;

  /** Session key of a guest; empty for an account. */
  key;

  /** Requested and joined rooms, in the order of joining. @type {string[]} */
  rooms;

  /** Known private conversations. @type {Set<string>} */
  direct = new Set();

  /** The current room of the connection, to which plain text goes. */
  current = "";

  /** Rooms that the user wants to be in and has not joined yet. @type {Set<string>} */
  #wanted;
  #memberships;
  #cookies;
  #storage;
  #storageKey;

  /** @param {SessionOptions} options */
  constructor({ name, rooms = [], token = "", cookies = false, memberships = false, storage = null, storageKey = "chinwag" }) {
    const saved = remembered(storage, storageKey);
    this.you = name || saved.name;
    this.token = token;
    this.key = saved.session;
    this.account = saved.account && cookies && this.you === saved.name;
    this.rooms = [...new Set([...rooms, ...saved.rooms])];
    this.#wanted = new Set(rooms);
    this.#memberships = memberships;
    this.#cookies = cookies;
    this.#storage = storage;
    this.#storageKey = storageKey;
  }

  /** Token or session key, unless the browser sends a cookie. */
  get credential() {
    return this.token || (this.#cookies ? "" : this.key);
  }

  /** Whether a room is to be named on connecting: the server knows those of an account. @param {string} room */
  isNamed(room) {
    return !(this.#memberships && this.account) || this.#wanted.has(room);
  }

  /** Adds a room to be joined with the next connection. @param {string} room */
  want(room) {
    this.#wanted.add(room);
    this.addRoom(room);
  }

  /** Adds a room that is requested or joined. @param {string} room */
  addRoom(room) {
    if (!this.rooms.includes(room)) this.rooms = [...this.rooms, room];
    this.save();
  }

  /** Removes a room or a conversation. @param {string} room */
  removeRoom(room) {
    this.rooms = this.rooms.filter((other) => other !== room);
    this.direct.delete(room);
    if (this.current === room) this.current = "";
    this.save();
  }

  /** @param {string} name */
  rename(name) {
    this.you = name;
    this.save();
  }

  /** Applies what an event says about the user. @param {import("./event.js").ChatEvent} event */
  observe({ type, room = "", payload = {} }) {
    if (type === "joined") {
      this.current = room;
      if (!isDirect(room)) this.addRoom(room);
    } else if (type === "left") {
      this.removeRoom(room);
    } else if (type === "presence" && payload.was === this.you && typeof payload.user === "string") {
      // Another connection of the user has changed the name, and saved it.
      this.you = payload.user;
    }
  }

  /** Continues as an account, whose conversations are not known yet. @param {import("./http-api.js").Login} login */
  continueAs({ token, name }) {
    this.token = this.#cookies ? "" : token;
    this.#becomeAccount(name);
    this.direct.clear();
    this.save();
  }

  /** Goes on with another token of the same login. @param {import("./http-api.js").Login} login */
  renew({ token }) {
    if (!this.#cookies) this.token = token;
  }

  /** Becomes the saved account if another page of the same storage has logged in. */
  reload() {
    const { account, name } = remembered(this.#storage, this.#storageKey);
    if (account && !this.account) this.#becomeAccount(name);
  }

  /**
   * Applies `welcome`. Returns the entries of its rooms and conversations.
   *
   * @param {any} payload
   * @param {{ isNewEpoch: boolean, remaining: string[] }} context  `remaining` rooms are yet to be joined
   * @returns {[string, any][]}
   */
  applyWelcome({ you, session, account, current, rooms, direct }, { isNewEpoch, remaining }) {
    if (typeof you === "string") this.you = you;
    this.account = account === true;
    // An account is identified by its token; a session key would identify the former guest.
    if (this.account) this.key = "";
    if (typeof session === "string") this.key = session;
    if (typeof current === "string") this.current = current;
    const joined = entriesOf(rooms);
    this.#wanted.clear();
    const conversations = entriesOf(direct).filter(([room]) => isDirect(room));
    // Only the newest are listed; other known ones still exist, unless the epoch is new.
    if (isNewEpoch) this.direct.clear();
    for (const [room] of conversations) this.direct.add(room);
    const others = this.rooms.filter((room) => isDirect(room) || remaining.includes(room));
    this.rooms = [...new Set([...joined.map(([room]) => room), ...others])];
    this.save();
    return [...joined, ...conversations];
  }

  save() {
    const { key: session, you: name, rooms, account } = this;
    remember(this.#storage, this.#storageKey, { session, name, rooms, account });
  }

  /** @param {string} name */
  #becomeAccount(name) {
    this.you = name;
    this.key = "";
    this.account = true;
  }
}
