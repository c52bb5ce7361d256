// What the draw page does beyond swapping parts of itself, which htmx does. Without scripts the page works by loading anew.
"use strict";
const SAME_CLICK = 1000;
const MOST_TO_CHECK = 64 * 1024;
const form = document.getElementById("form");
const result = document.getElementById("result");
// What the site takes for an empty line, too.
const EMPTY_LINE = /^(?:[^\S\ufeff]|[\x1c-\x1f\x85])*$/;
let answered = null;
let isRepeated = false;
let fileTrouble = "";

// A click that comes right after a draw is the second of a double click: it carries the same key still, and the
// service answers it with the same draw. The next key comes in with time, or as soon as something is changed.
function renewKey() {
  const key = document.getElementById("id_key");
  if (!key.dataset.next) return;
  key.value = key.dataset.next;
  delete key.dataset.next;
}

// Words of the page, so that they are in its language.
const wordsFor = (when) => document.getElementById("troubles").content.querySelector(`[data-when="${when}"]`).cloneNode(true);

function complain(when) {
  const alert = document.createElement("p");
  alert.className = "alert";
  alert.setAttribute("role", "alert");
  alert.dataset.when = when;
  alert.append(...wordsFor(when).childNodes);
  alert.querySelectorAll("[data-account]").forEach((name) => name.textContent = form.dataset.account);
  form.querySelectorAll("#fields > .alert").forEach((old) => old.remove());
  document.getElementById("fields").prepend(alert);
}

// After a login in another tab the site takes only tokens that are newer than it: this page gets them by asking for itself.
// Who is logged in now may be somebody else, and should know before a draw stands under that name.
async function renewTokens() {
  const answer = await fetch(form.getAttribute("action"), { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("form");
  if (!fresh && answer.status < 500) return page.querySelector("[name=password]") ? "logged-out" : "forbidden";
  if (!fresh) return "other";
  const token = fresh.elements.csrfmiddlewaretoken.value;
  document.querySelector("header.site").replaceWith(page.querySelector("header.site"));
  document.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((old) => old.value = token);
  const before = form.dataset.account;
  form.dataset.account = fresh.dataset.account;
  return before && before !== fresh.dataset.account ? "other-account" : "renewed";
}

async function afterRefusal(isCheck) {
  const found = await renewTokens().catch(() => "unreached");
  if (found === "renewed" && isCheck) return withdrawRefusal();
  if (found === "renewed" && !isRepeated) {
    isRepeated = true;
    return form.requestSubmit();
  }
  isRepeated = false;
  if (isCheck && (found === "unreached" || form.querySelector(`.alert[data-when="${found}"]`))) return;
  complain(found === "renewed" ? "other" : found);
  if (!isCheck) goTo(form.querySelector(".alert"));
}

function withdrawRefusal() {
  form.querySelectorAll('.alert:is([data-when="logged-out"], [data-when="forbidden"])').forEach((old) => old.remove());
}

function markWrongFields() {
  for (const error of form.querySelectorAll(".error")) {
    for (const control of error.parentElement.querySelectorAll("input, select, textarea")) {
      const help = document.getElementById(`${control.id}_helptext`);
      const isWrong = error.childElementCount > 0;
      control.toggleAttribute("aria-invalid", isWrong);
      if (isWrong) control.setAttribute("aria-invalid", "true");
      const describing = [help?.id, isWrong && error.id].filter(Boolean).join(" ");
      if (describing) control.setAttribute("aria-describedby", describing);
      else control.removeAttribute("aria-describedby");
    }
  }
}

const linesOf = (text) => text.replace(/\n$/, "").split("\n");

// Offered where the site has complained of the list: a box that one is still filling in may have an empty line for now.
function offerTidying() {
  const button = document.getElementById("tidy");
  if (!button) return;
  const isWrong = document.getElementById("id_list_error").childElementCount > 0;
  button.hidden = !isWrong || !linesOf(form.elements.list.value).some((line) => EMPTY_LINE.test(line));
}

form.addEventListener("click", ({ target }) => {
  if (target.id !== "tidy") return;
  const box = form.elements.list;
  box.value = linesOf(box.value).filter((line) => !EMPTY_LINE.test(line)).concat("").join("\n");
  box.focus();
  box.dispatchEvent(new Event("input", { bubbles: true }));
  target.hidden = true;
});

function goTo(element) {
  if (element.tabIndex < 0) element.tabIndex = -1;
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "nearest" });
}

function afterDrawing() {
  const wrong = form.querySelector(".alert") || form.querySelector("[aria-invalid]");
  if (wrong) return goTo(wrong);
  showCopies();
  result.querySelector("h2").focus({ preventScroll: true });
  if (result.getBoundingClientRect().top < 0 || result.getBoundingClientRect().top > innerHeight / 2) result.scrollIntoView();
  setTimeout(renewKey, SAME_CLICK);
}

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const kind = detail.xhr.getResponseHeader("X-Draw-Part");
  const isCheck = detail.requestConfig.elt.id === "checked";
  // What a check says of fields that are gone by now is of no use.
  detail.shouldSwap = kind !== null && (!isCheck || kind === form.elements.what.value);
  detail.isError = false;
  if (kind !== null) {
    if (!isCheck) isRepeated = false;
    return withdrawRefusal();
  }
  const { status } = detail.xhr;
  if (status < 300 || status === 403) return afterRefusal(isCheck);
  if (isCheck) return;
  complain(status === 413 ? "413" : "other");
  goTo(form.querySelector(".alert"));
});
// It comes once for each part that was put in place.
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  markWrongFields();
  offerTidying();
  if (detail.requestConfig.elt !== form || answered === detail.xhr) return;
  answered = detail.xhr;
  afterDrawing();
});
document.addEventListener("htmx:sendError", ({ detail }) => {
  if (detail.elt === form) complain("unreached");
});
// No check while a draw is under way, and none of a list that is too long to be sent again and again.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt === form && isFileTooBig()) {
    event.preventDefault();
    return goTo(form.elements.file);
  }
  if (event.detail.elt.id !== "checked") return;
  if (form.classList.contains("htmx-request")) event.preventDefault();
  event.detail.parameters.delete("file");
  if ((event.detail.parameters.get("list") || "").length > MOST_TO_CHECK) event.detail.parameters.delete("list");
});
form.addEventListener("input", renewKey);

// What is wrong with a file is said where it was chosen, and at once.
function sayOfFile(when) {
  fileTrouble = when;
  document.getElementById("id_file_error").replaceChildren(...(when ? [wordsFor(when)] : []));
  markWrongFields();
}

function isFileTooBig() {
  const { file } = form.elements;
  return (file?.files[0]?.size ?? 0) > Number(file?.dataset.limit);
}

// A check is not sent the file, so what it says of the field is no news.
document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  if (detail.target.id === "id_file_error" && fileTrouble && form.elements.file.files.length) detail.shouldSwap = false;
});

// A file goes into the box for the names, where one sees them. What cannot stand there as it is, the site explains.
form.addEventListener("change", async ({ target }) => {
  if (target.type !== "file") return;
  sayOfFile("");
  const [file] = target.files;
  if (!file) return;
  if (isFileTooBig()) return sayOfFile("file-size");
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await file.arrayBuffer());
    if (/\r(?!\n)|\0/.test(text)) return;
    const box = form.elements.list;
    box.value = text;
    target.value = "";
    box.dispatchEvent(new Event("input", { bubbles: true }));
  } catch (error) {
    if (error instanceof TypeError) sayOfFile("file-text");  // the decoder's; that it cannot be read, the browser says when it is sent
  }
});

// Arrow keys go through the choices, as in a row of radio buttons.
document.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const choice = event.target.closest("#choices a");
  if (!step || !choice) return;
  const all = [...choice.parentElement.children];
  all[(all.indexOf(choice) + step + all.length) % all.length].focus();
  event.preventDefault();
});

function showCopies() {
  result.querySelectorAll(".copies").forEach((row) => row.hidden = false);
}

const cell = (value) => /[",\n\r]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
const copies = {
  lines: ({ data, items }) => (items || data.map((value) => Array.isArray(value) ? value.join(" ") : value)).join("\n") + "\n",
  csv: ({ data, items }) => {
    const head = items ? "position,name\n" : Array.isArray(data[0]) ? "" : "value\n";
    return head + data.map((value, at) => [value, items ? items[at] : []].flat().map(cell).join(",")).join("\n") + "\n";
  },
  seed: ({ seed }) => seed,
  json: (outcome) => JSON.stringify(outcome, null, 2) + "\n",
};

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Browsers give the clipboard to secure origins only; elsewhere the old way still works.
  const box = document.createElement("textarea");
  box.value = text;
  box.className = "unseen";
  document.body.append(box);
  box.select();
  const isCopied = document.execCommand("copy");
  box.remove();
  if (!isCopied) throw new Error("not copied");
}

result.addEventListener("click", async ({ target }) => {
  const wanted = target.closest("[data-copy]");
  if (!wanted) return;
  const said = wanted.parentElement.querySelector("[role=status]");
  const outcome = JSON.parse(document.getElementById("outcome").textContent);
  said.textContent = "";
  try {
    await copy(copies[wanted.dataset.copy](outcome));
    said.textContent = said.dataset.done;
  } catch {
    said.textContent = said.dataset.failed;
  }
  wanted.focus();
});
showCopies();
