import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joined } from "node:path";
import { after, before, test } from "node:test";

import { attach, drawn, loaded, ready } from "./files.js";
import { FREELY, connected, field, join, jumpTo, log, makeRoom, newTab, openPage, pressIn, pressOnMessage, rows, say, sees, setUp, startServer, until } from "./world.js";

// What a person does in the first hour, as a script of forty steps.

const world = setUp();
const PASSWORD = "correct horse battery";
const PHONE = { viewport: { width: 390, height: 700 }, hasTouch: true, isMobile: true };
let server;
let data;

before(async () => {
  data = await mkdtemp(joined(tmpdir(), "chinwag-"));
  server = await startServer({ args: [...FREELY, "--data", data] });
  world.url = server.url;
});
after(async () => {
  await server?.kill();
  await rm(data, { recursive: true, force: true });
});

/** Registers or logs in with the dialog that is open. */
async function enterAccount(page, name) {
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill(name);
  await dialog.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" }).catch(() => {});
}

/** Opens the page on another device of an account. */
async function device(name, options = {}) {
  const page = world.track(await openPage(world.browser, `${world.url}/`, options));
  await page.getByRole("button", { name: "Log in" }).click();
  await enterAccount(page, name);
  await page.locator('#chat[data-phase="live"]').waitFor();
  return page;
}

const rooms = (page) => page.getByRole("navigation", { name: "Rooms" });
const heading = (page, name) => page.getByRole("heading", { name, exact: true }).waitFor();
const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

/** The people, and what one step leaves for the next. */
const here = {};

/** @type {[string, () => Promise<unknown>][]} */
const STEPS = [
  ["Sam, a colleague, is there already and has an account", async () => {
    const sam = (here.sam = world.track(await openPage(world.browser, `${world.url}/`)));
    await sam.getByRole("button", { name: "Register" }).click();
    await enterAccount(sam, "Sam");
    await connected(sam);
    await makeRoom(sam, "platform");
    await say(sam, "Welcome to the platform room");
    await jumpTo(sam, "lobby");
  }],
  ["Maya opens the address and is asked for a name", async () => {
    const context = { permissions: ["clipboard-read", "clipboard-write"] };
    here.maya = world.track(await openPage(world.browser, `${world.url}/`, context));
    assert.equal(await here.maya.evaluate(() => document.activeElement.id), "join-name");
  }],
  ["she types it, presses Enter and is in a room", async () => {
    await here.maya.keyboard.type("Maya");
    await here.maya.keyboard.press("Enter");
    await connected(here.maya);
    await heading(here.maya, "#lobby");
  }],
  ["the room says what it is", () => log(here.maya).getByText("This is #lobby").waitFor()],
  ["she says hello by typing and Enter", async () => {
    await here.maya.keyboard.type("Hello, is anybody here?");
    await here.maya.keyboard.press("Enter");
    await sees(here.sam, "Hello, is anybody here?");
  }],
  ["Sam mentions her, and she sees that it is meant for her", async () => {
    await say(here.sam, "@Maya, hello! Have a look at #platform");
    await rows(here.maya, "hello! Have a look").locator("mark").waitFor();
  }],
  ["she answers it", async () => {
    await pressOnMessage(here.maya, "hello! Have a look", "Reply");
    await here.maya.getByText("Replying to Sam").waitFor();
    await here.maya.keyboard.type("I will, **thank you**");
    await here.maya.keyboard.press("Enter");
    await sees(here.sam, "I will, thank you");
  }],
  ["she reacts with an emoji", async () => {
    await rows(here.maya, "hello! Have a look").first().hover();
    await here.maya.getByRole("button", { name: "Add reaction" }).click();
    await here.maya.getByRole("dialog", { name: "Emoji" }).getByRole("button", { name: "🎉" }).click();
    await here.sam.getByRole("button", { name: "🎉, 1 reaction" }).waitFor();
  }],
  ["she corrects what she wrote", async () => {
    await field(here.maya).press("ArrowUp");
    const editor = here.maya.getByRole("textbox", { name: "Edit message" });
    await editor.fill("I will, **thank you**, Sam");
    await here.maya.getByRole("button", { name: "Save" }).click();
    await sees(here.sam, "thank you, Sam");
  }],
  ["she deletes the wrong message and undoes it", async () => {
    await pressOnMessage(here.maya, "is anybody here?", "Delete");
    await here.maya.getByRole("button", { name: "Undo" }).click();
    await sees(here.maya, "is anybody here?");
    await sees(here.sam, "is anybody here?");
  }],
  ["she mistypes a room and is offered the right one", async () => {
    await here.maya.keyboard.press("Control+k");
    const dialog = here.maya.getByRole("dialog", { name: "Jump to" });
    await dialog.getByRole("combobox").fill("platfrom");
    await dialog.getByRole("button", { name: 'Open platform' }).click();
    await heading(here.maya, "#platform");
    await sees(here.maya, "Welcome to the platform room");
  }],
  ["she posts a piece of code, which gets colours, and copies it", async () => {
    await field(here.maya).fill("```js\nconst answer = 42;\n```");
    await here.maya.keyboard.press("Enter");
    await rows(here.maya, "const answer").locator(".code-keyword").waitFor();
    await rows(here.maya, "const answer").hover();
    await rows(here.maya, "const answer").getByRole("button", { name: "Copy", exact: true }).click();
    await until(async () => (await clipboard(here.maya)) === "const answer = 42;", "the copy");
  }],
  ["she makes a room", () => makeRoom(here.maya, "coffee")],
  ["she sets its topic", async () => {
    await log(here.maya).getByRole("button", { name: "Set topic" }).click();
    await here.maya.getByRole("dialog").getByRole("textbox", { name: "Topic" }).fill("Beans and breaks");
    await here.maya.keyboard.press("Enter");
    await here.maya.locator("#room-topic").getByText("Beans and breaks").waitFor();
  }],
  ["she opens Sam's card and writes to him alone", async () => {
    await jumpTo(here.maya, "lobby");
    await rows(here.maya, "hello! Have a look").first().getByRole("button", { name: "Sam", exact: true }).click();
    await here.maya.getByRole("dialog", { name: "Sam" }).getByRole("button", { name: "Message", exact: true }).click();
    await heading(here.maya, "@Sam");
    await field(here.maya).fill("May I ask you something?");
    await here.maya.keyboard.press("Enter");
    await sees(here.maya, "May I ask you something?");
  }],
  ["Sam's answer comes while she is elsewhere, and is shown there", async () => {
    await jumpTo(here.maya, "coffee");
    await here.sam.getByRole("button", { name: /May I ask you something/ }).click();
    await sees(here.sam, "May I ask you something?");
    await say(here.sam, "Of course");
    await here.maya.getByRole("button", { name: /^Sam.*Of course/ }).waitFor();
  }],
  ["she presses it and is in the conversation", async () => {
    await here.maya.getByRole("button", { name: /^Sam.*Of course/ }).click();
    await sees(here.maya, "Of course");
  }],
  ["she registers, and stays who she is", async () => {
    await pressIn(here.maya, here.maya.locator("#me"), "Register");
    await enterAccount(here.maya, "Maya");
    await until(() => here.maya.evaluate(() => JSON.parse(localStorage.getItem("chinwag") ?? "{}").account === true), "the account");
    await connected(here.maya);
  }],
  ["after a reload everything is as before", async () => {
    await here.maya.reload();
    await connected(here.maya);
    for (const name of ["lobby", "platform", "coffee"]) await rooms(here.maya).getByRole("link", { name }).waitFor();
    await rooms(here.maya).getByRole("link", { name: "Sam" }).waitFor();
  }],
  ["what she has not sent waits in its room", async () => {
    await jumpTo(here.maya, "coffee");
    await field(here.maya).fill("half a thou");
    await jumpTo(here.maya, "lobby");
    assert.equal(await field(here.maya).inputValue(), "");
    await jumpTo(here.maya, "coffee");
    assert.equal(await field(here.maya).inputValue(), "half a thou");
    await field(here.maya).fill("");
  }],
  ["a second device has the same rooms", async () => {
    here.laptop = await device("Maya");
    const names = (page) => page.locator("#rooms .name").allInnerTexts();
    await until(async () => (await names(here.laptop)).join() === (await names(here.maya)).join(), "the same rooms", async () => (await names(here.laptop)).join());
  }],
  ["what she says here is there, too", async () => {
    await jumpTo(here.laptop, "coffee");
    await say(here.maya, "coffee is ready");
    await sees(here.laptop, "coffee is ready");
  }],
  ["she puts her rooms into another order, on both devices", async () => {
    await rooms(here.maya).getByRole("link", { name: "coffee" }).focus();
    await here.maya.keyboard.press("Control+Shift+ArrowUp");
    await here.maya.keyboard.press("Control+Shift+ArrowUp");
    const names = async (page) => (await page.locator("#rooms .name").allInnerTexts()).join();
    const both = async () => [await names(here.maya), await names(here.laptop)];
    await until(async () => (await both()).every((it) => it.startsWith("coffee,")), "coffee to be first", async () => (await both()).join(" and "));
  }],
  ["she makes a private room", async () => {
    await makeRoom(here.maya, "hiring", { isPrivate: true });
    await say(here.maya, "candidates of this week");
    await sees(here.maya, "candidates of this week");
  }],
  ["she invites Sam", async () => {
    await pressIn(here.maya, here.maya.getByRole("button", { name: "Room actions" }), "Invite someone");
    await here.maya.getByRole("dialog").getByRole("combobox", { name: "Name" }).fill("Sam");
    await here.maya.keyboard.press("Enter");
    await log(here.maya).getByText("Maya invited Sam.").waitFor();
  }],
  ["the invitation waits for Sam, who accepts", async () => {
    await rooms(here.sam).getByText("Maya invites you to hiring").waitFor();
    await rooms(here.sam).getByRole("button", { name: "Accept" }).click();
    await heading(here.sam, "#hiring");
    await sees(here.sam, "candidates of this week");
  }],
  ["she sends a picture there, and Sam sees it", async () => {
    await attach(here.maya, await drawn(here.maya, "desk.png", { width: 300, height: 200 }));
    await ready(here.maya, "desk.png");
    await here.maya.getByRole("button", { name: "Send" }).click();
    assert.deepEqual(await loaded(here.sam, "desk.png"), [300, 200]);
  }],
  ["a search finds a word in one of her rooms", async () => {
    await here.maya.getByRole("button", { name: "Search messages" }).click();
    await here.maya.getByRole("searchbox", { name: "Search for" }).fill("welcome in:platform");
    await here.maya.keyboard.press("Enter");
    await here.maya.getByRole("list", { name: "Search results" }).getByRole("button", { name: /Welcome to the platform room/ }).waitFor();
  }],
  ["the result leads to its place", async () => {
    await here.maya.getByRole("list", { name: "Search results" }).getByRole("button", { name: /Welcome/ }).click();
    await heading(here.maya, "#platform");
    await rows(here.maya, "Welcome to the platform room").waitFor();
    await here.maya.locator("#search-close").click();
  }],
  ["she copies the link of a message", async () => {
    await pressOnMessage(here.maya, "Welcome to the platform room", "Copy link");
    await until(async () => /#platform\/\d+\//.test(await clipboard(here.maya)), "the link", () => clipboard(here.maya));
  }],
  ["who opens it stands before the message", async () => {
    const tab = world.track(await newTab(here.sam.context(), await clipboard(here.maya)));
    await rows(tab, "Welcome to the platform room").waitFor();
    await until(() => tab.evaluate(() => document.activeElement.innerText.includes("Welcome")), "the message to have the focus");
    world.pages.splice(world.pages.indexOf(tab), 1);
    await tab.close();
  }],
  ["she pins what everybody should read", async () => {
    await jumpTo(here.maya, "coffee");
    await pressOnMessage(here.maya, "coffee is ready", "Pin");
    await here.maya.getByRole("button", { name: "Pinned messages" }).click();
    await here.maya.getByRole("dialog", { name: "Pinned messages" }).getByRole("button", { name: /coffee is ready/ }).click();
  }],
  ["she asks to hear of mentions only", async () => {
    await jumpTo(here.maya, "platform");
    await pressIn(here.maya, here.maya.getByRole("button", { name: "Room actions" }), "Notify me about mentions", "menuitemradio");
  }],
  ["while another window has the focus, a mention notifies her, and nothing else", async () => {
    await here.maya.evaluate(() => {
      window.shown = [];
      window.Notification = class {
        static permission = "granted";
        constructor(title, { body }) {
          window.shown.push(`${title}: ${body}`);
        }
      };
      document.hasFocus = () => false;
      dispatchEvent(new Event("blur"));
    });
    await jumpTo(here.sam, "platform");
    await say(here.sam, "nothing for her");
    await say(here.sam, "@Maya, **look**");
    await until(() => here.maya.evaluate(() => window.shown.length > 0), "the notification");
    assert.deepEqual(await here.maya.evaluate(() => window.shown), ["Sam – platform: @Maya, look"]);
    await here.maya.evaluate(() => {
      delete document.hasFocus;
      dispatchEvent(new Event("focus"));
    });
  }],
  ["she leaves it unread for later, and her other device knows", async () => {
    await pressOnMessage(here.maya, "@Maya, look", "Mark unread from here");
    await rooms(here.laptop).getByRole("link", { name: /platform 1 unread message/ }).waitFor();
  }],
  ["she chooses the dark theme", async () => {
    await here.maya.getByRole("button", { name: "Settings" }).click();
    await here.maya.getByRole("combobox", { name: "Theme" }).selectOption("Dark");
    await until(() => here.maya.evaluate(() => getComputedStyle(document.body).colorScheme === "dark" || document.documentElement.dataset.theme === "dark"), "the theme");
    await here.maya.keyboard.press("Escape");
  }],
  ["on her phone the rooms are a drawer, and the message goes by its button", async () => {
    here.phone = await device("Maya", PHONE);
    await here.phone.getByRole("button", { name: "Show rooms" }).tap();
    await rooms(here.phone).getByRole("link", { name: "coffee" }).tap();
    await heading(here.phone, "#coffee");
    await say(here.phone, "from the train");
    await jumpTo(here.maya, "coffee");
    await sees(here.maya, "from the train");
  }],
  ["without the network she goes on writing, and sees that it waits", async () => {
    await server.kill();
    await here.maya.locator('#chat:not([data-phase="live"])').waitFor();
    await say(here.maya, "written in the tunnel");
    await rows(here.maya, "written in the tunnel").and(here.maya.locator(".waiting")).waitFor();
  }],
  ["when it is back, it arrives once on every device", async () => {
    server = await startServer({ args: [...FREELY, "--data", data], port: new URL(world.url).port });
    for (const page of [here.maya, here.laptop, here.phone]) {
      await page.locator('#chat[data-phase="live"]').waitFor();
      await sees(page, "written in the tunnel");
    }
  }],
  ["she logs out, and nothing of her stays", async () => {
    await pressIn(here.maya, here.maya.locator("#me"), "Log out");
    await here.maya.getByRole("textbox", { name: "Your name" }).waitFor();
    assert.equal(await here.maya.getByText("coffee is ready").count(), 0);
    assert.equal(await here.maya.evaluate(() => localStorage.getItem("chinwag")), null);
  }],
];

test("a person's first hour, in forty steps", async () => {
  assert.equal(STEPS.length, 40);
  for (const [at, [step, act]] of STEPS.entries()) {
    try {
      await act();
    } catch (error) {
      throw new Error(`step ${at + 1}, ${step}: ${error.message}`, { cause: error });
    }
  }
});
