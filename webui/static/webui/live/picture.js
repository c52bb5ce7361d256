// The picture: boxes and pipes, and dots that go from one to the next. The parts stand in the page; this puts them in
// their places, adds one row for each client, and moves what moves.
import { layout } from "./layout.js";
import { isCalm, word } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const MOST_DOTS = 60;
const FLASH = 450;
const MARGIN = 6;

function make(name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

// Letters are of many widths, so what fits into its box is measured, once it is in the page.
function shorten(text) {
  const room = Number(text.parentNode.querySelector("rect").getAttribute("width")) - 2 * MARGIN;
  const letters = [...text.textContent];
  while (letters.length && text.getComputedTextLength() > room) {
    letters.pop();
    text.textContent = `${letters.join("").trimEnd()}…`;
  }
}

const line = (points) => points.map(([x, y], index) => `${index ? "L" : "M"}${x} ${y}`).join(" ");

export class Picture {
  #svg = document.getElementById("picture");
  #rows = [{ key: "", name: word("everybody") }];
  #places = layout(1);
  #dots = 0;
  #level = 0;

  constructor() {
    matchMedia("(max-width: 44rem)").addEventListener("change", () => this.#arrange());
    this.#arrange();
  }

  // --- what is in it ---

  clients(clients) {
    this.#rows = [this.#rows[0], ...clients.map(({ number, name, hasFifo }) => ({ key: String(number), name, hasFifo }))];
    this.#arrange();
  }

  #arrange() {
    this.#places = layout(this.#rows.length);
    const [width, height] = this.#places.box;
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#svg.dataset.laid = "1"; // until then the sheet keeps its room
    for (const part of ["requests", "daemon", "ledger"]) this.#put(this.#svg.querySelector(`#part-${part}`), this.#places[part]);
    this.#lines();
    const parent = this.#svg.querySelector("#part-rows");
    parent.replaceChildren(...this.#rows.flatMap((row, number) => this.#row(row, number)));
    for (const text of parent.querySelectorAll("text")) shorten(text);
    this.#fill(this.#level);
  }

  #put(part, { x, y, width, height }) {
    part.setAttribute("transform", `translate(${x} ${y})`);
    const shape = part.querySelector("rect");
    shape.setAttribute("width", width);
    shape.setAttribute("height", height);
    for (const text of part.querySelectorAll("text")) text.setAttribute("x", width / 2);
  }

  #lines() {
    const { paths } = this.#places;
    const all = [paths.take(), paths.record()];
    this.#rows.forEach((_, number) => all.push(paths.ask(number), paths.answer(number), paths.arrive(number)));
    this.#svg.querySelector("#part-lines").replaceChildren(...all.map((points) => make("path", { d: line(points), class: "line" })));
  }

  #row(row, number) {
    const client = this.#part(`client-${row.key}`, "client", "#note-clients", this.#places.client(number), row.name, 27, 8);
    const place = this.#places.reply(number);
    const reply = this.#part(`reply-${row.key}`, "pipe", "#note-replies", place, "replies/••••", place.height / 2 + 5, place.height / 2);
    reply.classList.toggle("unmade", row.hasFifo === false);
    return [client, reply];
  }

  #part(id, kind, note, place, text, baseline, radius) {
    const part = make("a", { id: `part-${id}`, href: note, class: `part ${kind}` });
    part.append(make("title", {}, text), make("rect", { rx: radius }), make("text", { y: baseline }, text));
    this.#put(part, place);
    return part;
  }

  // --- what it says ---

  queue({ daemon, bytes, capacity }) {
    this.#svg.dataset.daemon = daemon;
    this.#svg.querySelector("#daemon-state").textContent = word(`daemon-${daemon}`);
    this.#svg.querySelector("#queue-bytes").textContent = word("queued", { bytes: bytes.toLocaleString(), capacity: capacity / 1024 });
    this.#fill(bytes ? Math.max(0.02, Math.min(1, bytes / capacity)) : 0);
  }

  #fill(level) {
    this.#level = level;
    const { width, height } = this.#places.requests;
    const fill = this.#svg.querySelector("#queue-fill");
    fill.setAttribute("height", height);
    fill.setAttribute("width", width * level);
    fill.setAttribute("x", width * (1 - level));
  }

  newest(serial) {
    this.#svg.querySelector("#ledger-newest").textContent = word("newest", { serial });
  }

  // --- what moves ---

  // A whole draw of somebody else, whose steps nobody here saw: from the client to the ledger and back.
  async draw() {
    const { paths } = this.#places;
    const way = [...paths.ask(0), ...paths.take(), ...paths.record()];
    const back = [...[...paths.record()].reverse(), ...paths.answer(0), ...paths.arrive(0)];
    this.#flash("client-", "requests", "daemon");
    await this.#move(way, 500);
    this.#flash("ledger");
    await this.#move(back, 500);
    this.#flash("reply-", "client-");
  }

  // One step of a client of this page.
  async step(client, step) {
    const row = this.#rows.findIndex(({ key }) => key === String(client));
    if (row < 0) return;
    const { paths } = this.#places;
    const key = this.#rows[row].key;
    const ways = {
      made: [[], [`reply-${key}`]],
      written: [paths.ask(row), [`client-${key}`, "requests"]],
      received: [paths.take(), ["daemon"]],
      recorded: [paths.record(), ["ledger"]],
      readable: [paths.answer(row), [`reply-${key}`]],
      read: [paths.arrive(row), [`client-${key}`]],
      closed: [[], [`reply-${key}`]],
    };
    if (step === "made" || step === "closed") this.#made(row, step === "made");
    const [way, parts] = ways[step] ?? [[], []];
    if (way.length) await this.#move(way, 300);
    this.#flash(...parts);
  }

  #made(row, hasFifo) {
    this.#rows[row].hasFifo = hasFifo;
    document.getElementById(`part-reply-${this.#rows[row].key}`).classList.toggle("unmade", !hasFifo);
  }

  #flash(...parts) {
    for (const id of parts) {
      const part = document.getElementById(`part-${id}`);
      part?.classList.add("busy");
      setTimeout(() => part?.classList.remove("busy"), FLASH);
    }
  }

  async #move(points, duration) {
    if (isCalm() || document.hidden || this.#dots >= MOST_DOTS) return;
    const dot = make("circle", { r: 6, class: "dot" });
    this.#svg.append(dot);
    this.#dots += 1;
    const frames = points.map(([x, y]) => ({ transform: `translate(${x}px, ${y}px)` }));
    await dot.animate(offsets(frames, points), { duration, easing: "linear" }).finished;
    dot.remove();
    this.#dots -= 1;
  }
}

// Keyframes at distances along the way, so that a dot does not hurry through long parts.
function offsets(frames, points) {
  const lengths = points.map(([x, y], index) => (index ? Math.hypot(x - points[index - 1][0], y - points[index - 1][1]) : 0));
  const whole = lengths.reduce((sum, length) => sum + length, 0) || 1;
  let gone = 0;
  return frames.map((frame, index) => ({ ...frame, offset: Math.min(1, (gone += lengths[index]) / whole) }));
}
