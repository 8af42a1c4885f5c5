/**
 * What is asked over HTTP beside the WebSocket: to be an account, to be one no more, and why a
 * connection was refused, which browsers do not tell.
 *
 * @module
 */

import { Refusal } from "./event.js";

/** An answer that takes longer will not come. */
const ANSWER_MS = 15_000;

/** @typedef {{ token: string, name: string }} Login */

/**
 * @typedef {object} Rejection
 * @property {number} status       of HTTP: 401, 403, 429, 503
 * @property {string} message
 * @property {number} retryAfterMs -1 if the server did not say
 */

export class HttpApi {
  #url;
  #fetch;

  /**
   * @param {string | URL} url  that of the WebSocket: `ws://HOST/ws`
   * @param {typeof globalThis.fetch} [fetch]
   */
  constructor(url, fetch = globalThis.fetch) {
    this.#url = new URL(url);
    this.#url.protocol = this.#url.protocol.replace("ws", "http");
    this.#url.search = this.#url.hash = "";
    this.#fetch = fetch;
  }

  /** @param {string} name @param {string} password @param {string} [session] the key of a guest that has the name @returns {Promise<Login>} */
  register(name, password, session) {
    return this.#post("/api/register", { name, password }, session);
  }

  /** @param {string} name @param {string} password @returns {Promise<Login>} */
  logIn(name, password) {
    return this.#post("/api/login", { name, password });
  }

  /** @param {string} [token]  none: the browser shows its cookie */
  async logOut(token) {
    await this.#post("/api/logout", {}, token);
  }

  /**
   * Asks the same of HTTP that was asked of the WebSocket; null if that would be let in, or if
   * nobody answers.
   *
   * @param {string} [credential]  token or key of a session
   * @returns {Promise<Rejection | null>}
   */
  async explainFailure(credential) {
    try {
      const answer = await this.#send("/api/rooms", "GET", credential);
      if (answer.ok || answer.status === 404) return null;
      const { message, retryAfterMs } = await refusalOf(answer);
      return { status: answer.status, message, retryAfterMs };
    } catch {
      return null;
    }
  }

  /** @param {string} path @param {object} body @param {string} [credential] @returns {Promise<any>} */
  async #post(path, body, credential) {
    const answer = await this.#send(path, "POST", credential, JSON.stringify(body));
    if (!answer.ok) throw await refusalOf(answer);
    return answer.status === 204 ? {} : answer.json();
  }

  /** @param {string} path @param {string} method @param {string} [credential] @param {string} [body] */
  async #send(path, method, credential, body) {
    /** @type {Record<string, string>} */
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    if (credential) headers.authorization = `Bearer ${credential}`;
    const ask = this.#fetch;
    try {
      return await ask(new URL(path, this.#url), { method, headers, body, signal: AbortSignal.timeout(ANSWER_MS) });
    } catch {
      // Whatever kept it from being answered: to who asked it is one and the same.
      throw new Error("offline");
    }
  }
}

/** @param {Response} answer */
async function refusalOf(answer) {
  const text = await answer.text();
  const wait = Number(answer.headers.get("retry-after") ?? "-1");
  /** @type {any} */
  let said;
  try {
    said = JSON.parse(text);
  } catch {
    said = { message: text.trim() || `HTTP ${answer.status}` };
  }
  return new Refusal({ ...(wait >= 0 ? { retry_after_ms: wait * 1000 } : {}), ...said });
}
