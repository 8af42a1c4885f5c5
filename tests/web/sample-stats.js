/**
 * Statistics as the server tells them, made up, the same for the same time.
 *
 * @module
 */

/** @param {{ minutes?: number, now?: number }} [options] */
export function sample({ minutes = 60, now = Date.UTC(2026, 10, 25, 14, 30, 20) } = {}) {
  const last = Math.floor(now / 60_000) * 60_000;
  const from = last - (minutes - 1) * 60_000;
  const wave = (at, every, shift = 0) => 1 + Math.sin(((from / 60_000 + at + shift) / every) * 2 * Math.PI);
  const over = (value) => Array.from({ length: minutes }, (_, at) => Math.round(value(at)));
  const noise = (at) => ((at * 7919 + 104_729) % 97) / 97;
  const messages = over((at) => 6 * wave(at, 47) + 9 * noise(at));
  messages[minutes - 1] = 4;
  const users = over((at) => 10 + 4 * wave(at, 180) + 3 * noise(at));
  const p50 = over((at) => 260 + 90 * wave(at, 33) + 60 * noise(at));
  return {
    users: { now: users[minutes - 1], hour: 40, day: 123 },
    connections: users[minutes - 1] + 3,
    messages: { minute: 4, hour: 640, day: 9_120 },
    rooms: [
      { room: "lobby", users: 9, minute: 2, hour: 310 },
      { room: "deployments and what came of them, told at length", users: 4, minute: 1, hour: 170 },
      { room: "غرفة", users: 3, minute: 1, hour: 96 },
      { room: "random", users: 6, minute: 0, hour: 48 },
      { room: "<b>night</b>", users: 1, minute: 0, hour: 16 },
    ],
    series: {
      step_s: 60,
      from,
      messages,
      users,
      connections: users.map((it, at) => it + 2 + Math.round(2 * noise(at + 3))),
      // No writes for a while.
      journal_p50_us: p50.map((it, at) => (at > 20 && at < 25 ? null : it)),
      journal_p99_us: p50.map((it, at) => (at > 20 && at < 25 ? null : Math.round(it * (3 + 6 * noise(at))))),
    },
    days: Array.from({ length: 30 }, (_, at) => {
      const day = new Date(now - (29 - at) * 86_400_000);
      const busy = [0, 6].includes(day.getUTCDay()) ? 0.4 : 1;
      return { day: day.toISOString().slice(0, 10), messages: Math.round(9_000 * busy + 2_000 * noise(at)), users: Math.round(110 * busy + 30 * noise(at)), peak: 15 };
    }),
  };
}
