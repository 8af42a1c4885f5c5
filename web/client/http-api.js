/**
 * The HTTP API: registration, login, logout, and why a connection was rejected, which browsers do not
 * reveal.
 *
 * @module
 */

import { Refusal } from "./event.js";

/** Time limit for a response. */
const RESPONSE_MS = 15_000;

/** @typedef {{ token: string, name: string }} Login */

/** @typedef {{ login: string, since: number, address: string, agent: string, current: boolean }} ListedLogin */

/**
 * @typedef {object} Rejection
 * @property {number} status       of HTTP: 401, 403, 429, 503
 * @property {string} message
 * @property {number} retryAfterMs -1 if the server named none
 */

/**
 * What is needed for a request that another module sends.
 *
 * @typedef {object} Access
 * @property {URL} url
 * @property {Record<string, string>} headers
 * @property {typeof globalThis.fetch} [fetch]  the one that was given instead of the global one
 */

/** @typedef {{ file: string, name: string, type: string, bytes: number, width?: number, height?: number }} UploadedFile */

export class HttpApi {
  #url;
  #fetch;
  #given;

  /**
   * @param {string | URL} url  of the WebSocket: `ws://HOST/ws`; the API is next to it
   * @param {typeof globalThis.fetch} [fetch]
   */
  constructor(url, fetch) {
    this.#url = new URL(url);
    this.#url.protocol = this.#url.protocol.replace("ws", "http");
    this.#url.pathname = this.#url.pathname.replace(/\/ws(\/.*)?$/, "/");
    this.#url.search = this.#url.hash = "";
    this.#fetch = fetch ?? globalThis.fetch;
    this.#given = fetch;
  }

  /** Returns what is needed for a request. @param {string} path @param {string} [credential]  token or session key @returns {Access} */
  access(path, credential) {
    return { url: new URL(path, this.#url), headers: credential ? { authorization: `Bearer ${credential}` } : {}, fetch: this.#given };
  }

  /** @param {string} name @param {string} password @param {string} [session]  session key of the guest that has the name @returns {Promise<Login>} */
  register(name, password, session) {
    return this.#post("api/register", { name, password }, session);
  }

  /** @param {string} name @param {string} password @returns {Promise<Login>} */
  logIn(name, password) {
    return this.#post("api/login", { name, password });
  }

  /** @param {string} [token]  omitted where the browser sends a cookie */
  async logOut(token) {
    await this.#post("api/logout", {}, token);
  }

  /** @param {string} old @param {string} password @param {string} [token] @returns {Promise<Login>} */
  changePassword(old, password, token) {
    return this.#post("api/account/password", { old_password: old, password }, token);
  }

  /** @param {string} [token] @returns {Promise<ListedLogin[]>} */
  async logins(token) {
    return (await this.#ask("api/account/logins", "GET", token)).logins;
  }

  /** @param {string} login @param {string} [token] */
  async endLogin(login, token) {
    await this.#ask(`api/account/logins/${login}`, "DELETE", token);
  }

  /** @param {string} [token] @returns {Promise<Login>} */
  endOtherLogins(token) {
    return this.#ask("api/account/logins", "DELETE", token);
  }

  /**
   * Returns why a connection is rejected, by sending a request with the same credential. Null if the
   * request succeeds or gets no response.
   *
   * @param {string} [credential]  token or session key
   * @returns {Promise<Rejection | null>}
   */
  async explainFailure(credential) {
    try {
      const response = await this.#send("api/rooms", "GET", credential);
      if (response.ok || response.status === 404) return null;
      const { message, retryAfterMs } = await refusalOf(response);
      return { status: response.status, message, retryAfterMs };
    } catch {
      return null;
    }
  }

  /** @param {string} path @param {object} body @param {string} [credential] @returns {Promise<any>} */
  #post(path, body, credential) {
    return this.#ask(path, "POST", credential, JSON.stringify(body));
  }

  /** @param {string} path @param {string} method @param {string} [credential] @param {string} [body] @returns {Promise<any>} */
  async #ask(path, method, credential, body) {
    const response = await this.#send(path, method, credential, body);
    await accepted(response);
    return response.status === 204 ? {} : response.json();
  }

  /** @param {string} path @param {string} method @param {string} [credential] @param {string} [body] */
  async #send(path, method, credential, body) {
    const { url, headers } = this.access(path, credential);
    if (body !== undefined) headers["content-type"] = "application/json";
    const fetch = this.#fetch;
    try {
      return await fetch(url, { method, headers, body, signal: AbortSignal.timeout(RESPONSE_MS) });
    } catch {
      // The cause makes no difference to the caller.
      throw new Error("offline");
    }
  }
}

/** Returns a response unless it is a refusal, which it rejects with. @param {Response} response */
export async function accepted(response) {
  if (!response.ok) throw await refusalOf(response);
  return response;
}

/** Returns the refusal that a response contains. @param {Response} response */
async function refusalOf(response) {
  const text = await response.text();
  const wait = Number(response.headers.get("retry-after") ?? "-1");
  /** @type {any} */
  let payload;
  try {
    payload = JSON.parse(text);
  } catch {
    payload = { message: text.trim() || `HTTP ${response.status}` };
  }
  return new Refusal({ ...(wait >= 0 ? { retry_after_ms: wait * 1000 } : {}), ...payload });
}
