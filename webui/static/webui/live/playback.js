// What is to be shown, in the order in which it happened: at once, one at a time, or slowly. While it is paused, what
// happens waits here; of very much only the newest.
const MOST_WAITING = 1000;

export class Playback {
  #waiting = [];
  #paused = false;
  #busy = false;
  #factor = 1;
  #dropped = 0;
  #onChange;

  constructor(onChange) {
    this.#onChange = onChange;
  }

  get paused() {
    return this.#paused;
  }

  get waiting() {
    return this.#waiting.length;
  }

  get dropped() {
    return this.#dropped;
  }

  get factor() {
    return this.#factor;
  }

  // show(milliseconds) is called when its turn has come; `micros` is how long the real thing took.
  add(show, micros = 0) {
    if (!this.#paused && this.#factor === 1 && !this.#waiting.length) {
      show();
      return;
    }
    this.#waiting.push({ show, micros });
    while (this.#waiting.length > MOST_WAITING) {
      this.#waiting.shift();
      this.#dropped += 1;
    }
    this.#onChange();
    this.#go();
  }

  pause() {
    this.#paused = true;
    this.#onChange();
  }

  resume() {
    this.#paused = false;
    this.#dropped = 0;
    this.#go();
    this.#onChange();
  }

  step() {
    this.#paused = true;
    this.#waiting.shift()?.show();
    this.#onChange();
  }

  slow(factor) {
    this.#factor = factor;
    this.#go();
  }

  async #go() {
    if (this.#busy) return;
    this.#busy = true;
    while (!this.#paused && this.#waiting.length) {
      const { show, micros } = this.#waiting.shift();
      if (this.#factor > 1) await this.#linger(micros);
      show();
      this.#onChange();
    }
    this.#busy = false;
  }

  // As long as the real thing took, times the factor: at least so long that one sees it, at most so that one waits for it.
  #linger(micros) {
    const milliseconds = (micros / 1000) * this.#factor;
    return new Promise((resolve) => setTimeout(resolve, Math.min(4000, Math.max(300, milliseconds))));
  }
}
