// Classic bridges: a small picture of each, with its two FIFOs and with who signals whom.
import { element, wallClock, word } from "./words.js";

const MOST_STEPS = 40;
const FLASH = 700;

export class Bridges {
  #log;
  #playback;
  #section = document.getElementById("classic");
  #list = document.getElementById("bridges");
  #template = document.getElementById("bridge");
  #shown = new Map();

  constructor(log, playback) {
    this.#log = log;
    this.#playback = playback;
  }

  begin(found) {
    for (const place of [...this.#shown.keys()]) if (!found.some((told) => told.place === place)) this.#remove(place);
    for (const told of found) {
      const item = this.#item(told);
      item.querySelector(".steps").replaceChildren();
      for (const step of told.steps) this.#write(item, told, step);
    }
  }

  take(told) {
    const item = this.#item(told);
    told.steps.forEach((step, index) => {
      const micros = index ? step.micros - told.steps[index - 1].micros : 0;
      this.#playback.add(() => this.#show(item, told, step), micros);
    });
    if (!told.isThere) this.#remove(told.place);
  }

  #item(told) {
    if (!this.#shown.has(told.place)) {
      this.#shown.set(told.place, this.#template.content.cloneNode(true).firstElementChild);
      this.#list.append(this.#shown.get(told.place));
    }
    const item = this.#shown.get(told.place);
    item.querySelector(".place").textContent = `${told.place}/classic.trace`;
    if (told.fifo1) item.querySelector(".fifo1 text").textContent = told.fifo1.split("/").at(-1);
    if (told.fifo2) item.querySelector(".fifo2 text").textContent = told.fifo2.split("/").at(-1);
    if (told.fifo1) item.querySelector(".fifos").textContent = word("fifos", { one: told.fifo1, two: told.fifo2 });
    if (told.pid) item.querySelector(".bridge-pid").textContent = word("pid", { pid: told.pid });
    this.#section.hidden = false;
    return item;
  }

  #remove(place) {
    this.#shown.get(place)?.remove();
    this.#shown.delete(place);
    this.#section.hidden = this.#shown.size === 0;
  }

  #show(item, told, step) {
    this.#write(item, told, step);
    const parts = {
      question: [".asker", ".fifo1"],
      dropped: [".fifo1"],
      drawn: [".server"],
      answered: [".server", ".fifo2"],
      signalled: [".server", ".signal-out"],
      acknowledged: step.reason === "SIGUSR1" ? [".asker", ".signal-in"] : [".asker", ".fifo2"],
    };
    for (const part of parts[step.step] ?? [".server"]) {
      const shown = item.querySelector(part);
      shown.classList.add("busy");
      setTimeout(() => shown.classList.remove("busy"), FLASH);
    }
    this.#log.say(`0000-00-00T${wallClock(step.time)}Z`, word("bridge-step", { step: this.#text(item, told, step) }), "", "classic");
  }

  #write(item, told, step) {
    if (step.pid && step.pid !== told.pid) {
      item.dataset.asker = step.pid;
      item.querySelector(".asker-pid").textContent = word("pid", { pid: step.pid });
    }
    const line = element("li");
    line.append(element("time", "", wallClock(step.time)), ` ${this.#text(item, told, step)}`);
    const steps = item.querySelector(".steps");
    steps.prepend(line);
    while (steps.childElementCount > MOST_STEPS) steps.lastElementChild.remove();
  }

  #text(item, told, step) {
    const asker = step.pid ?? item.dataset.asker ?? "?";
    const name = step.step === "acknowledged" && step.reason !== "SIGUSR1" ? "bridge-taken" : `bridge-${step.step.replace(" ", "-")}`;
    return word(name, { bridge: told.pid ?? "?", client: asker, serial: step.serial, bytes: step.bytes, reason: step.reason ?? "" });
  }
}
