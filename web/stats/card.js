/**
 * A card: title, legend with values, chart and data table.
 *
 * @module
 */

import { byId, make, setText } from "../view/dom.js";
import { nearest, pointer } from "./chart.js";
import { patch, render } from "./draw.js";
import { t } from "./words.js";

/** @typedef {import("./chart.js").Shape} Shape */

/**
 * The content of a card.
 *
 * @typedef {object} Content
 * @property {{ name: string, at: (at: number) => string }[]} legend  values by point
 * @property {number} points
 * @property {(at: number) => string} when           returns the label of a point
 * @property {import("./chart.js").Kind} kind
 * @property {(width: number) => Shape} picture
 * @property {() => { head: string[], rows: string[][] }} table
 */

/** @param {string} id @param {string} title */
export function card(id, title) {
  const when = make("span", { class: "when" });
  const legend = make("p", { class: "legend", "aria-hidden": "true" });
  const plot = make("div", { class: "plot" });
  const table = make("table");
  const region = make("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": title }, table);
  const details = make("details", {}, make("summary", { text: t("table") }), region);
  const heading = make("h2", { id: `${id}-heading`, text: title });
  byId("charts").append(make("section", { class: "card", id, "aria-labelledby": `${id}-heading` }, heading, legend, plot, details));

  /** @type {Content | undefined} */
  let content;
  /** The point below the mouse; undefined for the latest. @type {number | undefined} */
  let pointed;
  /** @type {SVGElement | undefined} */
  let picture;

  function show() {
    if (!content) return;
    const width = Math.floor(plot.clientWidth);
    if (width === 0) return;
    const shape = content.picture(width);
    const isPointed = pointed !== undefined && pointed < content.points;
    if (isPointed) shape.children.push(pointerLine(pointer(pointed ?? 0, width, content.points, content.kind)));
    if (picture) patch(picture, shape);
    else plot.append((picture = render(shape)));
    showLegend(isPointed ? pointed : undefined);
    if (details.open) fill(table, content.table());
  }

  /** @param {number | undefined} point */
  function showLegend(point) {
    if (!content) return;
    const { legend: lines, points } = content;
    const at = point ?? points - 1;
    const words = lines.map(({ name, at: value }) => ({ name, value: at >= 0 ? value(at) : "" }));
    while (legend.children.length > words.length + 1) legend.firstElementChild?.remove();
    while (legend.children.length < words.length) {
      legend.append(make("span", { class: "entry" }, make("i", { class: `swatch tone${legend.children.length + 1}` }), make("span"), make("b")));
    }
    legend.append(when);
    words.forEach(({ name, value }, index) => {
      setText(legend.children[index].children[1], name);
      setText(legend.children[index].children[2], value);
    });
    setText(when, point === undefined ? "" : content.when(point));
  }

  /** @param {number | undefined} at */
  function point(at) {
    if (at === pointed) return;
    pointed = at;
    show();
  }

  plot.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    if (!content || content.points === 0) return;
    const box = plot.getBoundingClientRect();
    point(nearest(event.clientX - box.left, box.width, content.points, content.kind));
  });
  plot.addEventListener("pointerleave", () => point(undefined));
  details.addEventListener("toggle", show);
  new ResizeObserver(show).observe(plot);

  return {
    /** @param {Content} next */
    update(next) {
      content = next;
      show();
    },
  };
}

/** Returns the line that marks the hovered point. @param {string} d @returns {Shape} */
function pointerLine(d) {
  return { tag: "path", attributes: { class: "pointer", d }, children: [] };
}

/**
 * Fills the table with rows; the first cell of each is its header.
 *
 * @param {HTMLTableElement} table
 * @param {{ head: string[], rows: string[][] }} content
 */
function fill(table, { head, rows }) {
  table.tHead ??= table.createTHead();
  const body = table.tBodies[0] ?? table.createTBody();
  fillRow(table.tHead.rows[0] ?? table.tHead.insertRow(), head, () => make("th", { scope: "col" }));
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, at) => {
    fillRow(body.rows[at] ?? body.insertRow(), cells, (column) =>
      column === 0 ? make("th", { scope: "row", dir: "auto" }) : make("td"),
    );
  });
}

/** @param {HTMLTableRowElement} row @param {string[]} texts @param {(column: number) => HTMLElement} create */
function fillRow(row, texts, create) {
  texts.forEach((text, column) => {
    const cell = row.cells[column] ?? row.appendChild(create(column));
    setText(cell, text);
  });
}
