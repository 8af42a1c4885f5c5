/**
 * A clock that tests advance: timers run in order, and promises settle in between.
 *
 * @module
 */

export class FakeClock {
  #now = 1_000;
  #timers = new Map();
  #ids = 0;

  now = () => this.#now;

  set = (run, ms) => {
    this.#ids += 1;
    this.#timers.set(this.#ids, { run, at: this.#now + Math.max(0, ms) });
    return this.#ids;
  };

  clear = (id) => {
    this.#timers.delete(id);
  };

  /** Advances the clock by `ms`. */
  async pass(ms) {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
      if (!due) break;
      const [id, { run, at }] = due;
      this.#timers.delete(id);
      this.#now = at;
      run();
      await settle();
    }
    this.#now = end;
  }
}

/** Runs the promises that are ready. */
export async function settle() {
  for (let i = 0; i < 20; i += 1) await null;
}
