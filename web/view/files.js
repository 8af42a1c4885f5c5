/**
 * The files of a message: pictures, and links with name and size.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { hrefOf, saveLink, sizeOf } from "./attachment.js";
import { icon, icons, make } from "./dom.js";
import { withPart } from "./parts.js";
import { isPicture, shownSize, watchPicture } from "./pictures.js";

/** @typedef {import("../state/room.js").Attachment} Attachment */
/** @typedef {import("./attachment.js").FileActions} FileActions */

/** Returns the list of a message's files. @param {Attachment[]} files @param {boolean} isSent  or else they cannot be read yet @param {FileActions} actions */
export function filesOf(files, isSent, actions) {
  const items = files.map((file) => (isPicture(file) ? picture(file, isSent, actions) : chip(file, isSent, actions)));
  return make("ul", { class: "files", "aria-label": t("files") }, ...items.map((item) => make("li", {}, item)));
}

/** @param {Attachment} file @param {boolean} isSent @param {FileActions} actions */
function chip(file, isSent, actions) {
  const { name, bytes } = file;
  const label = [icon(icons.file), make("bdi", { class: "name", text: name }), " ", make("span", { class: "muted", text: sizeOf(bytes) })];
  return isSent ? saveLink(file, actions, { class: "file" }, ...label) : make("span", { class: "file" }, ...label);
}

/** Returns a link that shows a picture, and opens it large. @param {Attachment} file @param {boolean} isSent @param {FileActions} actions */
function picture(file, isSent, actions) {
  const { width, height } = shownSize(file);
  const image = make("img", { alt: file.name, width, height, decoding: "async", draggable: "false" });
  const frame = isSent ? make("a", { class: "picture", href: hrefOf(file), title: file.name, onclick: open }, image) : make("span", { class: "picture" }, image);
  // The size is reserved in any case, and kept where the room is narrower.
  frame.style.width = `${width}px`;
  frame.style.aspectRatio = `${width} / ${height}`;
  if (isSent) watchPicture(image, file, actions);
  return frame;

  /** @param {MouseEvent} event */
  function open(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    withPart(import("./lightbox.js"), ({ openLightbox }) => openLightbox(file, actions));
  }
}
