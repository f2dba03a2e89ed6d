// What makes the pages live, without a library: news comes as server-sent events, each with the
// regions that changed, rendered by the server; they are put in place so that what has the focus
// keeps it. Nothing here makes HTML of data.

const RETRY_MS = [500, 1000, 2000, 4000];
// The server says something each second.
const SILENT_MS = 5000;

const live = document.getElementById("live");
const dialog = document.getElementById("dialog");
const dialogContent = document.getElementById("dialog-content");
const csrfToken = document.querySelector('meta[name="csrf-token"]').content;

/* The server's clock */

let clockAhead = 0;
function setClock(millis) {
  clockAhead = millis - Date.now();
}
function now() {
  return Date.now() + clockAhead;
}
if (Number(document.body.dataset.now)) setClock(Number(document.body.dataset.now));

// In the same words as the server's.
function duration(millis) {
  const seconds = Math.max(0, Math.floor(millis / 1000));
  const [minutes, hours, days] = [60, 3600, 86400].map((unit) => Math.floor(seconds / unit));
  const two = (n) => String(n).padStart(2, "0");
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${two(minutes % 60)} min`;
  if (minutes > 0) return `${minutes} min ${two(seconds % 60)} s`;
  return `${seconds} s`;
}

function countUp() {
  for (const since of document.querySelectorAll("[data-since]")) {
    const text = duration(now() - Number(since.dataset.since));
    if (since.textContent !== text) since.textContent = text;
  }
}
countUp();
setInterval(countUp, 1000);

/* Putting what is new in its place */

function morph(from, to) {
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  morphChildren(from, to);
}

function keyOf(node) {
  return node.nodeType === Node.ELEMENT_NODE ? node.dataset.key : undefined;
}

function isAlike(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName && keyOf(one) === keyOf(other);
}

function morphChildren(from, to) {
  const keyed = new Map();
  for (const child of from.children) {
    if (keyOf(child) !== undefined) keyed.set(keyOf(child), child);
  }
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const known = keyOf(wanted) === undefined ? undefined : keyed.get(keyOf(wanted));
    if (known && isAlike(known, wanted)) {
      keyed.delete(keyOf(wanted));
      if (known !== at) from.insertBefore(known, at);
      else at = at.nextSibling;
      morph(known, wanted);
    } else if (at && keyOf(at) === undefined && isAlike(at, wanted)) {
      if (at.nodeType === Node.ELEMENT_NODE) morph(at, wanted);
      else if (at.data !== wanted.data) at.data = wanted.data;
      at = at.nextSibling;
    } else {
      const fresh = document.importNode(wanted, true);
      if (fresh.nodeName === "TR" && from.childElementCount > 0) fresh.classList.add("fresh");
      from.insertBefore(fresh, at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function parse(html) {
  return new DOMParser().parseFromString(html, "text/html");
}

function show(id, html) {
  const region = document.getElementById(id);
  if (!region) return;
  const hadFocus = region.contains(document.activeElement);
  morphChildren(region, parse(html).body);
  if (hadFocus && !region.contains(document.activeElement)) {
    // What had the focus is gone: to the heading of where it was.
    region.closest("section").querySelector("h2")?.focus();
  }
}

/* News */

let source;
let lastId = "";
let lastHeard = 0;
let attempts = 0;
let retry;

function sayState(state, words) {
  live.dataset.state = state;
  const place = live.querySelector(".words");
  if (place.textContent !== words) place.textContent = words;
}

function clockTime(millis) {
  const zone = document.body.dataset.zone || undefined;
  return new Date(millis).toLocaleTimeString("en-GB", { timeZone: zone });
}

function connect() {
  clearTimeout(retry);
  source?.close();
  const path = live.dataset.events;
  const mark = path.includes("?") ? "&" : "?";
  source = new EventSource(lastId ? `${path}${mark}after=${encodeURIComponent(lastId)}` : path);
  source.addEventListener("news", (event) => {
    lastId = event.lastEventId;
    lastHeard = Date.now();
    attempts = 0;
    const news = JSON.parse(event.data);
    setClock(news.now);
    if (String(news.may_see) !== document.body.dataset.maySee) return location.reload();
    for (const [id, html] of Object.entries(news.regions)) show(id, html);
    countUp();
    sayState("live", "Live");
  });
  source.addEventListener("error", broken);
}

function broken() {
  source.close();
  const since = lastHeard ? `Not live: no news since ${clockTime(lastHeard + clockAhead)}` : "Not live";
  if (attempts > 0 || Date.now() - lastHeard > SILENT_MS) sayState("broken", `${since}, trying again`);
  clearTimeout(retry);
  retry = setTimeout(connect, RETRY_MS[Math.min(attempts, RETRY_MS.length - 1)]);
  attempts += 1;
}

if (live) {
  connect();
  setInterval(() => {
    // A connection that is dead but not closed says nothing at all.
    if (source.readyState !== EventSource.CLOSED && lastHeard && Date.now() - lastHeard > SILENT_MS) {
      attempts = Math.max(attempts, 1);
      broken();
    }
  }, 1000);
  // A phone that was asleep asks at once.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() - lastHeard > SILENT_MS) connect();
  });
}

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
      const answer = await fetch(`/sessions?plate=${encodeURIComponent(part)}`);
      if (answer.redirected || answer.status === 401) return location.reload();
      result = parse(await answer.text()).getElementById("result");
    } catch {
      result = message("The search has no answer: the server is not reached.");
    }
    if (number !== asked) return;
    found.replaceChildren(result ?? message("The search has no answer."));
    found.hidden = false;
    open.hidden = true;
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

function message(text) {
  const p = document.createElement("p");
  p.className = "note problem";
  p.textContent = text;
  return p;
}

/* One plate */

async function openPlate(path, outcome) {
  let detail;
  try {
    const answer = await fetch(path, { headers: { accept: "text/html" } });
    if (answer.redirected) return location.reload();
    detail = parse(await answer.text()).getElementById("detail");
  } catch {
    detail = null;
  }
  dialogContent.replaceChildren(detail ?? message("The plate cannot be shown: the server is not reached."));
  if (outcome) sayOutcome(dialogContent, outcome, true);
  countUp();
  if (!dialog.open) dialog.showModal();
  const title = dialogContent.querySelector("h1");
  title?.focus();
}

function sayOutcome(place, text, isGood) {
  const outcome = place.querySelector("[data-outcome]");
  if (!outcome) return;
  outcome.textContent = text;
  outcome.classList.toggle("bad", !isGood);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0) {
    event.preventDefault();
    openPlate(link.getAttribute("href"));
  } else if (event.target.closest("[data-close-dialog]") || event.target === dialog) {
    dialog.close();
  }
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-action]");
  if (!form) return;
  event.preventDefault();
  const place = form.closest("#detail");
  const button = form.querySelector("button");
  const body = {};
  for (const field of form.querySelectorAll("input[name]")) {
    body[field.name] = "number" in field.dataset ? Number(field.value) : field.value;
  }
  button.disabled = true;
  try {
    const answer = await fetch(form.dataset.action, {
      method: "POST",
      headers: { "content-type": "application/json", "x-csrf-token": csrfToken },
      body: JSON.stringify(body),
    });
    if (answer.ok) {
      const path = place.dataset.path;
      if (dialog.open) await openPlate(path, form.dataset.done);
      else location.reload();
      return;
    }
    const problem = await answer.json().catch(() => ({}));
    sayOutcome(place, problem.detail ?? `It was refused (${answer.status}).`, false);
  } catch {
    sayOutcome(place, "Nothing was done: the server is not reached.", false);
  } finally {
    button.disabled = false;
  }
});
