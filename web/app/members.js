/**
 * Asks for the members of the open room who are not in it.
 *
 * @module
 */

import { isDirect } from "../client/event.js";

/** The most pages of the list that are asked for. */
const PAGES_MAX = 3;

/** Returns a view that asks when a room is opened. @param {import("../chinwag.js").Chinwag} chat */
export function membersView(chat) {
  let isUnknown = false;

  return {
    /** @param {import("../state/state.js").State} state @param {import("../state/state.js").State} before */
    update({ active, phase, rooms }, before) {
      const isNew = active !== before.active || phase !== before.phase || !before.rooms.has(active);
      if (isNew && phase === "live" && rooms.has(active) && !isDirect(active) && !isUnknown) load(active);
    },
  };

  /** @param {string} room */
  async function load(room) {
    let from;
    try {
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const { payload } = await chat.ask("list_members", from === undefined ? undefined : { from }, room);
        from = payload.next;
        if (from === undefined) return;
      }
    } catch (error) {
      // A server of before; it counts errors.
      isUnknown ||= /** @type {any} */ (error).code === "unknown_type";
    }
  }
}
