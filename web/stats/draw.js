/**
 * Renders the shapes of `chart.js` as SVG nodes, and updates existing nodes.
 *
 * @module
 */

/** @typedef {import("./chart.js").Shape} Shape */

const SVG = "http://www.w3.org/2000/svg";

/** Makes the node of a shape. @param {Shape} shape @returns {SVGElement} */
export function render(shape) {
  const node = /** @type {SVGElement} */ (document.createElementNS(SVG, shape.tag));
  patch(node, shape);
  return node;
}

/**
 * Updates a node to match a shape with the same tag; equal attributes and children are not touched.
 *
 * @param {Element} node
 * @param {Shape} shape
 */
export function patch(node, { attributes, children }) {
  for (const { name } of [...node.attributes]) if (!(name in attributes)) node.removeAttribute(name);
  for (const [name, value] of Object.entries(attributes)) {
    if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
  }
  children.forEach((child, at) => {
    const existing = node.childNodes[at];
    if (typeof child === "string") {
      if (node.textContent !== child) node.textContent = child;
    } else if (existing instanceof Element && existing.tagName === child.tag) patch(existing, child);
    else if (existing) existing.replaceWith(render(child));
    else node.append(render(child));
  });
  while (node.childNodes.length > children.length) node.lastChild?.remove();
}
