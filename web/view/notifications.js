/**
 * System notifications of mentions while the reader is not at the page: it is hidden, or another
 * window has the focus.
 *
 * The browser asks for permission when the reader presses the button, which is shown until then.
 *
 * @module
 */

import { byId, isReaderHere } from "./dom.js";

const TEXT_MAX = 200;

/**
 * @param {{ open: (room: string) => void }} actions
 * @returns {(title: string, text: string, room: string) => void}
 */
export function notifier({ open }) {
  const button = byId("notify");
  const isUndecided = () => globalThis.Notification?.permission === "default";
  button.hidden = !isUndecided();
  button.addEventListener("click", async () => {
    await Notification.requestPermission();
    button.hidden = !isUndecided();
  });

  navigator.serviceWorker?.addEventListener("message", ({ data }) => {
    if (typeof data?.open === "string") open(data.open);
  });

  return (title, text, room) => {
    if (isReaderHere() || globalThis.Notification?.permission !== "granted") return;
    const options = { body: text.slice(0, TEXT_MAX), tag: room, renotify: true };
    try {
      const shown = new Notification(title, options);
      shown.onclick = () => {
        window.focus();
        open(room);
        shown.close();
      };
    } catch {
      // Phones allow notifications only from a service worker, which reports the click.
      showByWorker(title, options);
    }
  };
}

/** Shows a notification through the service worker. @param {string} title @param {NotificationOptions} options */
async function showByWorker(title, options) {
  const registration = await navigator.serviceWorker?.getRegistration();
  await registration?.showNotification(title, options).catch(() => {});
}
