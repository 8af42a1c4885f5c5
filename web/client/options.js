/**
 * The types of the library's constructor and of its connection phase.
 *
 * @module
 */

/** @typedef {import("./outbox.js").Store} Store */

/** @typedef {"idle" | "connecting" | "catching_up" | "live" | "offline" | "stopped"} Phase */

/**
 * @typedef {object} Options
 * @property {string | URL} url        `ws://HOST/ws`
 * @property {string} [name]           display name; the server may add a number to it
 * @property {string[]} [rooms]        joined at the start, in addition to the saved ones
 * @property {string} [token]          of an account; guests have none
 * @property {boolean} [cookies]       the browser sends the login by itself; the token is not stored
 * @property {boolean} [memberships]   be in all rooms of the account, on whatever connection it joined them
 * @property {any} [WebSocket]         implementation, if there is no global one
 * @property {typeof fetch} [fetch]    implementation for HTTP
 * @property {Store | null} [storage]  stores session, rooms and outbox across reloads
 * @property {string} [storageKey]     prefix of its keys, by default `chinwag`
 * @property {number} [history]        messages requested on joining a room, 0–200, by default 50
 * @property {(probe: () => void) => void} [wake]  registers `probe`, to be called when the network may be back
 * @property {() => boolean} [isWatched]  whether somebody looks: then a retry comes within 5 s
 * @property {() => number} [random]   for the jitter
 * @property {import("./timers.js").Clock} [clock]
 */

export {};
