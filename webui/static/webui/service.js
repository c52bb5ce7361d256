// Keeps the service page fresh while somebody looks at it. Without this script the page works by reloading.
"use strict";
const EVERY = 1000;
const PATIENCE = 10000;
const MOST_LINES = 500;
const list = document.getElementById("lines");
const log = document.getElementById("log");
const trouble = document.getElementById("trouble");
const filter = document.querySelector("form.filter");
const unit = document.getElementById("filter-unit");
const level = document.getElementById("filter-level");
let asking = null;
let next = 0;

async function page(address, options) {
  const answer = await fetch(address, { ...options, signal: AbortSignal.timeout(PATIENCE) });
  const text = await answer.text();
  const isOurs = answer.ok && new URL(answer.url).pathname.startsWith(new URL("..", new URL(list.dataset.url, location)).pathname);
  if (!isOurs) {
    throw new Error(answer.status >= 500 ? list.dataset.fault : list.dataset.out);
  }
  return new DOMParser().parseFromString(text, "text/html");
}

function say(text) {
  if (trouble.textContent !== text) trouble.textContent = text;
  trouble.hidden = !text;
}

function explain(error) {
  say(error.constructor === Error ? error.message : list.dataset.lost);
}

// Only what differs is touched, so that a selection and a screen reader's place stay where they are.
function takeStates(fresh) {
  for (const part of fresh.querySelectorAll("[data-fresh]")) {
    const old = document.getElementById(part.id);
    if (!old || old.outerHTML === part.outerHTML) continue;
    old.className = part.className;
    old.hidden = part.hidden;
    old.replaceChildren(...part.childNodes);
  }
}

function isWanted(line) {
  const isBad = !level.value || line.classList.contains("error") || line.classList.contains(level.value);
  return isBad && (!unit.value || line.dataset.unit === unit.value);
}

function offer(name) {
  if ([...unit.options].some((option) => option.value === name)) return;
  unit.add(new Option(name));
}

function sift() {
  for (const line of list.children) line.hidden = !isWanted(line);
  log.scrollTop = log.scrollHeight;
}

function takeLines(fresh) {
  const more = fresh.getElementById("lines");
  const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
  if (more.dataset.whole === "1") list.replaceChildren();
  list.dataset.cursor = more.dataset.cursor;
  for (const line of [...more.children]) {
    offer(line.dataset.unit);
    line.hidden = !isWanted(line);
    list.append(line);
  }
  while (list.children.length > MOST_LINES) list.firstElementChild.remove();
  if (isAtEnd) log.scrollTop = log.scrollHeight;
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
    keepFocus(form);
  } catch (error) {
    explain(error);
  }
  button.removeAttribute("aria-disabled");
  refresh();
}

// Where the button that was pressed is hidden now, the focus goes to what took its place.
function keepFocus(form) {
  const choice = form.closest("details");
  if (choice) {
    choice.open = false;
    choice.querySelector("summary").focus();
  } else if (!form.offsetParent) {
    const others = [...form.parentElement.querySelectorAll(":scope > form.act")];
    others.find((other) => other.offsetParent)?.querySelector("button").focus();
  }
}

for (const form of document.querySelectorAll("form.act")) form.addEventListener("submit", act);
for (const choice of [unit, level]) choice.addEventListener("change", sift);
filter.addEventListener("submit", (event) => event.preventDefault());
filter.querySelector("button").hidden = true; // a choice takes effect at once
document.addEventListener("visibilitychange", refresh);
log.scrollTop = log.scrollHeight;
next = setTimeout(refresh, EVERY);
