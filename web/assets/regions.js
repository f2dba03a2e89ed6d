// Puts what is new in its place: news comes as regions of the page, rendered by the server. What has
// the focus keeps it, and what is under the pointer or has the focus stays where it is until it has
// not any more: nobody opens another plate than the one he aimed at. Makes no HTML of data.

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
  // What counts up is the page's own: the server left it empty.
  if (from.nodeType === Node.ELEMENT_NODE && from.dataset.since && !to.firstChild) return;
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

export function parse(html) {
  return new DOMParser().parseFromString(html, "text/html");
}

/* Holding */

// A finger that has gone leaves the hovering behind.
let isTouch = false;
for (const kind of ["pointerdown", "pointermove"]) {
  addEventListener(kind, (event) => (isTouch = event.pointerType === "touch"), { capture: true, passive: true });
}
// What waits for the pointer or the focus to go, by region.
const waiting = new Map();

function isHeld(region) {
  if (!("hold" in region.dataset)) return false;
  return (!isTouch && region.matches(":hover")) || region.contains(document.activeElement);
}

function keysOf(root) {
  return new Set([...root.querySelectorAll("tr[data-key]")].map((row) => row.dataset.key));
}

// "3 new – show", above the panel: nothing moves for it.
function notice(region) {
  const panel = region.closest("section");
  let button = panel.querySelector(":scope > .held");
  const html = waiting.get(region.id);
  if (html === undefined) return button?.remove();
  const known = keysOf(region);
  const count = [...keysOf(parse(html))].filter((key) => !known.has(key)).length;
  if (!button) {
    button = document.createElement("button");
    button.type = "button";
    button.className = "held";
    button.addEventListener("click", () => release(region, true));
    panel.append(button);
  }
  const text = count > 0 ? `${count} new – show` : "Changed – show";
  if (button.textContent !== text) button.textContent = text;
}

function release(region, isAsked) {
  const html = waiting.get(region.id);
  if (html === undefined || (!isAsked && isHeld(region))) return;
  waiting.delete(region.id);
  put(region, html);
  notice(region);
}

for (const region of document.querySelectorAll("[data-hold]")) {
  region.addEventListener("mouseleave", () => release(region, false));
  // The focus has its new place only afterwards.
  region.addEventListener("focusout", () => setTimeout(() => release(region, false)));
}

function put(region, html) {
  const hadFocus = region.contains(document.activeElement);
  morphChildren(region, parse(html).body);
  if (hadFocus && !region.contains(document.activeElement)) focusHeading(region);
}

// What had the focus is gone: to the heading of where it was.
export function focusHeading(place) {
  place.closest("section")?.querySelector("h1, h2")?.focus();
}

export function show(id, html) {
  const region = document.getElementById(id);
  if (!region) return;
  if (!isHeld(region)) {
    waiting.delete(id);
    put(region, html);
    if ("hold" in region.dataset) notice(region);
  } else if (waiting.has(id) || isOther(region, html)) {
    waiting.set(id, html);
    notice(region);
  }
}

// Whether it says something else than what is there, but for what counts up.
function isOther(region, html) {
  const plain = (root) => {
    const copy = root.cloneNode(true);
    for (const since of copy.querySelectorAll("[data-since]")) since.textContent = "";
    for (const row of copy.querySelectorAll(".fresh")) row.classList.remove("fresh");
    return copy.textContent.replace(/\s+/g, " ").trim();
  };
  return plain(region) !== plain(parse(html).body);
}

// At once, whatever is held.
export function forgetWaiting() {
  for (const id of [...waiting.keys()]) release(document.getElementById(id), true);
}
