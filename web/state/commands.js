/**
 * Slash commands: the list for autocompletion, and the parser.
 *
 * A command with an event of its own is sent as that event, so that it has an answer and waits in the
 * outbox while offline. Others go to the server as typed.
 *
 * @module
 */

/** Names and arguments, in the order offered. @type {[string, string][]} */
export const commands = [
  ["help", ""],
  ["join", "ROOM"],
  ["leave", "[ROOM]"],
  ["msg", "USER TEXT"],
  ["me", "TEXT"],
  ["reply", "TEXT"],
  ["edit", "TEXT"],
  ["delete", "[SEQ]"],
  ["expire", "SECONDS TEXT"],
  ["name", "NEW"],
  ["topic", "[TEXT]"],
  ["rooms", ""],
  ["who", "[ROOM]"],
  ["away", "[TEXT]"],
  ["back", ""],
  ["invite", "USER"],
  ["private", ""],
  ["public", ""],
  ["kick", "USER [WHY]"],
  ["ban", "USER [SECONDS] [WHY]"],
  ["unban", "USER"],
  ["mute", "USER [SECONDS] [WHY]"],
  ["unmute", "USER"],
  ["slow", "SECONDS"],
  ["lock", ""],
  ["unlock", ""],
  ["promote", "USER"],
  ["demote", "USER"],
  ["remove", "ROOM"],
  ["stats", ""],
  ["whoami", ""],
  ["quit", ""],
];

/**
 * The meaning of a line in the input box.
 *
 * @typedef {object} Command
 * @property {"say" | "join" | "leave" | "name" | "msg" | "topic" | "expire" | "reply" | "edit" | "delete" | "quit" | "help" | "rooms" | "stats" | "away" | "back" | "server" | "usage"} kind
 * @property {string} [text]
 * @property {string} [to]      room or person
 * @property {number} [number]  seconds or `mid`
 */

/**
 * Parses a line.
 *
 * @param {string} line  not empty
 * @returns {Command}
 */
export function parseCommand(line) {
  if (line.startsWith("//")) return { kind: "say", text: line.slice(1) };
  const match = /^\/([a-z]+)(?:\s+([\s\S]*))?$/.exec(line);
  if (!line.startsWith("/")) return { kind: "say", text: line };
  if (!match) return { kind: "server", text: line };
  const [, name, rest = ""] = match;
  const text = rest.trim();
  const [, to = "", words = ""] = /^(\S+)(?:\s+([\s\S]+))?$/.exec(text) ?? [];
  switch (name) {
    case "join":
      return text ? { kind: "join", to: text.replace(/^#/, "") } : usage(name);
    case "leave":
      return { kind: "leave", to: text.replace(/^#/, "") };
    case "name":
      return text ? { kind: "name", text } : usage(name);
    case "msg":
      return directMessage(text);
    case "me":
      // Clients display a message that begins with "/me " as an action.
      return text ? { kind: "say", text: line } : usage(name);
    case "topic":
      return text ? { kind: "topic", text } : { kind: "server", text: line };
    case "expire":
      return words && /^\d+$/.test(to) ? { kind: "expire", number: Number(to), text: words } : usage(name);
    case "reply":
    case "edit":
      return text ? { kind: name, text } : usage(name);
    case "delete":
      return text === "" || /^\d+$/.test(text) ? { kind: "delete", number: Number(text) } : usage(name);
    case "away":
      return { kind: "away", text };
    case "back":
    case "help":
    case "quit":
    case "rooms":
    case "stats":
      return { kind: name };
    default:
      return { kind: "server", text: line };
  }
}

/** Parses the arguments of `/msg`; a name with spaces is quoted. @param {string} text @returns {Command} */
function directMessage(text) {
  const [, quoted, bare, words] = /^@?(?:"([^"]+)"|(\S+))\s+([\s\S]+)$/.exec(text) ?? [];
  return words ? { kind: "msg", to: quoted ?? bare, text: words } : usage("msg");
}

/** @param {string} name @returns {Command} */
function usage(name) {
  const [, rest = ""] = commands.find(([it]) => it === name) ?? [];
  return { kind: "usage", text: `/${name} ${rest}` };
}
