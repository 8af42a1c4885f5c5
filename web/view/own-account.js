/**
 * The reader's account in the settings: another password, and the logins.
 *
 * A password is passed on and cleared from its field; nothing stores it.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { accountErrorText } from "./account.js";
import { make, setText } from "./dom.js";
import { dayAndClock, isoOf } from "./time.js";

/** @typedef {import("../client/own-account.js").OwnAccount} OwnAccount */
/** @typedef {import("../client/http-api.js").ListedLogin} ListedLogin */

/** What browsers and systems call themselves, those first that others pretend to be, too. */
const BROWSERS = [[/\bEdg/, "Edge"], [/\bOPR\//, "Opera"], [/\bFirefox\//, "Firefox"], [/Chrom(e|ium)\//, "Chrome"], [/\bSafari\//, "Safari"]];
const SYSTEMS = [[/\bAndroid\b/, "Android"], [/\biPhone\b/, "iPhone"], [/\biPad\b/, "iPad"], [/\bWindows\b/, "Windows"], [/\bMac OS X\b/, "macOS"], [/\bLinux\b/, "Linux"]];
/** The longest text of a program that is no known browser. */
const AGENT_CHARS = 60;

/**
 * @param {OwnAccount} account
 * @param {string} name
 */
export function accountFields(account, name) {
  const note = make("p", { class: "muted", role: "status" });
  const list = make("ul", { class: "logins" });
  const others = make("button", { type: "button", text: t("end_other_logins"), onclick: () => act(() => account.endOtherLogins(), t("other_logins_ended")) });
  load().catch(showError);
  return make(
    "fieldset",
    { class: "profile" },
    make("legend", { text: t("account") }),
    passwordForm((old, password) => act(() => account.changePassword(old, password), t("password_changed")), name),
    note,
    make("h3", { text: t("logins") }),
    list,
    others,
  );

  async function load() {
    const logins = await account.logins();
    list.replaceChildren(...logins.map(row));
    others.hidden = logins.every(({ current }) => current);
  }

  /** @param {ListedLogin} login */
  function row({ login, since, address, agent, current }) {
    const time = make("time", { datetime: isoOf(since), text: dayAndClock(since) });
    const about = make("span", { class: "muted" }, make("bdi", { text: address }), " · ", time);
    const end = make("button", { type: "button", text: t("end_login"), "aria-label": `${t("end_login")}: ${agentName(agent)}, ${address}`, onclick: () => act(() => account.endLogin(login), t("login_ended")) });
    return make("li", {}, make("span", { class: "lines" }, make("bdi", { text: agentName(agent) }), about), current ? make("span", { class: "muted", text: t("this_login") }) : end);
  }

  /** Does something, says so, and lists the logins anew. Returns whether it could be done. @param {() => Promise<void>} what @param {string} done */
  async function act(what, done) {
    setText(note, "");
    try {
      await what();
      setText(note, done);
      await load();
      return true;
    } catch (error) {
      showError(error);
      return false;
    }
  }

  /** @param {any} error */
  function showError(error) {
    setText(note, error.code === "forbidden" ? t("wrong_old_password") : accountErrorText(error));
  }
}

/** @param {(old: string, password: string) => Promise<boolean>} change @param {string} name */
function passwordForm(change, name) {
  const old = make("input", { type: "password", autocomplete: "current-password", required: true });
  const password = make("input", { type: "password", autocomplete: "new-password", required: true });
  // Password managers ask for the name.
  const user = make("input", { type: "text", autocomplete: "username", value: name, hidden: true });
  const form = make(
    "form",
    { class: "password" },
    user,
    make("label", {}, make("span", { text: t("old_password") }), old),
    make("label", {}, make("span", { text: t("new_password") }), password),
    make("button", { type: "submit", text: t("change_password") }),
  );
  form.onsubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (await change(old.value, password.value)) old.value = password.value = "";
    else old.select();
  };
  return form;
}

/** Returns a short name of a browser or program. @param {string} agent */
export function agentName(agent) {
  const browser = BROWSERS.find(([pattern]) => /** @type {RegExp} */ (pattern).test(agent))?.[1];
  const system = SYSTEMS.find(([pattern]) => /** @type {RegExp} */ (pattern).test(agent))?.[1];
  if (browser && system) return `${browser} · ${system}`;
  return agent.slice(0, AGENT_CHARS) || t("unknown_program");
}
