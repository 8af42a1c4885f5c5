/**
 * What the figures of the page are measured with, in a page that is connected.
 *
 * @module
 */

import { log } from "./world.js";

/** Returns the milliseconds from the wish to open a room until one of its messages is drawn. */
export function timeToJoin(page, room, text) {
  return page.evaluate(([name, wanted]) => new Promise((resolve) => {
    const start = performance.now();
    location.hash = `#${encodeURIComponent(name)}`;
    const look = () => {
      const isThere = [...document.querySelectorAll("#log .row.message")].some((row) => row.textContent.includes(wanted));
      if (isThere) requestAnimationFrame(() => resolve(performance.now() - start));
      else requestAnimationFrame(look);
    };
    look();
  }), [room, text]);
}

/** Scrolls up through the messages; returns the times of the frames in milliseconds, the shortest first, and the layout shift. */
export async function scrolling(page) {
  await log(page).hover();
  const measured = page.evaluate(() => new Promise((resolve) => {
    let shift = 0;
    const observer = new PerformanceObserver((list) => {
      for (const { value } of list.getEntries()) shift += value;
    });
    observer.observe({ type: "layout-shift" });
    const times = [];
    let last = performance.now();
    const step = (now) => {
      times.push(now - last);
      last = now;
      if (times.length < 120) requestAnimationFrame(step);
      else resolve({ times: times.toSorted((a, b) => a - b), shift });
    };
    requestAnimationFrame(step);
  }));
  for (let i = 0; i < 60; i += 1) await page.mouse.wheel(0, -400);
  return measured;
}

/** Returns the bytes of the heap that are in use. */
export async function heapOf(page) {
  const inspector = await page.context().newCDPSession(page);
  await inspector.send("HeapProfiler.collectGarbage");
  const { usedSize } = await inspector.send("Runtime.getHeapUsage");
  await inspector.detach();
  return usedSize;
}

/**
 * Sends messages from one page; returns the milliseconds from Enter until the message is drawn there and in another
 * page, the shortest first.
 */
export async function timesOfTalk(page, other, number) {
  for (const it of [page, other]) {
    await it.evaluate(() => {
      window.drawn = {};
      window.entered = {};
      const now = () => performance.timeOrigin + performance.now();
      addEventListener("keydown", ({ key, target }) => key === "Enter" && (window.entered[target.value] = now()), true);
      new MutationObserver(() => {
        for (const row of [...document.querySelectorAll("#log .row.message .text")].slice(-3)) {
          const text = row.textContent;
          if (!(text in window.drawn)) requestAnimationFrame(() => (window.drawn[text] ??= now()));
        }
      }).observe(document.querySelector("#log"), { childList: true, subtree: true });
    });
  }
  for (let i = 0; i < number; i += 1) {
    await page.keyboard.type(`talk ${i}.`);
    await page.keyboard.press("Enter");
    await other.waitForFunction((text) => text in window.drawn, `talk ${i}.`);
  }
  const entered = await page.evaluate(() => window.entered);
  const times = async (it) => {
    const drawn = await it.evaluate(() => window.drawn);
    return Array.from({ length: number }, (_, i) => drawn[`talk ${i}.`] - entered[`talk ${i}.`]).toSorted((a, b) => a - b);
  };
  return { own: await times(page), theirs: await times(other) };
}
