/**
 * Notifications of the system, for who is called while the page is hidden.
 *
 * The browser is asked only when the reader presses the button, which is there as long as it has
 * not been asked.
 *
 * @module
 */

import { byId } from "./dom.js";

const TEXT_MAX = 200;

/**
 * @param {{ open: (room: string) => void }} actions
 * @returns {(title: string, text: string, room: string) => void}
 */
export function notifier({ open }) {
  const button = byId("notify");
  const isOpen = () => globalThis.Notification?.permission === "default";
  button.hidden = !isOpen();
  button.addEventListener("click", async () => {
    await Notification.requestPermission();
    button.hidden = !isOpen();
  });

  return (title, text, room) => {
    if (!document.hidden || globalThis.Notification?.permission !== "granted") return;
    try {
      const shown = new Notification(title, { body: text.slice(0, TEXT_MAX), tag: room });
      shown.onclick = () => {
        window.focus();
        open(room);
        shown.close();
      };
    } catch {
      // Some phones allow notifications only from a service worker.
    }
  };
}
