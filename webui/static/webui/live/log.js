// The log: the picture in words. Screen readers are told a summary now and then, not each line.
import { clock, element, word } from "./words.js";

const MOST_LINES = 300;
const SPEAK_EVERY = 3000;

export class Log {
  #list = document.getElementById("log");
  #filters = document.getElementById("log-filters");
  #count = document.getElementById("log-count");
  #speaker = document.getElementById("log-speaker");
  #unspoken = 0;
  #newest = "";

  constructor() {
    this.#filters.addEventListener("input", () => this.#apply());
    document.getElementById("log-clear").addEventListener("click", () => this.clear());
    setInterval(() => this.#speak(), SPEAK_EVERY);
  }

  draw(draw) {
    const line = this.#line(draw.time, draw.method, draw.transport);
    const opens = draw.own || "opensAll" in this.#list.dataset;
    const serial = element(opens ? "a" : "span", "serial", word("draw", { serial: draw.serial }));
    if (opens) serial.href = this.#list.dataset.receipts.replace(/1\/$/, `${draw.serial}/`);
    line.append(serial, " ", element("code", "", draw.method || word("erased")), " ");
    line.append(element("span", "way", word("transport", { transport: draw.transport })));
    if (draw.purpose) line.append(", “", element("bdi", "purpose", draw.purpose), "”");
    line.dataset.serial = draw.serial;
    this.#put(line);
  }

  // Something else that happened: a step of a client or a bridge, or that events are missing.
  say(time, text, method = "", transport = "") {
    const line = this.#line(time, method, transport);
    line.append(element("span", "", text));
    this.#put(line);
  }

  #line(time, method, transport) {
    const line = element("li");
    line.dataset.method = method;
    line.dataset.transport = transport;
    line.append(element("time", "", clock(time)), " ");
    return line;
  }

  #put(line) {
    this.#judge(line, this.#wanted());
    this.#list.prepend(line);
    while (this.#list.childElementCount > MOST_LINES) this.#list.lastElementChild.remove();
    this.#unspoken += 1;
    this.#newest = line.textContent;
    this.#tell();
  }

  clear() {
    this.#list.replaceChildren();
    this.#tell();
  }

  #wanted() {
    const fields = new FormData(this.#filters);
    return { text: fields.get("text").trim().toLowerCase(), method: fields.get("method"), transport: fields.get("transport") };
  }

  #judge(line, wanted) {
    line.hidden =
      (wanted.method && line.dataset.method !== wanted.method) ||
      (wanted.transport && line.dataset.transport !== wanted.transport) ||
      (wanted.text && !line.textContent.toLowerCase().includes(wanted.text));
  }

  #apply() {
    const wanted = this.#wanted();
    for (const line of this.#list.children) this.#judge(line, wanted);
    this.#tell();
  }

  #tell() {
    const all = this.#list.childElementCount;
    const shown = all - this.#list.querySelectorAll(":scope > [hidden]").length;
    this.#count.textContent = word("shown", { shown, all });
  }

  #speak() {
    if (!this.#unspoken) return;
    this.#speaker.textContent = word("spoken", { count: this.#unspoken, newest: this.#newest });
    this.#unspoken = 0;
  }
}
