/**
 * The state of the connection, the title of the page and the name of the reader.
 *
 * The countdown stands beside the `status` region, so that it is not read aloud every second.
 *
 * @module
 */

import { personOf } from "../state/moderation.js";
import { mentionsIn, unreadIn } from "../state/unread.js";
import { t } from "../strings/strings.js";
import { avatar, presenceOf } from "./avatar.js";
import { byId, make, setText } from "./dom.js";

/** @typedef {import("../state/state.js").State} State */

/** Texts for the close codes after which a login is needed. */
const LOGIN_ENDED = new Map([[4001, "logged_out"], [4105, "login_expired"], [401, "login_needed"]]);

/** @param {{ connectNow: () => void, logIn: () => void }} actions */
export function statusView({ connectNow, logIn }) {
  const status = byId("status");
  const countdown = byId("countdown");
  const now = byId("now");
  const chat = byId("chat");
  let retryAt = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let ticking;

  let needsLogin = false;

  now.addEventListener("click", () => (needsLogin ? logIn() : connectNow()));

  const tick = () => {
    const seconds = Math.max(0, Math.ceil((retryAt - performance.now()) / 1000));
    setText(countdown, t("retry_in", { n: seconds }));
  };

  return {
    /** @param {State} state @param {State} before */
    update(state, before) {
      const { phase, why } = state;
      showReader(state);
      const unread = unreadIn(state);
      const title = [unread ? `(${unread})` : "", state.active, state.active ? "– chinwag" : "chinwag"];
      const whole = title.filter(Boolean).join(" ");
      if (document.title !== whole) document.title = whole;
      if (state.rooms !== before.rooms) showBadge(mentionsIn(state));
      if (phase === before.phase && why === before.why) return;
      chat.dataset.phase = phase;
      const ended = phase === "stopped" ? LOGIN_ENDED.get(why.code ?? 0) : undefined;
      needsLogin = ended !== undefined;
      setText(status, ended ? t(ended) : phaseText(phase, why.reason));
      now.hidden = phase !== "offline" && phase !== "stopped";
      setText(now, t(ended ? "log_in" : "reconnect"));
      clearInterval(ticking);
      setText(countdown, "");
      if (ended) logIn();
      if (phase !== "offline") return;
      retryAt = performance.now() + (why.retry_in_ms ?? 0);
      tick();
      ticking = setInterval(tick, 1000);
    },
  };
}

/** Puts a number on the icon of the installed page. @param {number} number */
function showBadge(number) {
  const badges = /** @type {any} */ (navigator);
  const done = number > 0 ? badges.setAppBadge?.(number) : badges.clearAppBadge?.();
  // Not every platform has badges.
  done?.catch(() => {});
}

/** @param {string} phase @param {string} [reason] */
function phaseText(phase, reason) {
  if (!reason) return t(phase);
  if (phase === "stopped") return t("stopped_why", { reason });
  return phase === "offline" ? t("offline_why", { reason }) : t(phase);
}

/** @param {State} state */
function showReader(state) {
  const { you, account, phase } = state;
  const me = byId("me");
  const suffix = account || you === "" || phase === "idle" ? "" : t("guest");
  const { status = "", hue = 0 } = personOf(state, you) ?? {};
  const presence = phase === "live" ? presenceOf(status) : "absent";
  const whole = `${you} ${suffix} ${presence} ${hue}`;
  if (me.dataset.whole === whole) return;
  me.dataset.whole = whole;
  const names = make("span", { class: "lines" }, make("bdi", { class: "name", text: you }), " ", make("span", { class: "muted details", text: suffix }));
  me.replaceChildren(avatar(you, { isSmall: true, presence, hue }), names);
}
