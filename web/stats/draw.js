/**
 * Makes nodes of the shapes of `chart.js`, and changes those that are there into others.
 *
 * @module
 */

/** @typedef {import("./chart.js").Shape} Shape */

const SVG = "http://www.w3.org/2000/svg";

/** @param {Shape} shape @returns {SVGElement} */
export function made(shape) {
  const node = /** @type {SVGElement} */ (document.createElementNS(SVG, shape.tag));
  change(node, shape);
  return node;
}

/**
 * Gives a node the attributes and children of a shape of the same tag; what is the same already is
 * left alone.
 *
 * @param {Element} node
 * @param {Shape} shape
 */
export function change(node, { attributes, children }) {
  for (const { name } of [...node.attributes]) if (!(name in attributes)) node.removeAttribute(name);
  for (const [name, value] of Object.entries(attributes)) {
    if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
  }
  children.forEach((child, at) => {
    const there = node.childNodes[at];
    if (typeof child === "string") {
      if (node.textContent !== child) node.textContent = child;
    } else if (there instanceof Element && there.tagName === child.tag) change(there, child);
    else if (there) there.replaceWith(made(child));
    else node.append(made(child));
  });
  while (node.childNodes.length > children.length) node.lastChild?.remove();
}
