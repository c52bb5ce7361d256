// The learner's notes: a part of the picture opens its note, and commands can be copied.
import { word } from "./words.js";

export function openNotes() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#note-"]');
    const href = link?.getAttribute("href");
    if (!href) return;
    event.preventDefault();
    const note = document.querySelector(href);
    note.open = true;
    note.scrollIntoView({ block: "nearest", behavior: "instant" });
    note.querySelector("summary").focus();
  });
  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}

async function copy(button) {
  const code = button.parentElement.querySelector("code");
  const said = (button.dataset.said ??= button.textContent);
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = word("copied");
  } catch {
    // No clipboard without TLS: then it is selected at least.
    getSelection().selectAllChildren(code);
    button.textContent = word("selected");
  }
  setTimeout(() => (button.textContent = said), 2000);
}
