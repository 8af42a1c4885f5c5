/**
 * Prepares a picture for its upload: without metadata, upright, and not larger than screens are.
 *
 * @module
 */

import { withoutMetadata } from "./metadata.js";

/** The longer side of a picture that is not scaled, in pixels. */
export const SIDE_MAX = 2_560;
/** Pixels of the largest picture that is decoded: four bytes each. */
const PIXELS_MAX = 100_000_000;
/** Bytes of the largest file that is looked at. */
const BYTES_MAX = 100 * 1024 * 1024;
const QUALITY = 0.9;

/**
 * @typedef {object} Prepared
 * @property {Blob} blob
 * @property {boolean} isLarge  it was scaled, or would have been
 */

/**
 * Returns a file as it is uploaded: a picture is prepared, anything else stays as it is. Rejects if a
 * picture is damaged, because its metadata cannot be taken out.
 *
 * @param {Blob} file
 * @param {boolean} isOriginal  its pixels stay as they are
 * @returns {Promise<Prepared>}
 */
export async function prepare(file, isOriginal) {
  if (file.size > BYTES_MAX) return { blob: file, isLarge: false };
  const picture = withoutMetadata(new Uint8Array(await file.arrayBuffer()));
  if (picture === null) return { blob: file, isLarge: false };
  // What cannot be read part by part may still be drawn.
  if (picture === undefined) return { blob: await redrawn(file, file.type || "image/png", Infinity), isLarge: false };
  const { type, width, height, orientation } = picture;
  const clean = new Blob(/** @type {BlobPart[]} */ (picture.parts), { type });
  const isLarge = Math.max(width, height) > SIDE_MAX && width * height <= PIXELS_MAX && !picture.isAnimated;
  const isTurned = orientation !== 1 && !picture.isAnimated && width * height <= PIXELS_MAX;
  // Only JPEG keeps its orientation without being drawn.
  if (isOriginal ? type === "image/jpeg" || !isTurned : !isLarge && !isTurned) return { blob: clean, isLarge };
  const drawn = await redrawn(type === "image/jpeg" ? clean : file, type, isOriginal ? Infinity : SIDE_MAX);
  return { blob: isTurned || drawn.size < clean.size ? drawn : clean, isLarge };
}

/** Draws a picture anew, upright. @param {Blob} blob @param {string} type @param {number} sideMax @returns {Promise<Blob>} */
async function redrawn(blob, type, sideMax) {
  const bitmap = await createImageBitmap(blob);
  const scale = Math.min(1, sideMax / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const drawn = await new Promise((/** @type {BlobCallback} */ resolve) => canvas.toBlob(resolve, type, QUALITY));
  if (!drawn) throw new Error("the picture is too large for this browser");
  return drawn;
}
