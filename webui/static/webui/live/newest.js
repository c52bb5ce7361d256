// One's own newest draws at the foot of the page: the page brings those that were there, this adds what comes.
import { element, word } from "./words.js";

export class Newest {
  #list = document.getElementById("newest");
  #none = document.getElementById("none-drawn");

  // In the order of their numbers: what comes with the stream's beginning may stand here already, or be older.
  add(draw) {
    const lines = [...this.#list.children];
    if (lines.some((line) => Number(line.dataset.serial) === draw.serial)) return;
    const older = lines.find((line) => Number(line.dataset.serial) < draw.serial);
    this.#list.insertBefore(this.#line(draw), older ?? null);
    while (this.#list.childElementCount > Number(this.#list.dataset.most)) this.#list.lastElementChild.remove();
    this.#list.hidden = false;
    this.#none.hidden = true;
  }

  #line({ serial, method, purpose, time }) {
    const line = element("li");
    line.dataset.serial = serial;
    const link = element("a", "", word("newest-draw", { serial }));
    link.href = this.#list.dataset.receipts.replace(/1\/$/, `${serial}/`);
    line.append(link, " ", element("code", "", method || word("erased")));
    if (purpose) line.append(" “", element("bdi", "purpose", purpose), "”");
    const when = element("time", "", `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`);
    when.dateTime = time;
    line.append(" ", when);
    return line;
  }
}
