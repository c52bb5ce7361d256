// The page's own words, which stand translated in <template id="words">: word("waiting", {count: 3}).
const found = new Map();
for (const item of document.getElementById("words").content.children) found.set(item.dataset.word, item.textContent.trim());

export function word(name, values = {}) {
  return (found.get(name) ?? name).replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);
}

// 2026-11-23T08:00:00.123456Z as people read it; the microseconds stay.
export function clock(time) {
  return time.slice(11, 26);
}

export function wallClock(seconds) {
  const micros = Math.round(seconds * 1e6);
  return new Date(Math.floor(micros / 1000)).toISOString().slice(11, 23) + String(micros % 1000).padStart(3, "0");
}

export function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== "") made.textContent = text;
  return made;
}

export const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
