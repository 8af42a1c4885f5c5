/**
 * The rooms of an account put into an order by hand: dragged, or moved by Ctrl, Shift and an arrow key.
 *
 * @module
 */

/**
 * @param {HTMLElement} list  its items have the name of their room as `room`
 * @param {(room: string, before: string | undefined) => void} move  puts a room before another, or at the end
 */
export function orderByHand(list, move) {
  /** @type {any} */
  let dragged = null;
  /** Where the room would be put. @type {string | undefined} */
  let before;

  list.addEventListener("dragstart", ({ target, dataTransfer }) => {
    dragged = itemAt(target);
    if (dragged && dataTransfer) dataTransfer.effectAllowed = "copyMove";
  });
  list.addEventListener("dragover", (event) => {
    const over = itemAt(event.target);
    if (!dragged || !over) return;
    event.preventDefault();
    const { top, height } = over.getBoundingClientRect();
    const isAfter = event.clientY > top + height / 2;
    before = (isAfter ? over.nextElementSibling : over)?.room;
    mark(over, isAfter ? "drop-after" : "drop-before");
  });
  list.addEventListener("drop", (event) => {
    if (!dragged) return;
    event.preventDefault();
    if (before !== dragged.room && before !== dragged.nextElementSibling?.room) move(dragged.room, before);
  });
  list.addEventListener("dragend", () => {
    dragged = null;
    mark(null, "");
  });
  list.addEventListener("keydown", (event) => {
    const { key, ctrlKey, metaKey, shiftKey, altKey, target } = event;
    const item = itemAt(target);
    if (!item || altKey || !shiftKey || !(ctrlKey || metaKey) || (key !== "ArrowUp" && key !== "ArrowDown")) return;
    event.preventDefault();
    event.stopPropagation();
    const next = key === "ArrowUp" ? item.previousElementSibling : item.nextElementSibling;
    if (!next) return;
    move(item.room, (key === "ArrowUp" ? next : next.nextElementSibling)?.room);
    // What is moved loses the focus.
    /** @type {HTMLElement} */ (target).focus();
  });

  /** @param {any} target @returns {any} */
  function itemAt(target) {
    const item = target.closest?.("li");
    return item?.draggable ? item : null;
  }

  /** Shows where the room would be put. @param {Element | null} item @param {string} place */
  function mark(item, place) {
    for (const other of list.children) {
      for (const name of ["drop-before", "drop-after"]) other.classList.toggle(name, other === item && name === place);
    }
  }
}
