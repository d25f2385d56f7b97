// Opens reports in Chromium, from files and without a network, and uses them: `node check.mjs CHROMIUM FOLDER [PAGE...]`.
//
// Of each page: no error and no request; the decoder is as the program's to 1e-4, in under 30 ms; a click and a key on a slider change the
// decoded example; points are moved at 30 frames a second or more. Pictures of it, light, dark and on a phone, come into the folder.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [chromium, folder, ...pages] = process.argv.slice(2);

const MOST_DIFFERENCE = 1e-4;
const MOST_MILLISECONDS = 30;
const LEAST_FRAMES = 30;

/** A browser, spoken to by its DevTools protocol over a pipe. */
class Browser {
  constructor(profile) {
    this.process = spawn(chromium, [
      "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", `--user-data-dir=${profile}`,
      "--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars",
    ], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    [this.waiting, this.events, this.number, this.rest] = [new Map(), [], 0, ""];
    this.process.stdio[4].on("data", (data) => {
      const messages = (this.rest + data).split("\0");
      this.rest = messages.pop();
      for (const text of messages) this.receive(JSON.parse(text));
    });
  }

  receive({ id, result, error, method, params }) {
    if (!id) return this.events.push({ method, params });
    const { done, fail } = this.waiting.get(id);
    this.waiting.delete(id);
    if (error) fail(new Error(error.message));
    else done(result);
  }

  /** Asks something of the page, or of the browser itself. */
  send(method, params = {}) {
    const sessionId = /^(Target|Browser)\./.test(method) ? undefined : this.session;
    const id = ++this.number;
    this.process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((done, fail) => this.waiting.set(id, { done, fail }));
  }

  async open(url) {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    [this.session, this.events] = [sessionId, []];
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await this.send(`${domain}.enable`);
    await this.size(1280, 900);
    await this.send("Page.navigate", { url });
    await this.until("document.documentElement?.dataset.ready === 'yes'");
    return targetId;
  }

  size(width, height, mobile = false) {
    return this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: mobile ? 2 : 1, mobile });
  }

  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** The least of a few measurements: others may be using the machine. */
  async best(expression) {
    let least = Infinity;
    for (let i = 0; i < 5; i++) least = Math.min(least, await this.evaluate(expression));
    return least;
  }

  async until(condition, seconds = 30) {
    const end = Date.now() + 1000 * seconds;
    while (!(await this.evaluate(condition))) {
      if (Date.now() > end) throw new Error(`waited ${seconds} s for ${condition}; ${this.errors().join("; ")}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  async picture(file, whole = true) {
    const { data } = await this.send("Page.captureScreenshot", { format: "png", captureBeyondViewport: whole });
    writeFileSync(file, Buffer.from(data, "base64"));
  }

  /** What went wrong in the page, and what it asked the network for. */
  errors() {
    const told = this.events.map(({ method, params }) => {
      switch (method) {
        case "Runtime.exceptionThrown": return params.exceptionDetails.exception?.description ?? params.exceptionDetails.text;
        case "Runtime.consoleAPICalled": return params.type === "error" && params.args.map((own) => own.value).join(" ");
        case "Log.entryAdded": return params.entry.level === "error" && params.entry.text;
        case "Network.requestWillBeSent": return !/^(file|blob|data):/.test(params.request.url) && `a request for ${params.request.url}`;
        default: return false;
      }
    });
    return told.filter(Boolean);
  }

  async mouse(x, y, ...types) {
    for (const type of types) await this.send("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
  }

  async key(key) {
    for (const type of ["keyDown", "keyUp"]) await this.send("Input.dispatchKeyEvent", { type, key, code: key, windowsVirtualKeyCode: 39 });
  }

  async end() {
    await this.send("Browser.close", {}).catch(() => {});
    await new Promise((done) => this.process.on("exit", done));
  }
}

/** The decoded example, as something to compare: pixels of its picture, or its words. */
const DECODED = `(() => {
  const canvas = document.querySelector("#decoded canvas");
  const lines = [...document.querySelectorAll("#decoded polyline")].map((own) => own.getAttribute("points"));
  return canvas ? canvas.toDataURL() : document.querySelector("#decoded").textContent + lines;
})()`;

/** Milliseconds that a frame takes in which the points have moved. */
const FRAME = `(() => {
  const { scatter } = report.latent;
  const start = performance.now();
  for (let i = 0; i < 30; i++) {
    scatter.view.x += 0.01;
    scatter.draw();
  }
  scatter.canvas.getContext("2d").getImageData(0, 0, 1, 1);
  return (performance.now() - start) / 30;
})()`;

async function use(browser, page) {
  const target = await browser.open(pathToFileURL(resolve(page)));
  const failures = [];
  const expect = (holds, what) => holds || failures.push(what);
  const name = join(folder, basename(page, ".html"));
  const told = [];
  const comparison = await browser.evaluate("report.compare()");
  if (comparison) {
    const milliseconds = await browser.best("report.compare().milliseconds");
    told.push(`decoder ${comparison.difference.toExponential(1)} from the program's, ${milliseconds.toFixed(1)} ms`);
    expect(comparison.difference <= MOST_DIFFERENCE, "the decoder is not the program's");
    expect(milliseconds < MOST_MILLISECONDS, "the decoder is too slow");
    await browser.evaluate("document.querySelector('#scatter').scrollIntoView({ behavior: 'instant', block: 'center' })");
    const box = await browser.evaluate("(({ x, y, width, height }) => ({ x, y, width, height }))(document.querySelector('#scatter').getBoundingClientRect())");
    const before = await browser.evaluate(DECODED);
    await browser.mouse(box.x + 0.3 * box.width, box.y + 0.35 * box.height, "mouseMoved", "mousePressed", "mouseReleased");
    const clicked = await browser.evaluate(DECODED);
    expect(clicked !== before, "a click does not change the decoded example");
    await browser.evaluate("document.querySelector('#sliders input').focus()");
    for (let i = 0; i < 20; i++) await browser.key("ArrowRight");
    expect((await browser.evaluate(DECODED)) !== clicked, "keys do not move a slider");
  }
  const frame = await browser.best(FRAME);
  told.push(`${(1000 / frame).toFixed(0)} frames a second`);
  expect(1000 / frame >= LEAST_FRAMES, "points are moved too slowly");
  await browser.evaluate("report.latent.scatter.fit(); document.activeElement.blur(); window.scrollTo(0, 0)");
  for (const [kind, dark, width, height] of [["light", false, 1280, 900], ["dark", true, 1280, 900], ["phone", false, 390, 844]]) {
    await browser.size(width, height, kind === "phone");
    await browser.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }] });
    await browser.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
    await browser.evaluate("report.latent.scatter.fit(); report.latent.scatter.draw(); document.documentElement.scrollWidth");
    const wide = await browser.evaluate("document.documentElement.scrollWidth");
    expect(wide <= width, `the page is ${wide} pixels wide on a screen of ${width}`);
    await browser.picture(`${name}-${kind}.png`);
  }
  await browser.size(760, 1000);
  await browser.send("Emulation.setEmulatedMedia", { media: "print" });
  await browser.picture(`${name}-print.png`);
  expect(!browser.errors().length, browser.errors().join("; "));
  await browser.send("Target.closeTarget", { targetId: target });
  console.log(`${failures.length ? "FAILED" : "ok"} ${basename(page)}: ${told.join(", ")}${failures.map((own) => `\n  ${own}`).join("")}`);
  return !failures.length;
}

const profile = mkdtempSync(join(tmpdir(), "latentia-page-"));
const browser = new Browser(profile);
let isFine = true;
try {
  for (const page of pages) isFine = (await use(browser, page)) && isFine;
} catch (error) {
  console.log(`FAILED: ${error.message}`);
  isFine = false;
} finally {
  await browser.end();
  rmSync(profile, { recursive: true, force: true });
}
process.exit(isFine ? 0 : 1);
