// Receipts: copying the new public link, and leading keyboard and screen reader to what has come in a panel's place.
"use strict";

function offerCopies(within) {
  for (const button of within.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue; // a plain-http address that is not this machine's: select and copy by hand
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      source.select();
      await navigator.clipboard.writeText(source.value);
      button.textContent = button.dataset.done;
    });
  }
}

offerCopies(document);
document.addEventListener("htmx:afterSwap", (event) => {
  const panel = document.getElementById(event.detail.target.id);
  if (!panel) return;
  offerCopies(panel);
  panel.focus({ preventScroll: true });
});
