// One plate (or vehicle) in a dialog over the page, and what can be done there and elsewhere by
// forms with `data-action`.

import { countUp } from "./clock.js";
import { focusHeading, parse } from "./regions.js";

// An answer that takes longer is given up.
const ANSWER_MS = 10000;

const dialog = document.getElementById("dialog");
const dialogContent = document.getElementById("dialog-content");
// What the dialog is asked for now: an answer to something else comes too late.
let asked;
// What was clicked, and the panel it is in: where the focus goes back to.
let opener;
// Something was done; and the page below does not follow by itself.
let isDone = false;
let isOld = false;

export function note(text, className = "note problem") {
  const p = document.createElement("p");
  p.className = className;
  p.textContent = text;
  return p;
}

// `fetch` that gives up, and says in words why there is no answer.
export async function ask(path, options = {}) {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), ANSWER_MS);
  options.signal?.addEventListener("abort", () => giveUp.abort());
  try {
    return await fetch(path, { ...options, signal: giveUp.signal });
  } catch (error) {
    const isLate = giveUp.signal.aborted && !options.signal?.aborted;
    throw new Error(isLate ? `no answer from the server within ${ANSWER_MS / 1000} s` : "can't reach the server", { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function loading(title) {
  const place = document.createElement("div");
  place.className = "panel detail";
  const heading = document.createElement("h1");
  heading.id = "dialog-title";
  heading.className = "plate-title";
  heading.tabIndex = -1;
  heading.textContent = title;
  place.append(heading, note("Loading…", "note loading"));
  return place;
}

async function openPlate(path, title, outcome) {
  asked?.abort();
  const mine = (asked = new AbortController());
  if (!dialog.open) {
    dialogContent.replaceChildren(loading(title));
    dialog.showModal();
    dialogContent.querySelector("h1").focus();
  }
  let detail;
  try {
    const answer = await ask(path, { headers: { accept: "text/html" }, signal: mine.signal });
    if (answer.redirected) return location.reload();
    detail = parse(await answer.text()).getElementById("detail");
  } catch (error) {
    detail = loading(title);
    detail.querySelector(".loading").replaceWith(note(`${title} cannot be shown: ${error.message}.`));
  }
  if (asked !== mine || !dialog.open) return;
  dialogContent.replaceChildren(detail ?? note("This cannot be shown."));
  if (outcome) sayOutcome(dialogContent, outcome, true);
  countUp();
  dialogContent.querySelector("h1")?.focus();
}

function sayOutcome(place, text, isGood) {
  const outcome = place.querySelector("[data-outcome]");
  if (!outcome) return;
  outcome.textContent = text;
  outcome.classList.toggle("bad", !isGood);
}

// Whether somebody has written something that would be lost.
export function hasText() {
  const fields = document.querySelectorAll("form[data-action] input:not([type=hidden])");
  return [...fields].some((field) => field.value !== field.defaultValue);
}

dialog.addEventListener("close", () => {
  asked?.abort();
  asked = undefined;
  if (isOld) return location.reload();
  const wasDone = isDone;
  isDone = false;
  // Most likely the row is no more: it is not to be held for the focus that returns to it.
  if (opener && wasDone) return focusHeading(opener.panel);
  if (opener && (!opener.link.isConnected || document.activeElement === document.body)) {
    if (opener.link.isConnected) opener.link.focus();
    else focusHeading(opener.panel);
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0) {
    event.preventDefault();
    opener = { link, panel: link.closest("section") ?? link };
    openPlate(link.getAttribute("href"), link.textContent.trim());
  } else if (event.target.closest("[data-close-dialog]") || event.target === dialog) {
    dialog.close();
  }
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-action]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  // Not `disabled`: that would take the focus away.
  if (button.getAttribute("aria-disabled") === "true") return;
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
  const place = form.closest("#detail, main");
  const body = {};
  for (const field of form.querySelectorAll("input[name]")) {
    body[field.name] = "number" in field.dataset ? Number(field.value) : field.value;
  }
  button.setAttribute("aria-disabled", "true");
  try {
    const answer = await ask(form.dataset.action, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-csrf-token": document.querySelector('meta[name="csrf-token"]').content,
      },
      body: JSON.stringify(body),
    });
    if (answer.ok) {
      // What is told is all that there is to see.
      if ("stays" in form.dataset) return sayOutcome(place, (await answer.json()).outcome, true);
      if (!dialog.open) return location.reload();
      isDone = true;
      isOld = !document.querySelector("[data-region]");
      return await openPlate(place.dataset.path, form.dataset.title ?? "", form.dataset.done);
    }
    const problem = await answer.json().catch(() => ({}));
    sayOutcome(place, problem.detail ?? `The server refused it (${answer.status}).`, false);
  } catch (error) {
    sayOutcome(place, `${error.message}: it is not known whether it was done, look before you try again`, false);
  } finally {
    button.removeAttribute("aria-disabled");
  }
});
