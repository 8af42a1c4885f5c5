/**
 * The files that the reader attaches: each is prepared and uploaded at once, and sent with a message to
 * its room. A message that is submitted before waits for its files.
 *
 *     add ─▶ waiting ─▶ preparing ─▶ uploading ─▶ done ─ submit ─▶ deliver
 *               ▲            └─────────┴─▶ failed
 *               └──────── retry ─────────────┘
 *
 * @module
 */

import { Refusal } from "../client/event.js";
import { prepare } from "../media/picture.js";
import { t } from "../strings/strings.js";
import { sizeOf } from "../view/attachment.js";
import { span } from "../view/time.js";
import { trayView } from "../view/tray.js";

/** @typedef {import("../view/tray.js").Upload} Upload */
/** @typedef {import("../view/tray.js").Batch} Batch */
/** @typedef {{ replyTo?: number, ttl?: number }} MessageOptions */

/** Files of a message. */
const FILES_MAX = 10;
/** Uploads at once. */
const UPLOADS_MAX = 3;
/** Age from which a file is uploaded again before it is sent: the server keeps it for an hour. */
const LIFE_MS = 50 * 60_000;

/**
 * @typedef {object} UploadsContext
 * @property {import("../chinwag.js").Chinwag} chat
 * @property {import("./feedback.js").Feedback} feedback
 * @property {(text: string) => void} announce  reads a text to screen readers
 * @property {import("./drafts.js").Drafts} drafts
 * @property {(room: string, text: string, options: MessageOptions & { files: import("../client/requests.js").UploadedFile[] }) => void} deliver
 * @property {(text: string) => void} restore  puts a text back into the input box
 * @property {() => void} focus  moves the focus to the input box
 * @property {() => string} active  the open room
 */

export class Uploads {
  #context;
  #tray;
  /** In the order of submission; an open one of each room is the last of it. @type {Batch[]} */
  #batches = [];
  #lastId = 0;

  /** @param {UploadsContext} context */
  constructor(context) {
    this.#context = context;
    this.#tray = trayView({
      cancel: (upload) => this.#cancel(upload),
      retry: (upload) => this.#begin(upload),
      setOriginal: (upload, isOriginal) => this.#begin(Object.assign(upload, { isOriginal })),
      focus: context.focus,
    });
    addEventListener("beforeunload", (event) => this.#batches.length > 0 && event.preventDefault());
    addEventListener("pagehide", () => this.#keepTexts());
    context.chat.on("left", ({ room }) => this.#forget(room));
    context.chat.on("phase", ({ payload }) => payload.phase === "live" && this.#retryCutOff());
  }

  /** Attaches files to the next message to a room. @param {string} room @param {File[]} files */
  add(room, files) {
    let batch = this.#openBatch(room);
    if (!batch) this.#batches.push((batch = { id: (this.#lastId += 1), room, uploads: [], held: null }));
    const free = FILES_MAX - batch.uploads.length;
    if (files.length > free) this.#context.feedback.show(t("files_too_many", { n: FILES_MAX }));
    for (const source of files.slice(0, free)) {
      batch.uploads.push({
        id: (this.#lastId += 1), source, name: source.name || t("files"), state: "waiting", isOriginal: false, isLarge: false,
        bytes: source.size, sent: 0, failure: "", canRetry: false, isCutOff: false, blob: null, file: null, doneAt: 0, abort: new AbortController(),
      });
    }
    this.#advance();
  }

  /** Whether files are attached to the next message to a room. @param {string} room */
  has(room) {
    return this.#openBatch(room) !== undefined;
  }

  /**
   * Takes a message that is to carry the attached files of its room, and delivers it when they are
   * uploaded; returns whether there are any.
   *
   * @param {string} room
   * @param {string} text
   * @param {MessageOptions} options
   */
  hold(room, text, options) {
    const batch = this.#openBatch(room);
    if (!batch) return false;
    batch.held = { text, options };
    for (const upload of batch.uploads) if (upload.file && Date.now() - upload.doneAt > LIFE_MS) Object.assign(upload, { state: "waiting", file: null });
    this.#advance();
    return true;
  }

  /** Shows the files of the open room. */
  show() {
    const active = this.#context.active();
    this.#tray.show(this.#batches.filter(({ room }) => room === active));
  }

  /** @param {string} room */
  #openBatch(room) {
    return this.#batches.find((it) => it.room === room && !it.held);
  }

  /** Delivers what is complete, each room in order, starts what can be started, and shows it. */
  #advance() {
    this.#batches = this.#batches.filter(({ uploads }) => uploads.length > 0);
    const blocked = new Set();
    for (const batch of [...this.#batches]) {
      const { room, uploads, held } = batch;
      if (!held || blocked.has(room) || uploads.some(({ file }) => !file)) {
        blocked.add(room);
        continue;
      }
      this.#batches = this.#batches.filter((it) => it !== batch);
      const files = uploads.map(({ file }) => /** @type {import("../client/requests.js").UploadedFile} */ (file));
      this.#context.deliver(room, held.text, { ...held.options, files });
    }
    const all = this.#batches.flatMap(({ uploads }) => uploads);
    const running = all.filter(({ state }) => state === "preparing" || state === "uploading").length;
    for (const upload of all.filter(({ state }) => state === "waiting").slice(0, Math.max(0, UPLOADS_MAX - running))) this.#run(upload);
    this.show();
  }

  /** @param {Upload} upload */
  async #run(upload) {
    const { chat } = this.#context;
    const { signal } = (upload.abort = new AbortController());
    const room = this.#batches.find(({ uploads }) => uploads.includes(upload))?.room ?? "";
    upload.state = "preparing";
    try {
      const { blob, isLarge } = await prepare(upload.source, upload.isOriginal);
      signal.throwIfAborted();
      Object.assign(upload, { state: "uploading", blob, isLarge, bytes: blob.size, sent: 0 });
      this.show();
      if (blob.size > (chat.limits.file ?? Infinity)) throw new Refusal({ code: "too_long" });
      const onProgress = (/** @type {number} */ sent) => {
        upload.sent = sent;
        this.#tray.progress(upload);
      };
      const file = await chat.upload(room, blob, { name: upload.name, onProgress, signal });
      signal.throwIfAborted();
      Object.assign(upload, { state: "done", file, doneAt: Date.now() });
    } catch (error) {
      if (signal.aborted) return;
      this.#fail(upload, error);
    }
    this.#advance();
  }

  /** @param {Upload} upload @param {unknown} error */
  #fail(upload, error) {
    const { chat, announce } = this.#context;
    const isCutOff = error instanceof Error && error.message === "offline";
    const isTooLarge = error instanceof Refusal && error.code === "too_long";
    const failure = isCutOff ? t(chat.phase === "live" ? "upload_cut" : "upload_offline") : reasonOf(error, chat.limits.file);
    Object.assign(upload, { state: "failed", isCutOff, canRetry: !isTooLarge, failure });
    announce(`${upload.name}: ${failure}`);
  }

  /** Starts an upload anew. @param {Upload} upload */
  #begin(upload) {
    upload.abort.abort();
    Object.assign(upload, { state: "waiting", file: null, sent: 0, failure: "", isCutOff: false });
    this.#advance();
  }

  /** @param {Upload} upload */
  #cancel(upload) {
    upload.abort.abort();
    const batch = this.#batches.find(({ uploads }) => uploads.includes(upload));
    if (!batch) return;
    batch.uploads = batch.uploads.filter((it) => it !== upload);
    // Without its files, a message is not what was submitted.
    if (batch.uploads.length === 0 && batch.held) this.#context.restore(batch.held.text);
    this.#advance();
  }

  /** Drops the files of a room that the reader has left: nothing can be sent there. @param {string} room */
  #forget(room) {
    for (const { abort } of this.#batches.filter((it) => it.room === room).flatMap(({ uploads }) => uploads)) abort.abort();
    this.#batches = this.#batches.filter((it) => it.room !== room);
    this.#advance();
  }

  /** Uploads what was cut off when the connection was lost. */
  #retryCutOff() {
    for (const upload of this.#batches.flatMap(({ uploads }) => uploads)) if (upload.isCutOff) this.#begin(upload);
  }

  /** Makes drafts of messages that still wait: the files go with the page. */
  #keepTexts() {
    const { drafts } = this.#context;
    for (const { room, held } of this.#batches) if (held?.text && !drafts.get(room)) drafts.set(room, held.text);
  }
}

/** Returns why an upload failed, in the reader's language. @param {unknown} error @param {number} [limit]  of a file, in bytes */
function reasonOf(error, limit = 0) {
  if (error instanceof DOMException) return t(error.name === "InvalidStateError" ? "picture_damaged" : "file_unreadable");
  if (!(error instanceof Refusal)) return error instanceof Error ? error.message : String(error);
  switch (error.code) {
    case "too_long":
      return t("file_too_large", { size: sizeOf(limit) });
    case "storage_unavailable":
      return t("file_no_room");
    case "rate_limited":
      return t("file_quota", { time: span(error.retryAfterMs) });
    case "overloaded":
      return t("file_overloaded");
    default:
      return error.message;
  }
}
