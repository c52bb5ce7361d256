// Keeps the service page fresh while somebody looks at it. Without this script the page works by reloading.
"use strict";
const EVERY = 1000;
const PATIENCE = 10000;
const MOST_LINES = 500;
const list = document.getElementById("lines");
const trouble = document.getElementById("trouble");
let asking = null;
let next = 0;

async function page(address, options) {
  const answer = await fetch(address, { ...options, signal: AbortSignal.timeout(PATIENCE) });
  const text = await answer.text();
  const isOurs = answer.ok && new URL(answer.url).pathname.startsWith(new URL("..", new URL(list.dataset.url, location)).pathname);
  if (!isOurs) {
    throw new Error(answer.status >= 500 ? "This site has a fault at the moment." : "You may no longer see this page. Reload it to log in again.");
  }
  return new DOMParser().parseFromString(text, "text/html");
}

function say(text) {
  if (trouble.textContent !== text) trouble.textContent = text;
  trouble.hidden = !text;
}

function explain(error) {
  say(error.constructor === Error ? error.message : "This site cannot be reached; what you see may be old.");
}

// Only what differs is touched, so that a selection and a screen reader's place stay where they are.
function takeStates(fresh) {
  for (const part of fresh.querySelectorAll("[data-fresh]")) {
    const old = document.getElementById(part.id);
    if (old.outerHTML === part.outerHTML) continue;
    old.className = part.className;
    old.hidden = part.hidden;
    old.replaceChildren(...part.childNodes);
  }
}

function takeLines(fresh) {
  const more = fresh.getElementById("lines");
  const isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
  if (more.dataset.whole === "1") list.replaceChildren();
  list.dataset.cursor = more.dataset.cursor;
  list.append(...more.children);
  while (list.children.length > MOST_LINES) list.firstElementChild.remove();
  if (isAtEnd) list.scrollTop = list.scrollHeight;
}

async function ask() {
  try {
    const fresh = await page(`${list.dataset.url}?after=${encodeURIComponent(list.dataset.cursor)}`);
    takeStates(fresh);
    takeLines(fresh);
    say("");
  } catch (error) {
    explain(error);
  }
}

async function refresh() {
  clearTimeout(next);
  if (document.hidden) return;
  asking ??= ask();
  await asking;
  asking = null;
  clearTimeout(next);
  next = setTimeout(refresh, EVERY);
}

async function act(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const button = form.querySelector("button");
  if (button.getAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  try {
    const shown = await page(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    takeStates(shown);
    const choice = form.closest("details");
    if (choice) {
      choice.open = false;
      choice.querySelector("summary").focus();
    }
  } catch (error) {
    explain(error);
  }
  button.removeAttribute("aria-disabled");
  refresh();
}

for (const form of document.querySelectorAll("form.act")) form.addEventListener("submit", act);
document.addEventListener("visibilitychange", refresh);
list.scrollTop = list.scrollHeight;
next = setTimeout(refresh, EVERY);
