/**
 * The user's own account: its password and its logins.
 *
 * @module
 */

export class OwnAccount {
  #http;
  #session;

  /** @param {import("./http-api.js").HttpApi} http @param {import("./session.js").Session} session */
  constructor(http, session) {
    this.#http = http;
    this.#session = session;
  }

  /** Changes the password, which ends all other logins. @param {string} old @param {string} password */
  async changePassword(old, password) {
    this.#session.renew(await this.#http.changePassword(old, password, this.#session.token));
  }

  /** Returns the logins, the latest first. @returns {Promise<import("./http-api.js").ListedLogin[]>} */
  logins() {
    return this.#http.logins(this.#session.token);
  }

  /** Ends a login. @param {string} login */
  async endLogin(login) {
    await this.#http.endLogin(login, this.#session.token);
  }

  /** Ends all logins but this one. */
  async endOtherLogins() {
    this.#session.renew(await this.#http.endOtherLogins(this.#session.token));
  }
}
