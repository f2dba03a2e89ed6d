// What makes the pages live, without a library. News comes as server-sent events by way of the hub
// (hub.js), is put in place by regions.js; plate.js is the dialog.

import { clockTime, countUp, setClock } from "./clock.js";
import { Hub } from "./hub.js";
import { ask, hasText, note } from "./plate.js";
import { forgetWaiting, parse, show } from "./regions.js";

/* News */

// Said again and again while the page is looked at.
const LOOK_MS = 4000;
// The hub says something each second; one that does not has died.
const SILENT_MS = 12000;

const live = document.getElementById("live");
const lost = document.getElementById("lost");
let heardAt = Date.now();

function sayState(state, words) {
  live.dataset.state = state;
  const place = live.querySelector(".words");
  if (place.textContent !== words) place.textContent = words;
}

// Nothing that stands on the page is known to be so any more.
function sayLost(since) {
  document.body.dataset.connection = "lost";
  sayState("broken", `Connection lost at ${clockTime(since)} – reconnecting…`);
  const words = `Not connected since ${clockTime(since)}: showing the state at that time.`;
  if (lost.textContent !== words) lost.textContent = words;
  lost.hidden = false;
}

function hear(message) {
  if (message.kind === "lost") return sayLost(message.since);
  heardAt = Date.now();
  setClock(message.now);
  if (String(message.may_see) !== document.body.dataset.maySee) return viewerChanged(message.may_see);
  if (signedOut?.open) signedInAgain();
  delete document.body.dataset.connection;
  lost.hidden = true;
  for (const [id, html] of Object.entries(message.regions)) show(id, html);
  countUp();
  sayState("live", "Live");
}

function hub() {
  const own = () => new Hub().viewer(hear);
  if (typeof SharedWorker === "undefined") return own();
  let say;
  try {
    const worker = new SharedWorker(new URL("./worker.js", import.meta.url), { type: "module", name: "carpark" });
    worker.addEventListener("error", () => {
      say = own();
      look();
    });
    worker.port.addEventListener("message", (message) => hear(message.data));
    worker.port.start();
    say = (message) => worker.port.postMessage(message);
  } catch {
    say = own();
  }
  return (message) => say(message);
}

let tell;
function look() {
  const isHidden = document.visibilityState === "hidden";
  const { maySee } = document.body.dataset;
  tell(isHidden ? { kind: "rest" } : { kind: "look", path: live.dataset.events, maySee });
}

if (live) {
  tell = hub();
  look();
  setInterval(look, LOOK_MS);
  setInterval(() => {
    if (document.visibilityState !== "hidden" && Date.now() - heardAt > SILENT_MS) sayLost(heardAt);
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    // A page that was hidden has heard nothing, and that is nobody's fault.
    if (document.visibilityState !== "hidden") heardAt = Date.now();
    look();
  });
  addEventListener("pagehide", () => tell({ kind: "rest" }));
  addEventListener("pageshow", look);
}

/* Signed in, signed out */

const signedOut = document.getElementById("signed-out");
const MESSAGES = {
  "#signed-in": "Your browser refused the cookie of the sign-in: allow cookies for this address, then sign in again.",
  "#signed-out": "You were signed out: here or in another window, or carpark was restarted.",
};

function viewerChanged(maySee) {
  if (!maySee && hasText()) {
    // What was typed is kept; the plates around it are covered.
    document.body.dataset.covered = "";
    if (!signedOut.open) signedOut.showModal();
    return;
  }
  if (!maySee) history.replaceState(null, "", "#signed-out");
  location.reload();
}

// The sign-in happened in another window: this page goes on as that viewer's.
async function signedInAgain() {
  if (!signedOut.open) return;
  const page = await ask("/", { headers: { accept: "text/html" } })
    .then(async (answer) => parse(await answer.text()))
    .catch(() => undefined);
  if (page?.body.dataset.maySee !== "true") return;
  const csrfToken = 'meta[name="csrf-token"]';
  document.querySelector(csrfToken).content = page.querySelector(csrfToken).content;
  delete document.body.dataset.covered;
  signedOut.close();
}
signedOut?.addEventListener("cancel", (event) => event.preventDefault());
addEventListener("focus", signedInAgain);
document.addEventListener("visibilitychange", signedInAgain);
document.getElementById("signed-in-again")?.addEventListener("click", signedInAgain);
document.getElementById("leave-text")?.addEventListener("click", () => location.reload());

const arrived = MESSAGES[location.hash];
if (arrived) {
  history.replaceState(null, "", location.pathname + location.search);
  if (document.body.dataset.maySee !== "true") {
    const words = note(arrived);
    words.role = "alert";
    document.getElementById("main").prepend(words);
  }
}
document.querySelector("form[action='/sign-in']")?.addEventListener("submit", (event) => {
  const next = event.target.elements.next;
  if (!next.value.includes("#")) next.value = `${next.value || "/"}#signed-in`;
});

/* Filters */

for (const form of document.querySelectorAll("form[data-auto]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

/* Search */

const search = document.getElementById("search");
if (search) {
  const field = search.querySelector("input");
  const found = document.getElementById("found");
  const open = document.getElementById("open");
  let waiting;
  let asked = 0;
  const look = async () => {
    const part = field.value.trim();
    const number = (asked += 1);
    if (!part) {
      found.hidden = true;
      open.hidden = false;
      return;
    }
    let result;
    try {
      const answer = await ask(`/sessions?plate=${encodeURIComponent(part)}`);
      if (answer.redirected || answer.status === 401) return location.reload();
      result = parse(await answer.text()).getElementById("result");
    } catch (error) {
      result = note(`The search failed: ${error.message}.`);
    }
    if (number !== asked) return;
    found.replaceChildren(result ?? note("The search failed."));
    found.hidden = false;
    open.hidden = true;
    forgetWaiting();
  };
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 200);
  });
  search.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    look();
  });
}
