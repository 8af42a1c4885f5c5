/**
 * What pictures say of how they came to be: where, when, with which device. It is taken out of JPEG
 * (ITU T.81 annex B), PNG (its specification §5) and WebP (RFC 9649), which keep their pixels and colours
 * as they are. A JPEG that is shown turned still says so.
 *
 * Nothing is decoded, and each byte is looked at once at most.
 *
 * @module
 */

/**
 * A picture in parts, which together are the file without metadata.
 *
 * @typedef {object} Picture
 * @property {"image/jpeg" | "image/png" | "image/webp"} type
 * @property {Uint8Array[]} parts
 * @property {number} width       as stored, before it is turned
 * @property {number} height
 * @property {number} orientation  1 to 8, as in EXIF; 1 for as stored
 * @property {boolean} isAnimated
 */

/**
 * Returns a picture without metadata; null if it is none of the three types, undefined if it is one and
 * damaged.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Picture | null | undefined}
 */
export function withoutMetadata(bytes) {
  const head = String.fromCharCode(...bytes.subarray(0, 12));
  try {
    if (head.startsWith("\xff\xd8\xff")) return jpeg(bytes);
    if (head.startsWith("\x89PNG\r\n\x1a\n")) return png(bytes);
    if (head.startsWith("RIFF") && head.endsWith("WEBP")) return webp(bytes);
    return null;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Reads numbers; beyond the end it throws a `RangeError`. @param {Uint8Array} bytes */
function viewOf({ buffer, byteOffset, byteLength }) {
  return new DataView(buffer, byteOffset, byteLength);
}

/** @param {Uint8Array} bytes @param {number} from @param {number} length @returns {string} */
function textAt(bytes, from, length) {
  return String.fromCharCode(...bytes.subarray(from, from + length));
}

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Picture} */
function jpeg(bytes) {
  const view = viewOf(bytes);
  /** @type {Picture} */
  const picture = { type: "image/jpeg", parts: [], width: 0, height: 0, orientation: 1, isAnimated: false };
  let at = 2;
  let kept = 0;
  for (;;) {
    if (view.getUint8(at) !== 0xff) throw new RangeError("no marker");
    // Markers may be preceded by any number of fill bytes.
    while (view.getUint8(at + 1) === 0xff) at += 1;
    const marker = view.getUint8(at + 1);
    if (marker === EOI) {
      at += 2;
      break;
    }
    const end = at + 2 + view.getUint16(at + 2);
    if (end > bytes.length) throw new RangeError("cut off");
    if (isMetadata(marker, bytes, at + 4)) {
      if (marker === APP1 && textAt(bytes, at + 4, 6) === "Exif\0\0") picture.orientation = orientationIn(bytes.subarray(at + 10, end));
      picture.parts.push(bytes.subarray(kept, at));
      kept = end;
    } else if (isFrame(marker)) {
      picture.height = view.getUint16(at + 5);
      picture.width = view.getUint16(at + 7);
    }
    at = marker === SOS ? endOfScan(bytes, end) : end;
    // A picture that is cut off is shown as far as it goes.
    if (at >= bytes.length) break;
  }
  if (picture.width === 0 || picture.height === 0) throw new RangeError("no frame");
  // What follows the end may be anything: a film, another picture with its own metadata.
  picture.parts.push(bytes.subarray(kept, at));
  if (picture.orientation !== 1) picture.parts = turned(picture.parts, picture.orientation);
  return picture;
}

const SOS = 0xda;
const EOI = 0xd9;
const APP0 = 0xe0;
const APP1 = 0xe1;
const APP2 = 0xe2;
const APP14 = 0xee;
const COM = 0xfe;

/** Whether a segment is not needed to show the picture. @param {number} marker @param {Uint8Array} bytes @param {number} from  where its content begins */
function isMetadata(marker, bytes, from) {
  if (marker === APP0) return textAt(bytes, from, 5) !== "JFIF\0";
  // The profile of its colours, and how they are coded.
  if (marker === APP2) return textAt(bytes, from, 12) !== "ICC_PROFILE\0";
  if (marker === APP14) return textAt(bytes, from, 5) !== "Adobe";
  return (marker >= APP0 && marker <= 0xef) || marker === COM;
}

/** Whether a marker begins a frame, which has the size. @param {number} marker */
function isFrame(marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Returns where the marker after a scan is. @param {Uint8Array} bytes @param {number} from */
function endOfScan(bytes, from) {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    // A stuffed byte, a fill byte, a restart.
    if (next !== 0 && next !== 0xff && next !== undefined && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return bytes.length;
}

/** Returns a JPEG that says how it is turned. @param {Uint8Array[]} parts @param {number} orientation */
function turned([first, ...rest], orientation) {
  const exif = [0xff, APP1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
  return [first.subarray(0, 2), Uint8Array.from(exif), first.subarray(2), ...rest];
}

/** Returns the orientation that EXIF says, or 1. @param {Uint8Array} tiff */
function orientationIn(tiff) {
  try {
    const view = viewOf(tiff);
    const isLittle = view.getUint16(0) === 0x4949;
    const at = view.getUint32(4, isLittle);
    const entries = view.getUint16(at, isLittle);
    for (let entry = at + 2; entry < at + 2 + entries * 12; entry += 12) {
      if (view.getUint16(entry, isLittle) !== 0x0112) continue;
      const value = view.getUint16(entry + 8, isLittle);
      return value >= 1 && value <= 8 ? value : 1;
    }
  } catch {
    // Damaged metadata say nothing.
  }
  return 1;
}

/** Chunks of PNG and WebP that say how the picture looks. All others may be metadata. */
const PNG_KEPT = new Set(["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "cHRM", "gAMA", "iCCP", "sBIT", "sRGB", "cICP", "mDCV", "cLLI", "bKGD", "pHYs", "sPLT", "hIST", "acTL", "fcTL", "fdAT"]);
const WEBP_KEPT = new Set(["VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP"]);

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Picture} */
function png(bytes) {
  const view = viewOf(bytes);
  /** @type {Picture} */
  const picture = { type: "image/png", parts: [bytes.subarray(0, 8)], width: view.getUint32(16), height: view.getUint32(20), orientation: 1, isAnimated: false };
  for (let at = 8, name = ""; at < bytes.length && name !== "IEND"; ) {
    const end = at + 12 + view.getUint32(at);
    name = textAt(bytes, at + 4, 4);
    if (end > bytes.length) throw new RangeError("cut off");
    if (name === "acTL") picture.isAnimated = true;
    if (name === "eXIf") picture.orientation = orientationIn(bytes.subarray(at + 8, end - 4));
    if (PNG_KEPT.has(name)) picture.parts.push(bytes.subarray(at, end));
    at = end;
  }
  return picture;
}

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Picture} */
function webp(bytes) {
  const view = viewOf(bytes);
  const whole = Math.min(bytes.length, 8 + view.getUint32(4, true));
  /** @type {Picture} */
  const picture = { type: "image/webp", parts: [], width: 0, height: 0, orientation: 1, isAnimated: false };
  let length = 4;
  for (let at = 12; at + 8 <= whole; ) {
    const size = view.getUint32(at + 4, true);
    const end = at + 8 + size + (size % 2);
    const name = textAt(bytes, at, 4);
    if (at + 8 + size > whole) throw new RangeError("cut off");
    let part = bytes.slice(at, Math.min(end, whole));
    if (name === "EXIF") picture.orientation = orientationIn(bytes.subarray(at + (textAt(bytes, at + 8, 6) === "Exif\0\0" ? 14 : 8), end));
    if (name === "VP8X") {
      picture.isAnimated = (part[8] & 0x02) !== 0;
      // It has no EXIF and no XMP any more.
      part[8] &= ~0x0c;
    }
    if (picture.width === 0) Object.assign(picture, webpSize(name, viewOf(part)));
    if (WEBP_KEPT.has(name)) {
      picture.parts.push(part);
      length += part.length;
    }
    at = end;
  }
  if (picture.width === 0) throw new RangeError("no size");
  const head = bytes.slice(0, 12);
  viewOf(head).setUint32(4, length, true);
  picture.parts.unshift(head);
  return picture;
}

/** Returns the size that a chunk says, if it says one. @param {string} name @param {DataView} chunk */
function webpSize(name, chunk) {
  if (name === "VP8X") return { width: 1 + (chunk.getUint32(12, true) & 0xffffff), height: 1 + (chunk.getUint32(14, true) >>> 8) };
  if (name === "VP8 ") return { width: chunk.getUint16(14, true) & 0x3fff, height: chunk.getUint16(16, true) & 0x3fff };
  if (name !== "VP8L") return {};
  const bits = chunk.getUint32(9, true);
  return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
}
