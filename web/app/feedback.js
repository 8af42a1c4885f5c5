/**
 * Feedback for the reader: lines in the open room that nobody else sees.
 *
 * @module
 */

import { t } from "../strings/strings.js";

export class Feedback {
  #store;
  #announce;

  /**
   * @param {import("./store.js").Store} store
   * @param {(text: string) => void} announce  reads a text to screen readers
   */
  constructor(store, announce) {
    this.#store = store;
    this.#announce = announce;
  }

  /** Shows a line and reads it aloud. @param {string} text */
  show(text) {
    this.#store.dispatch({ type: "ui_said", payload: { text } });
    this.#announce(text);
  }

  /** Shows an error. @param {unknown} error */
  showError = (error) => this.show(errorText(error));
}

/** Returns the text for an error, in the reader's language if it is one of the library's. @param {unknown} error */
export function errorText(error) {
  const message = error instanceof Error ? error.message : String(error);
  return message === "offline" || message === "no answer" ? t("not_while_offline") : message;
}
