/**
 * Files in the tests of the page: made of few bytes or drawn by the browser, attached, and looked at.
 *
 * @module
 */

import { log, until } from "./world.js";

/** Returns a picture that the page draws, as a file for `setInputFiles`. */
export async function drawn(page, name, { width = 64, height = 48, type = "image/png" } = {}) {
  const base64 = await page.evaluate(
    ([w, h, media]) => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [w, h];
      const context = canvas.getContext("2d");
      const gradient = context.createLinearGradient(0, 0, w, h);
      for (const [at, colour] of ["#4050d4", "#1f9d5b", "#d99a00"].entries()) gradient.addColorStop(at / 2, colour);
      context.fillStyle = gradient;
      context.fillRect(0, 0, w, h);
      // The first corner is red, so that a turn is seen.
      context.fillStyle = "#f00";
      context.fillRect(0, 0, w / 4, h / 4);
      return canvas.toDataURL(media).split(",")[1];
    },
    [width, height, type],
  );
  return { name, mimeType: type, buffer: Buffer.from(base64, "base64") };
}

/** Returns a JPEG with metadata behind its beginning: EXIF with a place and an orientation, XMP, a comment. */
export function withPlace({ name, mimeType, buffer }, orientation = 1) {
  const tiff = Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]);
  const parts = [
    segment(0xe1, Buffer.concat([Buffer.from("Exif\0\0"), tiff, Buffer.from("GPS 48.8584 N 2.2945 E")])),
    segment(0xe1, Buffer.from("http://ns.adobe.com/xap/1.0/\0 GPS 48.8584")),
    segment(0xed, Buffer.from("Photoshop 3.0\0 GPS 48.8584")),
    segment(0xfe, Buffer.from("taken at GPS 48.8584")),
  ];
  return { name, mimeType, buffer: Buffer.concat([buffer.subarray(0, 2), ...parts, buffer.subarray(2), Buffer.from("a film with GPS 48.8584")]) };
}

function segment(marker, content) {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

/** Returns a file of text. */
export function textFile(name, text, mimeType = "text/plain") {
  return { name, mimeType, buffer: Buffer.from(text) };
}

export const attach = (page, ...files) => page.getByLabel("Attach files").setInputFiles(files);
export const tray = (page) => page.getByRole("list", { name: "Files to be sent" });
export const upload = (page, name) => tray(page).getByRole("listitem").filter({ hasText: name });
export const ready = (page, name) => upload(page, name).getByText("ready").waitFor();
export const picture = (page, name) => log(page).getByRole("img", { name });

/** Waits until a picture has been loaded, and returns its size. */
export async function loaded(page, name) {
  return until(
    () => picture(page, name).last().evaluate(({ complete, naturalWidth, naturalHeight }) => complete && naturalWidth > 0 && [naturalWidth, naturalHeight]),
    `${name} to be loaded`,
  );
}

/** Has a page paste or drop what a function of the page puts into a `DataTransfer`. */
export function transfer(page, selector, type, items) {
  return page.locator(selector).evaluate(
    (element, [kind, all]) => {
      const data = new DataTransfer();
      for (const { name, mimeType, text, base64 } of all) {
        if (name === undefined) data.setData(mimeType, text);
        else data.items.add(new File([base64 ? Uint8Array.from(atob(base64), (it) => it.charCodeAt(0)) : text], name, { type: mimeType }));
      }
      const event = kind === "paste" ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }) : new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
      return element.dispatchEvent(event);
    },
    [type, items],
  );
}
