/**
 * The state of the connection, the page's title and one's own name.
 *
 * The `status` region says what is the case; the countdown beside it is not read aloud every
 * second.
 *
 * @module
 */

import { unreadIn } from "../reading.js";
import { t } from "../strings.js";
import { byId, setText } from "./dom.js";

/** @typedef {import("../state.js").State} State */

/** @param {{ connectNow: () => void }} actions */
export function statusView({ connectNow }) {
  const status = byId("status");
  const countdown = byId("countdown");
  const now = byId("now");
  const chat = byId("chat");
  let retryAt = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let ticking;

  now.addEventListener("click", connectNow);

  const tick = () => {
    const seconds = Math.max(0, Math.ceil((retryAt - performance.now()) / 1000));
    setText(countdown, t("retry_in", { n: seconds }));
  };

  return {
    /** @param {State} state @param {State} before */
    update(state, before) {
      const { phase, why } = state;
      if (state !== before) setText(byId("me"), state.you);
      const unread = unreadIn(state);
      const title = [unread ? `(${unread})` : "", state.active, state.active ? "– chinwag" : "chinwag"];
      const whole = title.filter(Boolean).join(" ");
      if (document.title !== whole) document.title = whole;
      if (phase === before.phase && why === before.why) return;
      chat.dataset.phase = phase;
      setText(status, why.reason && phase === "stopped" ? t("stopped_why", { reason: why.reason }) : t(phase));
      now.hidden = phase !== "offline" && phase !== "stopped";
      setText(now, t(phase === "stopped" ? "again" : "now"));
      clearInterval(ticking);
      setText(countdown, "");
      if (phase !== "offline") return;
      retryAt = performance.now() + (why.retry_in_ms ?? 0);
      tick();
      ticking = setInterval(tick, 1000);
    },
  };
}
