/**
 * The message list: a window that slides over the messages of a room.
 *
 * At most `ROWS_MAX` messages have rows. The window follows the end until the reader scrolls up; near
 * an edge it slides, and the visible rows keep their position. Gaps between loaded messages are filled
 * when they come near, from the nearer side.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { hashOf } from "../text/link.js";
import { isLoaded } from "../state/history.js";
import { timeline } from "../state/timeline.js";
import { knownNames } from "../state/unread.js";
import { byId, make, reconcile, setText } from "./dom.js";
import { dayView } from "./day.js";
import { onceEmojiLoaded } from "./emoji.js";
import { hasShortcode } from "./format.js";
import { fillRow, makeRow, tickRow } from "./message.js";

/** @typedef {import("../state/state.js").State} State */
/** @typedef {import("../state/room.js").Room} Room */

const ROWS_MAX = 240;
const ROWS_FIRST = 80;
const STEP = 60;
const NOBODY = { people: [], absent: [] };
/** Distance from an edge at which the window slides. */
const NEAR_PX = 800;
/** Distance from the end within which the list follows it. */
const END_PX = 60;

/**
 * @typedef {object} MessageListActions
 * @property {(room: string) => Promise<unknown>} loadOlder
 * @property {(room: string, page: { before?: number, after?: number }) => Promise<unknown>} loadPage
 * @property {(room: string, mid: number) => void} seek  shows a message that is not loaded
 * @property {() => void} attention  the reader may have reached the end, or left it
 */

/** @param {MessageListActions & Omit<import("./message.js").RowActions, "show" | "fill" | "link" | "names">} actions */
export function messageListView(actions) {
  const log = byId("log");
  const below = byId("below");
  const above = byId("above");
  const rowActions = { ...actions, show, fill, link: (/** @type {number} */ mid) => hashOf({ room: room?.name ?? "", mid }), names: () => knownNames(room ?? NOBODY) };
  const rows = new Map();
  const showDay = dayView();
  /** @type {State} */
  let state;
  /** @type {Room | undefined} */
  let room;
  /** The first message with a row, by number; 0 for the oldest. */
  let first = 0;
  /** The last message with a row; Infinity while the window reaches the end. */
  let last = Infinity;
  let isFollowing = true;
  /** The newest message that the reader has seen. */
  let seen = 0;
  let isLoading = false;
  let isMoving = false;
  /** Where the list was scrolled to before. */
  let top = 0;
  /** The unread marker that the reader has seen, by number. */
  let seenMarker = 0;
  /** A gap that could not be filled, by its last number: only the reader tries again. */
  let failedGap = 0;

  log.addEventListener("scroll", onScroll, { passive: true });
  below.addEventListener("click", () => {
    scrollToEnd();
    byId("message").focus({ preventScroll: true });
  });
  above.addEventListener("click", () => {
    if (!room) return;
    const { firstUnread, messages } = room;
    seenMarker = firstUnread;
    show(isLoaded(room, firstUnread) ? (messages[indexOf(firstUnread)]?.mid ?? firstUnread) : firstUnread);
  });
  new ResizeObserver(() => {
    if (isFollowing) stickToEnd();
  }).observe(log);
  onceEmojiLoaded(() => {
    for (const row of rows.values()) if (hasShortcode(row.item)) row.item = null;
    if (room) draw();
  });

  return {
    /** @param {State} next @param {State} before */
    update(next, before) {
      state = next;
      const nextRoom = next.rooms.get(next.active);
      const hasBegun = !room?.messages.length && Boolean(nextRoom?.messages.length);
      const isOther = next.active !== before.active || (room === undefined && nextRoom !== undefined) || hasBegun;
      if (!isOther && nextRoom === room && next.you === before.you && next.edit === before.edit) return;
      const pendingBefore = room?.pending.length ?? 0;
      const oldestBefore = room?.oldest ?? 0;
      room = nextRoom;
      if (isOther) enter();
      // The reader's own new message is always shown.
      else if ((room?.pending.length ?? 0) > pendingBefore) scrollToEnd();
      // At the very top the list can only stay where it is if the older messages are drawn at once.
      else if (!isFollowing && (room?.oldest ?? 0) < oldestBefore && indexOf(first) > 0 && log.scrollTop < NEAR_PX) slideUp();
      else draw();
    },

    scrollToEnd,
    show,

    /** Rewrites the countdowns. @param {number} serverNow */
    tick(serverNow) {
      for (const row of rows.values()) tickRow(row, serverNow);
    },

    isAtEnd: () => isFollowing,
  };

  function enter() {
    rows.clear();
    log.replaceChildren();
    isLoading = false;
    seenMarker = failedGap = 0;
    last = Infinity;
    isFollowing = true;
    const messages = room?.messages ?? [];
    seen = messages.at(-1)?.mid ?? 0;
    first = messages.at(-ROWS_FIRST)?.mid ?? 0;
    draw();
    const marker = rows.get("unread");
    if (marker && marker.offsetTop < log.scrollTop) {
      // What is drawn before the scroll event must not lead to the end again.
      isFollowing = false;
      moveTo(marker.offsetTop - log.clientHeight / 3);
    }
    onScroll();
  }

  function scrollToEnd() {
    const messages = room?.messages ?? [];
    first = Math.max(first, messages.at(-ROWS_MAX)?.mid ?? 0);
    last = Infinity;
    isFollowing = true;
    draw();
  }

  /** Scrolls to a message and focuses it. @param {number} mid */
  function show(mid) {
    if (!room) return;
    const at = room.messages.findIndex((message) => message.mid === mid);
    if (at < 0) {
      actions.seek(room.name, mid);
      return;
    }
    if (!rowOf(mid)) {
      first = room.messages[Math.max(0, at - STEP)].mid;
      last = room.messages[at + STEP]?.mid ?? Infinity;
      isFollowing = false;
      draw();
    }
    const row = rowOf(mid);
    isFollowing = false;
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
    row.classList.remove("flash");
    requestAnimationFrame(() => row.classList.add("flash"));
    onScroll();
  }

  /** @param {number} mid */
  function rowOf(mid) {
    for (const row of rows.values()) if (row.item.kind === "message" && row.item.mid === mid) return row;
    return undefined;
  }

  /** Updates the rows of the window, and keeps the visible ones in position. */
  function draw() {
    if (!room) {
      log.replaceChildren(make("p", { class: "empty muted", text: t("no_room") }));
      below.hidden = above.hidden = true;
      return;
    }
    const { messages } = room;
    if (isFollowing) {
      seen = messages.at(-1)?.mid ?? seen;
      if (messages.length && indexOf(first) < messages.length - ROWS_MAX) {
        first = messages[messages.length - ROWS_FIRST].mid;
      }
    }
    const anchor = isFollowing ? null : anchorRow();
    if (anchor) narrow(anchor.row.item?.mid ?? 0);
    const from = indexOf(first);
    const to = last === Infinity ? messages.length : indexOf(last) + 1;
    const focused = document.activeElement;
    const focusedRow = log.contains(focused) ? (focused?.closest(".row.message") ?? log) : null;
    reconcile(log, rows, timeline(room, from, to, state), {
      key: (item) => item.key,
      create: (item) => makeRow(item, state.you, rowActions),
      update: (row, item) => fillRow(row, item, state.you, rowActions),
    });
    // What had the focus may be gone; the focus must stay in the list.
    if (focusedRow && !log.contains(document.activeElement)) {
      /** @type {HTMLElement} */ (log.contains(focusedRow) ? focusedRow : log).focus({ preventScroll: true });
    }
    showEmpty(rows.size === 0);
    for (const row of rows.values()) tickRow(row, Date.now() + state.clockOffset);
    if (isFollowing) stickToEnd();
    else if (anchor?.row.isConnected) moveTo(log.scrollTop + anchor.row.offsetTop - anchor.top);
    showBelow();
    showAbove();
    showDay(log.children, log.scrollTop);
  }

  /** Reduces the window to its size, around a message. @param {number} mid */
  function narrow(mid) {
    const messages = room?.messages ?? [];
    const from = indexOf(first);
    const to = last === Infinity ? messages.length : indexOf(last) + 1;
    if (to - from <= ROWS_MAX) return;
    const start = Math.max(from, Math.min(indexOf(mid) - ROWS_MAX / 2, to - ROWS_MAX));
    first = messages[start].mid;
    last = start + ROWS_MAX < messages.length ? messages[start + ROWS_MAX - 1].mid : Infinity;
  }

  /** @param {boolean} isEmpty */
  function showEmpty(isEmpty) {
    const note = log.querySelector(".empty");
    if (!isEmpty) note?.remove();
    else if (!note) log.append(make("p", { class: "empty muted", text: t("empty") }));
  }

  /**
   * Returns a visible row that stays as it is, and its position. What is loaded above takes the place of
   * gaps and dates, and changes the first message, which then goes on with that of another.
   */
  function anchorRow() {
    const all = [...log.children];
    const oldest = all.find((row) => row.item?.kind === "message");
    const visible = all.filter((row) => row.item?.kind !== "gap" && row.offsetTop + row.offsetHeight > log.scrollTop);
    const row = visible.find((it) => it.item?.kind === "message" && it !== oldest) ?? visible[0];
    return row ? { row, top: row.offsetTop } : null;
  }

  /** @param {number} to */
  function moveTo(to) {
    const before = log.scrollTop;
    log.scrollTop = to;
    // Only a change is followed by an event.
    if (log.scrollTop !== before) isMoving = true;
  }

  function stickToEnd() {
    moveTo(log.scrollHeight);
  }

  function onScroll() {
    const isOurs = isMoving;
    isMoving = false;
    if (!room) return;
    const fromEnd = log.scrollHeight - log.scrollTop - log.clientHeight;
    // Who scrolls up a little reads: the list stays where it is.
    const isUp = log.scrollTop < top;
    top = log.scrollTop;
    if (!isOurs) isFollowing = last === Infinity && fromEnd < (isUp ? 2 : END_PX);
    if (isFollowing) seen = room.messages.at(-1)?.mid ?? seen;
    actions.attention();
    if (log.scrollTop < NEAR_PX) slideUp();
    if (fromEnd < NEAR_PX && last !== Infinity) slideDown();
    fillNearGap();
    showBelow();
    showAbove();
    showDay(log.children, log.scrollTop);
  }

  function slideUp() {
    if (!room) return;
    const from = indexOf(first);
    if (from > 0) {
      const to = last === Infinity ? room.messages.length : indexOf(last) + 1;
      first = room.messages[Math.max(0, from - STEP)].mid;
      if (to - indexOf(first) > ROWS_MAX) {
        last = room.messages[indexOf(first) + ROWS_MAX - 1].mid;
        isFollowing = false;
      }
      draw();
    } else if (room.more && !isLoading) {
      loadOlder(room.name);
    }
  }

  /** @param {string} name */
  async function loadOlder(name) {
    isLoading = true;
    log.setAttribute("aria-busy", "true");
    if (first === 0) first = room?.messages[0]?.mid ?? 0;
    const reached = room?.oldest;
    try {
      await actions.loadOlder(name);
    } finally {
      isLoading = false;
      log.removeAttribute("aria-busy");
    }
    // The page is drawn in the next frame. A failed request is repeated when the reader scrolls.
    requestAnimationFrame(() => {
      const isFurther = room?.name === name && room.oldest !== reached;
      if (isFurther && log.scrollTop < NEAR_PX) onScroll();
    });
  }

  function fillNearGap() {
    for (const row of rows.values()) {
      const { kind, range } = row.item;
      const top = row.offsetTop - log.scrollTop;
      const isNear = top > -NEAR_PX && top < log.clientHeight + NEAR_PX;
      if (kind === "gap" && isNear && range.to !== failedGap) {
        fill(range);
        return;
      }
    }
  }

  /** Loads a page of a gap, at the side that is nearer to the reader. @param {import("../state/room.js").Range} range */
  async function fill(range) {
    if (!room || isLoading) return;
    const { name, gaps } = room;
    const row = rows.get(`gap ${range.to}`);
    const isAbove = !row || row.offsetTop - log.scrollTop < log.clientHeight / 2;
    isLoading = true;
    await actions.loadPage(name, isAbove ? { before: range.to + 1 } : { after: range.from - 1 });
    isLoading = false;
    requestAnimationFrame(() => {
      if (room?.name !== name) return;
      if (room.gaps === gaps) failedGap = range.to;
      else onScroll();
    });
  }

  function slideDown() {
    if (!room) return;
    const { messages } = room;
    const to = Math.min(messages.length, indexOf(last) + 1 + STEP);
    last = to === messages.length ? Infinity : messages[to - 1].mid;
    if (to - indexOf(first) > ROWS_MAX) first = messages[to - ROWS_MAX].mid;
    draw();
  }

  function showBelow() {
    const messages = room?.messages ?? [];
    let unseen = 0;
    for (let at = messages.length - 1; at >= 0 && messages[at].mid > seen; at -= 1) {
      if (messages[at].sender !== state.you) unseen += 1;
    }
    below.hidden = isFollowing;
    setText(below, unseen ? `↓ ${t("below_new", { n: unseen })}` : `↓ ${t("below")}`);
  }

  /** Offers to jump to the first unread message, once, unless it is visible. */
  function showAbove() {
    const marker = rows.get("unread");
    const firstUnread = room?.firstUnread ?? 0;
    if (marker && marker.offsetTop >= log.scrollTop && marker.offsetTop < log.scrollTop + log.clientHeight) seenMarker = firstUnread;
    const isBefore = marker ? marker.offsetTop < log.scrollTop : indexOf(firstUnread) <= indexOf(first);
    above.hidden = firstUnread === 0 || firstUnread === seenMarker || !isBefore;
  }

  /** Returns the index of a message, or of the next one. @param {number} mid */
  function indexOf(mid) {
    const messages = room?.messages ?? [];
    let low = 0;
    let high = messages.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (messages[middle].mid < mid) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
