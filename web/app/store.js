/**
 * The state of the page over time: events change it, and each change is drawn in the next frame.
 *
 * @module
 */

import { reduce } from "../state/reducer.js";
import { initialState } from "../state/state.js";

/** @typedef {import("../client/event.js").ChatEvent} ChatEvent */
/** @typedef {import("../state/state.js").State} State */
/** @typedef {{ update: (state: State, before: State) => void }} View */

/** A hidden page draws no frames, but its title still counts unread messages. */
const HIDDEN_DRAW_MS = 50;

export class Store {
  /** The current state. @type {State} */
  state;

  /** Updated in this order. @type {View[]} */
  views = [];

  /** Puts the focus somewhere else when what had it is gone. @type {() => void} */
  onFocusLost = () => {};

  /** The state that the views show. @type {State} */
  #drawn;
  #isDrawPending = false;

  /** @param {string} [active]  the room that is opened first @param {boolean} [account]  whether the reader has one */
  constructor(active, account) {
    this.state = this.#drawn = initialState(active, account);
  }

  /** Applies an event. @param {ChatEvent} event */
  dispatch(event) {
    const next = reduce(this.state, event, Date.now());
    if (next === this.state) return;
    this.state = next;
    if (this.#isDrawPending) return;
    this.#isDrawPending = true;
    if (document.hidden) setTimeout(() => this.draw(), HIDDEN_DRAW_MS);
    else requestAnimationFrame(() => this.draw());
  }

  /** Updates all views at once instead of in the next frame. */
  draw() {
    this.#isDrawPending = false;
    const before = this.#drawn;
    this.#drawn = this.state;
    const focused = document.activeElement;
    for (const view of this.views) view.update(this.state, before);
    // What had the focus may be gone, as the room that was left.
    if (focused && !focused.isConnected && document.activeElement === document.body) this.onFocusLost();
  }
}
