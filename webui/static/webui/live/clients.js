// The clients that this page runs: added by name, sent off alone or all at once, each step with its time and its bytes.
import { element, wallClock, word } from "./words.js";

const MOST_REMEMBERED = 500;

export class Clients {
  #root;
  #picture;
  #log;
  #playback;
  #list = document.getElementById("clients");
  #template = document.getElementById("client");
  #race = document.getElementById("race");
  #trouble = document.getElementById("clients-trouble");
  #token;
  #shown = new Map();
  #drawn = [];
  #racing = null;

  constructor(root, picture, log, playback) {
    this.#root = root;
    this.#picture = picture;
    this.#log = log;
    this.#playback = playback;
    const form = document.getElementById("add-client");
    if (!form) return;
    this.#token = form.elements.csrfmiddlewaretoken.value;
    form.addEventListener("submit", (event) => this.#add(event));
    document.getElementById("send-all").addEventListener("submit", (event) => this.#sendAll(event));
  }

  get any() {
    return this.#shown.size > 0;
  }

  hasDrawn(serial) {
    return this.#drawn.includes(serial);
  }

  // --- what the person does ---

  async #add(event) {
    event.preventDefault();
    const form = event.currentTarget;
    if (await this.#post(form.action, new FormData(form))) form.elements.name.value = "";
    form.elements.name.focus();
  }

  async #sendAll(event) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    this.#racing = { wanted: new Set(this.#shown.keys()), served: [] };
    this.#race.textContent = "";
    if (!(await this.#post(this.#root.dataset.send, fields))) this.#racing = null;
  }

  async #post(address, fields = new FormData()) {
    fields.set("csrfmiddlewaretoken", this.#token);
    let error = "";
    try {
      const answer = await fetch(address, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
      const isOurs = answer.headers.get("content-type")?.startsWith("application/json");
      if (!answer.ok) error = isOurs ? (await answer.json()).error : word(answer.status >= 500 ? "fault" : "refused");
    } catch {
      error = word("unreachable");
    }
    this.#trouble.textContent = error;
    this.#trouble.hidden = !error;
    return !error;
  }

  // --- which there are ---

  set(clients) {
    const numbers = new Set(clients.map(({ number }) => number));
    for (const [number, item] of this.#shown) {
      if (numbers.has(number)) continue;
      item.remove();
      this.#shown.delete(number);
    }
    for (const client of clients) if (!this.#shown.has(client.number)) this.#show(client);
    this.#picture.clients(clients);
    const all = document.getElementById("send-all");
    if (all) all.hidden = clients.length < 2;
  }

  #show({ number, name }) {
    const item = this.#template.content.cloneNode(true).firstElementChild;
    item.querySelector("h3").textContent = name;
    item.dataset.client = number;
    const form = item.querySelector("form");
    form.elements.client.value = number;
    for (const button of item.querySelectorAll("button")) button.setAttribute("aria-label", `${button.textContent.trim()}: ${name}`);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#post(this.#root.dataset.send, new FormData(form));
    });
    item.querySelector(".remove").addEventListener("click", () => this.#post(this.#root.dataset.remove.replace("/0/", `/${number}/`)));
    this.#list.append(item);
    this.#shown.set(number, item);
  }

  // --- what they do ---

  take(told) {
    if (told.serial) this.#remember(told.serial);
    told.steps.forEach((step, index) => {
      const before = index ? told.steps[index - 1].micros : (this.#shown.get(told.client)?.lastMicros ?? 0);
      this.#playback.add(() => this.#step(told, step), Math.max(0, step.micros - before));
    });
    const item = this.#shown.get(told.client);
    if (item && told.steps.length) item.lastMicros = told.steps.at(-1).micros;
    if (told.serial || told.error) this.#playback.add(() => this.#result(told));
  }

  #remember(serial) {
    this.#drawn.push(serial);
    if (this.#drawn.length > MOST_REMEMBERED) this.#drawn.shift();
  }

  #step(told, step) {
    this.#picture.step(told.client, step.step);
    const item = this.#shown.get(told.client);
    const text = word(`step-${step.step}`, { bytes: step.bytes });
    if (step.step !== "closed") {
      this.#log.say(`0000-00-00T${wallClock(step.time)}Z`, word("client-step", { name: told.name, micros: step.micros.toLocaleString(), step: text }), "", "");
    }
    if (!item) return;
    const table = item.querySelector("tbody");
    if (Number(item.dataset.exchange) !== told.exchange) {
      item.dataset.exchange = told.exchange;
      table.replaceChildren();
      item.querySelector(".bytes").replaceChildren();
      item.querySelector(".result").textContent = "";
    }
    item.querySelector("details").hidden = false;
    const row = element("tr");
    row.append(element("td", "micros", `${step.micros.toLocaleString()} µs`), element("td", "", text));
    // That a request was written is known here only afterwards: the daemon may have it by then.
    row.dataset.micros = step.micros;
    const later = [...table.rows].find((other) => Number(other.dataset.micros) > step.micros);
    table.insertBefore(row, later ?? null);
    if (step.text) item.querySelector(".bytes").append(this.#bytes(step));
  }

  #bytes(step) {
    const shown = element("figure");
    shown.append(element("figcaption", "", word(step.step === "read" ? "bytes-in" : "bytes-out", { bytes: step.bytes })));
    const text = element("code", "", step.text.replaceAll("\n", "⏎\n").trimEnd());
    const block = element("pre");
    block.tabIndex = 0;
    block.append(text);
    shown.append(block);
    return shown;
  }

  #result(told) {
    const item = this.#shown.get(told.client);
    const text = told.error ? word(`trouble-${told.error.kind}`, { needed: told.error.data[0], left: told.error.data[1] }) : told.values.join(" ");
    if (item) {
      const result = item.querySelector(".result");
      result.textContent = told.error ? text : word("result", { serial: told.serial, values: text });
      result.classList.toggle("wrong-text", Boolean(told.error));
    }
    this.#rank(told);
  }

  // All at once: who was served first is what the serial numbers say.
  #rank(told) {
    if (!this.#racing?.wanted.delete(told.client)) return;
    if (told.serial) this.#racing.served.push(told);
    if (this.#racing.wanted.size) return;
    const order = this.#racing.served.sort((one, other) => one.serial - other.serial);
    this.#race.textContent = word("race", { order: order.map(({ name, serial }, index) => `${index + 1}. ${name} (${word("draw", { serial })})`).join(" → ") });
    this.#racing = null;
  }
}
