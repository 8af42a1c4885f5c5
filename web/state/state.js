/**
 * The state of the page: its type and its first value. `reducer.js` derives the next ones.
 *
 * @module
 */

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./room.js").Message} Message */

/**
 * @typedef {object} State
 * @property {import("../client/options.js").Phase} phase
 * @property {{ code?: number, reason?: string, retry_in_ms?: number }} why  details of the phase
 * @property {string} you
 * @property {boolean} account      false for a guest
 * @property {string} role          on the whole server: `admin` or empty
 * @property {ReadonlyMap<string, Room>} rooms  in the order of joining
 * @property {string} active
 * @property {boolean} attentive    the reader sees the end of the active room
 * @property {number} clockOffset   server clock minus local clock, in ms
 * @property {Invitation[]} invitations  the oldest first
 * @property {Search | null} search
 * @property {Record<string, number>} limits
 * @property {string} epoch         names the record that message numbers belong to
 * @property {number} notices       number of the last notice
 * @property {Edit | null} edit     the message that the reader edits
 */

/** @typedef {{ room: string, by: string }} Invitation */

/** @typedef {{ room: string, mid: number, text?: string }} Edit  `text`: instead of the message's, after a refusal */

/**
 * A search and its results, newest first.
 *
 * @typedef {object} Search
 * @property {string} query
 * @property {boolean} isBusy
 * @property {(Message & { room: string })[]} found
 * @property {boolean} more
 * @property {string} failure
 */

/** Returns the state before the first event. @param {string} [active] @param {boolean} [account]  whether the reader has one @returns {State} */
export function initialState(active = "", account = false) {
  return {
    phase: "idle",
    why: {},
    you: "",
    account,
    role: "",
    rooms: new Map(),
    active,
    attentive: true,
    clockOffset: 0,
    invitations: [],
    search: null,
    limits: {},
    epoch: "",
    notices: 0,
    edit: null,
  };
}
