/**
 * Creation and update of DOM nodes. Text is only ever set as text: nothing in the page parses HTML.
 *
 * @module
 */

/**
 * Makes an element. `on…` properties are listeners, `text` is its text, `undefined` and `false` are
 * omitted, and all others are attributes.
 *
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Node | string | null | undefined)} children
 * @returns {any}
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child != null) element.append(child);
  return element;
}

/** Returns the element with this id. @param {string} id @returns {any} */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/** Whether the reader looks at the page: another window may cover it or have the focus. */
export function isReaderHere() {
  return !document.hidden && document.hasFocus();
}

/** Whether the reader points with a finger: a keyboard on the screen then has no other key for a new line. */
export function isTouch() {
  return matchMedia("(pointer: coarse)").matches;
}

/** Sets the text if it differs, so that a live region is not read aloud again. @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes the children of `parent` correspond to `items`, in their order. Rows are identified by key,
 * made by `create`, changed by `update`, and moved or removed only where needed.
 *
 * @template T
 * @param {Element} parent
 * @param {Map<string, any>} rows  from key to element; the caller stores it between calls
 * @param {T[]} items
 * @param {{ key: (item: T) => string, create: (item: T) => any, update?: (row: any, item: T) => void }} how
 */
export function reconcile(parent, rows, items, { key, create, update }) {
  const wanted = new Set(items.map(key));
  for (const [name, row] of rows) {
    if (wanted.has(name)) continue;
    row.remove();
    rows.delete(name);
  }
  let next = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    let row = rows.get(name);
    if (row) update?.(row, item);
    else rows.set(name, (row = create(item)));
    if (row === next) next = next?.nextElementSibling ?? null;
    else parent.insertBefore(row, next);
  }
}

const SVG = "http://www.w3.org/2000/svg";

/** Makes a line drawing, 24 units wide, in the colour of the text. @param {string} path */
export function icon(path) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  picture.append(line);
  return picture;
}

/** Makes a button that shows an icon. @param {string} path @param {string} label @param {() => void} onclick */
export function iconButton(path, label, onclick) {
  const button = make("button", { class: "icon", type: "button", "aria-label": label, title: label, onclick });
  button.append(icon(path));
  return button;
}

/** Paths of the icons, for `icon`. */
export const icons = {
  close: "M6 6l12 12M18 6L6 18",
  reply: "M10 6l-6 6 6 6M4 12h10a6 6 0 0 1 6 6v1",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  lock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  done: "M5 13l4 4L19 7",
  file: "M14 3H6v18h12V7zM14 3v4h4",
  react_more: "M18 4v6M15 7h6M13 3.500a9 9 0 1 0 7.500 7.500M8 14.500a4.500 4.500 0 0 0 7 0M8.500 9.500v.01M14 9.500v.01",
  react: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8.500 14.500a4.500 4.500 0 0 0 7 0M9 9.500v.01M15 9.500v.01",
};
