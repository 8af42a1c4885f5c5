import assert from "node:assert/strict";
import { test } from "node:test";

import { WORD_RANK, nearest, rankOf } from "../../web/text/match.js";
import { fitting } from "../../web/view/jump.js";

test("a name is found by any word, any part and letters in order, without case and marks", () => {
  const cases = [
    ["platform", "Platform", 0],
    ["jose", "José Ångström", 1],
    ["ång", "Jose Angstrom", WORD_RANK],
    ["ops", "team-ops", WORD_RANK],
    ["form", "platform", 3],
    ["pfm", "platform", 4],
    ["", "anything", 1],
    ["xyz", "platform", Infinity],
    ["mp", "platform", Infinity],
    ["ليلى", "ليلى", 0],
  ];
  for (const [query, name, rank] of cases) assert.equal(rankOf(query, name), rank, `${query} in ${name}`);
});

test("a mistyped name is recognised, another word is not", () => {
  const names = ["platform", "general", "random", "dev"];
  const cases = [["platfrom", "platform"], ["Platfom", "platform"], ["genral", "general"], ["rnadom", "random"], ["devs", "dev"], ["ops", ""], ["gen", ""], ["", ""], ["platypus", ""]];
  for (const [typed, meant] of cases) assert.equal(nearest(typed, names), meant, typed);
});

test("targets are ordered by fit, then by place, and a first sign chooses their kind", () => {
  const target = (kind, label, place) => ({ kind, label, place, hint: "", act: () => {} });
  const targets = [target("#", "general", 2), target("#", "gerbil-general", 0), target("@", "Gena", 5), target("/", "/generate", 9)];
  const labels = (query) => fitting(query, targets).map(({ label }) => label);
  assert.deepEqual(labels(""), ["gerbil-general", "general", "Gena"]);
  assert.deepEqual(labels("gen"), ["general", "Gena", "/generate", "gerbil-general"]);
  assert.deepEqual(labels("@gen"), ["Gena"]);
  assert.deepEqual(labels("/"), ["/generate"]);
});
