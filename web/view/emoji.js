/**
 * The emoji and their names, which are loaded when they are first needed.
 *
 * @module
 */

/** @typedef {{ sign: string, names: string[] }} Emoji  the name in words first, then those of `:shortcodes:` */

/** The emoji offered first. */
export const favourites = "👍 ❤️ 😂 🎉 😮 😢 🙏 👀 🔥 ✅ 👏 🚀 💯 🤔 👎 ☕".split(" ");

const KEY = "chinwag:emoji";
const RECENT_MAX = 16;

/** The groups; empty until they are loaded. @type {readonly Emoji[][]} */
let groups = [];
/** Signs by shortcode. @type {Map<string, string>} */
const signs = new Map();
/** Called once the names are there. @type {(() => void)[]} */
let waiting = [];
/** @type {Promise<boolean> | null} */
let loading = null;

/** Loads the emoji; returns whether they are there. @returns {Promise<boolean>} */
export function loadEmoji() {
  loading ??= load().catch(() => {
    // The next one who needs them tries again.
    loading = null;
    return false;
  });
  return loading;
}

/** Calls a function once the emoji are loaded, whoever needs them. @param {() => void} act */
export function onceEmojiLoaded(act) {
  if (groups.length > 0) act();
  else waiting.push(act);
}

/** Whether the emoji are loaded. */
export function hasEmoji() {
  return groups.length > 0;
}

/** Returns the groups of emoji. */
export function emojiGroups() {
  return groups;
}

/** Returns the emoji with a short name, or undefined; if they are not loaded, that begins. @param {string} shortcode */
export function emojiNamed(shortcode) {
  if (groups.length === 0) loadEmoji();
  return signs.get(shortcode);
}

/**
 * Returns the emoji that fit a query: each of its words begins a word of a name. Short names that begin
 * with it come first.
 *
 * @param {string} query
 * @param {number} most
 */
export function findEmoji(query, most) {
  const wanted = query.toLowerCase().split(/[\s_]+/).filter(Boolean);
  if (wanted.length === 0) return [];
  const whole = wanted.join("_");
  /** @param {Emoji} emoji */
  const fits = ({ names }) => {
    const words = names.flatMap((name) => name.toLowerCase().split(/[\s_:,-]+/));
    return wanted.every((part) => words.some((word) => word.startsWith(part)) || names.includes(part));
  };
  /** @param {Emoji} emoji */
  const isNamed = ({ names }) => names.slice(1).some((name) => name.startsWith(whole));
  const found = groups.flat().filter((emoji) => isNamed(emoji) || fits(emoji));
  return [...found.filter(isNamed), ...found.filter((it) => !isNamed(it))].slice(0, most);
}

/** Takes the emoji of a file. @param {string[][][]} raw */
export function takeEmoji(raw) {
  groups = raw.map((group) => group.map(([sign, ...names]) => ({ sign, names })));
  for (const { sign, names } of groups.flat()) for (const name of names.slice(1)) signs.set(name, sign);
  for (const act of waiting) act();
  waiting = [];
}

/** Returns the emoji that were picked last, the latest first. @returns {string[]} */
export function recent() {
  try {
    return (localStorage.getItem(KEY) ?? "").split(" ").filter(Boolean);
  } catch {
    return [];
  }
}

/** Puts an emoji before those that were picked last. @param {string} sign */
export function remember(sign) {
  const signs = [sign, ...recent().filter((it) => it !== sign)].slice(0, RECENT_MAX);
  try {
    localStorage.setItem(KEY, signs.join(" "));
  } catch {
    // Full or forbidden storage: the favourites are offered.
  }
}

async function load() {
  // The file stands beside the module of the page, under the path of the same build.
  const beside = /** @type {HTMLScriptElement} */ (document.querySelector('script[src$="app.js"]')).src;
  const response = await fetch(new URL("emoji.json", beside));
  if (!response.ok) throw new Error(`${response.status}`);
  takeEmoji(await response.json());
  return true;
}
