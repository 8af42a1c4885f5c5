/**
 * The files that are attached to messages not sent yet, above the input box.
 *
 * @module
 */

import { t } from "../strings/strings.js";
import { sizeOf } from "./attachment.js";
import { byId, icon, icons, make, reconcile, setText } from "./dom.js";

/**
 * A file on its way to the server.
 *
 * @typedef {object} Upload
 * @property {number} id
 * @property {File} source
 * @property {string} name
 * @property {"waiting" | "preparing" | "uploading" | "done" | "failed"} state
 * @property {boolean} isOriginal  it is not scaled, as the reader wants
 * @property {boolean} isLarge     it is scaled, or would be
 * @property {number} bytes
 * @property {number} sent         of these bytes
 * @property {string} failure
 * @property {boolean} canRetry
 * @property {boolean} isCutOff    it failed for the connection
 * @property {Blob | null} blob    what is uploaded
 * @property {import("../client/requests.js").UploadedFile | null} file
 * @property {number} doneAt
 * @property {AbortController} abort
 */

/**
 * The files of one message, and the message if it was submitted before they were uploaded.
 *
 * @typedef {object} Batch
 * @property {number} id
 * @property {string} room
 * @property {Upload[]} uploads
 * @property {{ text: string, options: object } | null} held
 */

/**
 * @typedef {object} TrayActions
 * @property {(upload: Upload) => void} cancel
 * @property {(upload: Upload) => void} retry
 * @property {(upload: Upload, isOriginal: boolean) => void} setOriginal
 * @property {() => void} focus  moves the focus to the input box
 */

/** @param {TrayActions} actions */
export function trayView({ cancel, retry, setOriginal, focus }) {
  const list = make("ul", { class: "tray", "aria-label": t("attachments") });
  const rows = new Map();
  byId("composer").querySelector(".box").before(list);

  return {
    /** @param {Batch[]} batches  of the open room */
    show(batches) {
      const hadFocus = list.contains(document.activeElement);
      const items = batches.flatMap(({ id, uploads, held }) => [...uploads, ...(held ? [{ id, held }] : [])]);
      reconcile(list, rows, items, {
        key: ({ id }) => String(id),
        create: (item) => update("held" in item ? make("li", { class: "held note muted" }) : rowOf(item), item),
        update,
      });
      list.hidden = items.length === 0;
      if (hadFocus && !list.contains(document.activeElement)) focus();
    },

    /** Shows how far an upload is. @param {Upload} upload */
    progress(upload) {
      const row = rows.get(String(upload.id));
      if (row) update(row, upload);
    },
  };

  /** @param {Upload} upload */
  function rowOf(upload) {
    const id = `upload-${upload.id}`;
    const name = make("bdi", { class: "name", id, text: upload.name, title: upload.name });
    const row = make("li", { class: "upload" });
    const parts = {
      thumb: make("img", { class: "thumb", alt: "", hidden: true, draggable: "false" }),
      sign: icon(icons.file),
      status: make("span", { class: "note muted" }),
      bar: make("progress", { max: 100, "aria-labelledby": id }),
      original: make("label", { class: "choice" }, make("input", { type: "checkbox", onchange: choose }), make("span", { text: t("original") })),
      retry: make("button", { type: "button", "aria-describedby": id, text: t("retry"), onclick: () => retry(row.upload) }),
    };
    const shown = make("span", { class: "facts" }, name, parts.status, parts.bar, parts.original);
    row.append(parts.thumb, parts.sign, shown, parts.retry, make("button", { type: "button", class: "quiet", "aria-describedby": id, text: t("cancel"), onclick: () => cancel(row.upload) }));
    return Object.assign(row, { parts });

    /** @param {Event} event */
    function choose({ target }) {
      setOriginal(row.upload, /** @type {HTMLInputElement} */ (target).checked);
    }
  }

  /** @param {any} row @param {Upload | { id: number, held: { text: string } }} item */
  function update(row, item) {
    if ("held" in item) setText(row, [t("upload_held"), item.held.text.slice(0, 80)].filter(Boolean).join(": "));
    else updateUpload(row, item);
    return row;
  }
}

/** @param {any} row @param {Upload} upload */
function updateUpload(row, upload) {
  const { state, bytes, sent, failure, canRetry, isLarge, isOriginal, blob } = upload;
  const { thumb, sign, status, bar, original, retry } = row.parts;
  row.upload = upload;
  row.dataset.state = state;
  const percent = Math.floor((sent / (bytes || 1)) * 100);
  setText(status, failure || `${sizeOf(bytes)} · ${t(`upload_${state}`, { n: percent })}`);
  bar.hidden = state === "done" || state === "failed";
  if (state === "uploading") bar.value = percent;
  else bar.removeAttribute("value");
  original.hidden = !isLarge;
  original.firstChild.checked = isOriginal;
  retry.hidden = state !== "failed" || !canRetry;
  const isPicture = blob?.type.startsWith("image/") === true;
  thumb.hidden = !isPicture;
  sign.toggleAttribute("hidden", isPicture);
  if (isPicture && row.shown !== blob) showThumb(row, thumb, blob);
}

/** Shows a picture small, from a copy that the browser frees once it is drawn. @param {any} row @param {HTMLImageElement} thumb @param {Blob} blob */
function showThumb(row, thumb, blob) {
  row.shown = blob;
  const url = URL.createObjectURL(blob);
  thumb.onload = thumb.onerror = () => URL.revokeObjectURL(url);
  thumb.src = url;
}
