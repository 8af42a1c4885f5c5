/**
 * Making and changing DOM nodes. Text is only ever set as text: nothing in the page parses HTML.
 *
 * @module
 */

/**
 * Makes an element. `on…` properties are listeners, `text` is its text, `undefined` and `false`
 * are left out; all else is an attribute.
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

/** The element of the page with this id. @param {string} id @returns {any} */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/** Sets the text if it differs: a live region is not read again for nothing. @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes the children of `parent` those of `items`, in their order: rows are kept by key, made by
 * `create`, changed by `update`, moved and removed only where needed.
 *
 * @template T
 * @param {Element} parent
 * @param {Map<string, any>} rows  from key to element; kept by the caller between calls
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

/** A colour that belongs to a name. @param {string} name */
export function hueOf(name) {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 360;
  return hash;
}
