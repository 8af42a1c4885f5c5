/**
 * A picture of a message, as large as the window allows.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { saveLink, sizeOf } from "./attachment.js";
import { openDialog } from "./dialog.js";
import { make } from "./dom.js";
import { loadInto } from "./pictures.js";

/** @param {import("../state/room.js").Attachment} file @param {import("./attachment.js").FileActions} actions */
export function openLightbox(file, actions) {
  const { name, bytes, width, height } = file;
  const image = make("img", { alt: name, width, height });
  const unload = loadInto(image, file, actions);
  const facts = make("p", { class: "muted" }, `${t("pixels", { width, height })} · ${sizeOf(bytes)} · `, saveLink(file, actions, { text: t("download") }));
  const dialog = openDialog("lightbox", name, image, facts);
  dialog.addEventListener("close", unload);
  // A press opened it, and closes it.
  image.addEventListener("click", () => dialog.close());
}
