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

  navigator.serviceWorker?.addEventListener("message", ({ data }) => {
    if (typeof data?.open === "string") open(data.open);
  });

  return (title, text, room) => {
    if (!document.hidden || globalThis.Notification?.permission !== "granted") return;
    const about = { body: text.slice(0, TEXT_MAX), tag: room };
    try {
      const shown = new Notification(title, about);
      shown.onclick = () => {
        window.focus();
        open(room);
        shown.close();
      };
    } catch {
      // Phones allow notifications only from a service worker, which tells what was pressed.
      showByWorker(title, about);
    }
  };
}

/** @param {string} title @param {NotificationOptions} about */
async function showByWorker(title, about) {
  const registration = await navigator.serviceWorker?.getRegistration();
  await registration?.showNotification(title, about).catch(() => {});
}
