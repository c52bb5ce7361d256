// The event stream. The browser comes back by itself when the connection breaks, and says which draw it saw last;
// when the site refuses instead, this asks once more to learn its words.
import { word } from "./words.js";

const KINDS = ["hello", "draws", "queue", "bridge", "client", "clients", "lost", "end"];

export class Stream {
  #address;
  #source = null;
  #last = "";
  #take;
  #say;

  // take(kind, data) gets each event; say(text) what is wrong, "" when nothing is.
  constructor(address, take, say) {
    this.#address = address;
    this.#take = take;
    this.#say = say;
  }

  open() {
    this.#source = new EventSource(this.#last ? `${this.#address}?after=${this.#last}` : this.#address);
    for (const kind of KINDS) this.#source.addEventListener(kind, (event) => this.#receive(kind, event));
    this.#source.addEventListener("open", () => this.#say(""));
    this.#source.addEventListener("error", () => this.#explain());
  }

  close() {
    this.#source?.close();
  }

  #receive(kind, event) {
    this.#last = event.lastEventId || this.#last;
    this.#take(kind, JSON.parse(event.data));
  }

  async #explain() {
    if (this.#source.readyState !== EventSource.CLOSED) {
      this.#say(word("reconnecting"));
      return;
    }
    this.#say(await this.#reason());
  }

  async #reason() {
    try {
      const stopping = new AbortController();
      const answer = await fetch(this.#address, { redirect: "manual", signal: stopping.signal });
      if (answer.ok) {
        // It is there again: this was a fault on the way.
        stopping.abort();
        setTimeout(() => this.open(), 2000);
        return word("reconnecting");
      }
      if (answer.status === 503) return word("full", { reason: await answer.text() });
      if (answer.status >= 500) return this.#later(word("fault"));
    } catch {
      return this.#later(word("reconnecting"));
    }
    return word("refused");
  }

  #later(text) {
    setTimeout(() => this.open(), 5000);
    return text;
  }
}
