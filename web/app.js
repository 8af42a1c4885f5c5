/**
 * Entry point of the chat page: a saved session continues, everyone else sees the entrance.
 *
 * @module
 */

import * as cache from "./app/cache.js";
import { startChat } from "./app/chat.js";
import { showEntrance } from "./app/entrance.js";
import { remembered } from "./chinwag.js";
import { clearSession } from "./client/saved-session.js";
import { loadTexts, t } from "./strings/strings.js";
import { chooseLanguage, targetInAddress, translatePage } from "./view/page.js";
import { showTheme } from "./view/preferences.js";

showTheme();
chooseLanguage();
const storage = openStorage();
// Nothing is shown before, in no language.
loadTexts().then(begin);

function begin() {
  translatePage(t);
  const { name } = remembered(storage);
  if (name) start(name, "");
  else {
    cache.forget();
    showEntrance(start);
  }
}

/** @param {string} name @param {string} room  is joined, and made if it does not exist */
function start(name, room) {
  const target = targetInAddress();
  // To a message leads only what the address says, and not a room of its name that is made for it.
  const isLink = target.mid !== undefined && room === target.room;
  startChat(name, { room: isLink ? "" : room, target: room && !isLink ? { room } : target }, storage, quit);
}

/** Forgets the user on this device and starts again. */
function quit() {
  clearSession(storage);
  history.replaceState(null, "", location.pathname);
  cache.forget().finally(() => location.reload());
}

/** Returns the storage, or null where it is forbidden: then reading the property throws. @returns {Storage | null} */
function openStorage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
