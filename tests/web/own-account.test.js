import assert from "node:assert/strict";
import { test } from "node:test";

import { agentName } from "../../web/view/own-account.js";

test("browsers are called by their names, and other programs by what they call themselves", () => {
  for (const [agent, name] of [
    ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36", "Chrome · Linux"],
    ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0", "Edge · Windows"],
    ["Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox · Android"],
    ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", "Safari · iPhone"],
    ["curl/8.5.0", "curl/8.5.0"],
    ["x".repeat(200), "x".repeat(60)],
    ["", "Unknown program"],
  ]) assert.equal(agentName(agent), name);
});
