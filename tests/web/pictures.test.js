import assert from "node:assert/strict";
import { test } from "node:test";

import { withoutMetadata } from "../../web/media/metadata.js";

const bytes = (...parts) => new Uint8Array(Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part)))));
const whole = ({ parts }) => Buffer.concat(parts.map((part) => Buffer.from(part))).toString("latin1");
const text = (...parts) => Buffer.from(bytes(...parts)).toString("latin1");

/** A segment of JPEG. */
function segment(marker, content) {
  return bytes([0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 0xff], content);
}

const SOI = [0xff, 0xd8];
const EOI = [0xff, 0xd9];
const JFIF = segment(0xe0, "JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
const COLOURS = segment(0xe2, "ICC_PROFILE\0\x01\x01profile");
const ADOBE = segment(0xee, "Adobe\0d\0\0\0\0\0");
const TABLE = segment(0xdb, "\0".repeat(65));
const FRAME = segment(0xc0, "\x08\x01\x02\x03\x04\x01\x01\x11\0");
const SCAN = bytes(segment(0xda, "\x01\x01\0\0?\0"), [1, 2, 0xff, 0, 3, 0xff, 0xd0, 4]);

/** EXIF of either byte order with an orientation and something else. */
function exif(orientation, isLittle = true) {
  const short = (value) => (isLittle ? [value, 0] : [0, value]);
  const long = (value) => (isLittle ? [value, 0, 0, 0] : [0, 0, 0, value]);
  const tag = (value) => (isLittle ? [value & 0xff, value >> 8] : [value >> 8, value & 0xff]);
  const other = [...tag(0x010f), ...short(2), ...long(4), ...long(0)];
  const turn = [...tag(0x0112), ...short(3), ...long(1), ...short(orientation), 0, 0];
  return bytes("Exif\0\0", isLittle ? "II" : "MM", short(42), long(8), short(2), other, turn, long(0), "GPS");
}

test("a JPEG keeps what shows it, and loses what says how it came to be", () => {
  const shown = [JFIF, COLOURS, ADOBE, TABLE, FRAME, SCAN];
  const hidden = [segment(0xe1, exif(1)), segment(0xe1, "http://ns.adobe.com/xap/1.0/\0GPS"), segment(0xe2, "MPF\0GPS"), segment(0xed, "Photoshop 3.0\0GPS"), segment(0xe0, "JFXX\0GPS"), segment(0xfe, "GPS")];
  const between = shown.flatMap((part, at) => [hidden[at], part]);
  const picture = withoutMetadata(bytes(SOI, ...between, hidden[0], SCAN, EOI, "a film with GPS"));
  assert.equal(whole(picture), text(SOI, ...shown, SCAN, EOI));
  assert.deepEqual([picture.type, picture.width, picture.height, picture.orientation], ["image/jpeg", 0x304, 0x102, 1]);
});

test("a JPEG that is shown turned says no more than that", () => {
  for (const isLittle of [true, false]) {
    const picture = withoutMetadata(bytes(SOI, segment(0xe1, exif(6, isLittle)), FRAME, SCAN, EOI));
    assert.equal(picture.orientation, 6);
    assert.doesNotMatch(whole(picture), /GPS/);
    // What is left is read in the same way.
    const again = withoutMetadata(bytes(whole(picture)));
    assert.deepEqual([again.orientation, whole(again)], [6, whole(picture)]);
  }
  for (const damaged of ["Exif\0\0", "Exif\0\0II*\0\xff\xff\xff\xff", "Exif\0\0II*\0\x08\0\0\0\xff\xff"]) {
    assert.equal(withoutMetadata(bytes(SOI, segment(0xe1, damaged), FRAME, SCAN, EOI)).orientation, 1);
  }
  assert.equal(withoutMetadata(bytes(SOI, segment(0xe1, exif(9)), FRAME, SCAN, EOI)).orientation, 1);
});

test("a JPEG that ends early is kept as far as it goes, and one without a frame or with a wrong length is damaged", () => {
  assert.equal(whole(withoutMetadata(bytes(SOI, FRAME, SCAN))), text(SOI, FRAME, SCAN));
  for (const damaged of [
    bytes(SOI, [0xff]),
    bytes(SOI, [0xff, 0xe1]),
    bytes(SOI, [0xff, 0xe1, 0xff, 0xff], "GPS"),
    bytes(SOI, [0xff, 0xe1, 0, 2], EOI),
    bytes(SOI, FRAME, "GPS"),
    bytes(SOI, [0xff, 0xff, 0xff, 0xff]),
  ]) {
    assert.equal(withoutMetadata(damaged), undefined);
  }
});

test("the cost of a picture is in its length, whatever it is made of", () => {
  for (const part of [[0xff], [0xff, 0], [0xff, 0xd0], segment(0xe1, "GPS"), segment(0xe1, ""), segment(0xda, "")]) {
    const many = Math.floor(3_000_000 / part.length);
    const start = process.cpuUsage().user;
    withoutMetadata(bytes(SOI, FRAME, segment(0xda, ""), Buffer.alloc(many * part.length, Buffer.from(part)), EOI));
    const used = process.cpuUsage().user - start;
    // Microseconds of this process alone; anything quadratic takes hours.
    assert.ok(used < 20_000_000, `${used} µs for ${part}`);
  }
});

/** A chunk of PNG; its checksum is not looked at. */
function chunk(name, content) {
  return bytes([0, 0, content.length >> 8, content.length & 0xff], name, content, "crc!");
}

test("a PNG loses texts, times, EXIF and what is unknown", () => {
  const head = bytes("\x89PNG\r\n\x1a\n", chunk("IHDR", "\0\0\0\x05\0\0\0\x07\x08\x06\0\0\0"));
  const [data, end] = [chunk("IDAT", "pixels"), chunk("IEND", "")];
  const hidden = ["tEXt", "zTXt", "iTXt", "tIME", "caBX", "prVt"].map((name) => chunk(name, "GPS"));
  const picture = withoutMetadata(bytes(head, ...hidden, chunk("gAMA", "1234"), chunk("eXIf", exif(3).subarray(6)), data, end, "GPS"));
  assert.equal(whole(picture), text(head, chunk("gAMA", "1234"), data, end));
  assert.deepEqual([picture.width, picture.height, picture.orientation, picture.isAnimated], [5, 7, 3, false]);
  assert.equal(withoutMetadata(bytes(head, chunk("acTL", ""), data, end)).isAnimated, true);
  for (const damaged of [bytes("\x89PNG\r\n\x1a\n"), bytes(head, [0xff, 0xff, 0xff, 0xff], "tEXt")]) assert.equal(withoutMetadata(damaged), undefined);
});

/** A chunk of WebP. */
function riff(name, content) {
  return bytes(name, [content.length & 0xff, content.length >> 8, 0, 0], content, content.length % 2 ? [0] : []);
}

function webp(...chunks) {
  const content = bytes("WEBP", ...chunks);
  return bytes("RIFF", [content.length & 0xff, content.length >> 8, 0, 0], content);
}

test("a WebP loses EXIF and XMP, and says so", () => {
  const extended = (flags) => riff("VP8X", bytes([flags, 0, 0, 0], [4, 0, 0], [6, 0, 0]));
  const lossy = riff("VP8 ", bytes([0, 0, 0, 0x9d, 1, 0x2a], [5, 0], [7, 0], "pixels"));
  const picture = withoutMetadata(bytes(webp(extended(0x2c), lossy, riff("EXIF", exif(8)), riff("XMP ", "GPS"), riff("C2PA", "GPS")), "GPS"));
  assert.equal(whole(picture), text(webp(extended(0x20), lossy)));
  assert.deepEqual([picture.type, picture.width, picture.height, picture.orientation], ["image/webp", 5, 7, 8]);
  assert.equal(withoutMetadata(webp(extended(0x02), lossy)).isAnimated, true);
  const sizes = [webp(lossy), webp(riff("VP8L", bytes([0x2f], [4, 0x80, 1, 0], "pixels")))].map((it) => withoutMetadata(it)).map(({ width, height }) => [width, height]);
  assert.deepEqual(sizes, [[5, 7], [5, 7]]);
  for (const damaged of [webp(), webp(riff("EXIF", "GPS")), bytes("RIFF\xff\0\0\0WEBPEXIF\xff\xff\xff\x7f")]) assert.equal(withoutMetadata(damaged), undefined);
});

test("what is no picture, or one that says nothing, is left alone", () => {
  for (const other of ["", "\xff\xd8", "GIF89a = 1; /* GPS */", "<svg onload=alert(1)>", "%PDF-1.7", "RIFF\0\0\0\0WAVE", "\x89PNG"]) assert.equal(withoutMetadata(bytes(other)), null);
});
