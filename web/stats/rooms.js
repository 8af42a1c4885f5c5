/**
 * The busiest rooms, as a table with bars.
 *
 * @module
 */

import { byId, make, setText } from "../view/dom.js";
import { meter } from "./chart.js";
import { patch, render } from "./draw.js";
import { number, t } from "./words.js";

/** @typedef {import("./figures.js").Figures["rooms"]} Rooms */

export function roomsCard() {
  const head = ["room", "last_hour", "last_minute", "people"].map((key) => make("th", { scope: "col", text: t(key) }));
  const body = make("tbody");
  const table = make("table", { class: "rooms" }, make("thead", {}, make("tr", {}, ...head)), body);
  const nothing = make("p", { class: "muted", text: t("nothing_yet") });
  const heading = make("h2", { id: "rooms-heading", text: t("rooms_title") });
  byId("charts").append(make("section", { class: "card", id: "rooms", "aria-labelledby": "rooms-heading" }, heading, table, nothing));

  return {
    /** @param {Rooms} rooms */
    update(rooms) {
      nothing.hidden = rooms.length > 0;
      table.hidden = rooms.length === 0;
      const most = Math.max(1, ...rooms.map(({ hour }) => hour));
      while (body.rows.length > rooms.length) body.deleteRow(-1);
      rooms.forEach(({ room, users, minute, hour }, at) => {
        const row = body.rows[at] ?? body.appendChild(newRow());
        const [name, lastHour, lastMinute, people] = row.cells;
        setText(name.firstElementChild, room);
        patch(name.lastElementChild, meter(hour / most));
        setText(lastHour, number(hour));
        setText(lastMinute, number(minute));
        setText(people, number(users));
      });
    },
  };
}

function newRow() {
  const name = make("th", { scope: "row" }, make("bdi"), render(meter(0)));
  return make("tr", {}, name, make("td"), make("td"), make("td"));
}
