/**
 * Users without a page, who fill rooms faster than typing would.
 *
 * @module
 */

import WebSocket from "ws";

import { until } from "./world.js";

/**
 * Connects a user to a room over a plain WebSocket.
 *
 * @param {string} url   of the page
 * @param {string} name
 * @param {string} room
 * @param {Record<string, string>} [parameters]  of the connection, such as a `token`
 */
export async function connectBot(url, name, room, parameters = {}) {
  const query = new URLSearchParams({ name, room, history: "0", ...parameters });
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws?${query}`);
  const heard = [];
  socket.on("message", (data) => heard.push(JSON.parse(String(data))));
  const welcome = await until(() => heard.find(({ type }) => type === "welcome"), `${name} to be welcome`);
  let ids = 0;
  return {
    heard,
    session: welcome.payload.session,
    send: (event) => socket.send(JSON.stringify(event)),
    /** Sends messages and waits until they are acknowledged. */
    async say(...contents) {
      const first = ids + 1;
      for (const content of contents) {
        ids += 1;
        const payload = typeof content === "string" ? { content } : content;
        socket.send(JSON.stringify({ type: "send_message", id: `${name} ${ids}`, payload }));
      }
      const last = ids;
      let known = 0;
      await until(() => {
        known = heard.filter(({ type, re }) => type === "ack" && Number(re.split(" ").at(-1)) >= first).length;
        const refused = heard.find(({ type }) => type === "error");
        if (refused) throw new Error(JSON.stringify(refused));
        return known >= last - first + 1;
      }, `${contents.length} messages to be recorded`, () => `${known} were`, 60_000);
      heard.splice(0);
    },
    close: () => socket.close(),
  };
}
