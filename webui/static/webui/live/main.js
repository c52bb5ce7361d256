// The live view: events come from the stream, wait in the playback if somebody pauses it, and show in picture and log.
import { Bridges } from "./bridges.js";
import { Clients } from "./clients.js";
import { Log } from "./log.js";
import { Newest } from "./newest.js";
import { openNotes } from "./notes.js";
import { Picture } from "./picture.js";
import { Playback } from "./playback.js";
import { Stream } from "./stream.js";
import { word } from "./words.js";

const OWN_MAY_BE_KNOWN_AFTER = 150;
const root = document.getElementById("live");
const trouble = document.getElementById("trouble");
const state = document.getElementById("state");
const pause = document.getElementById("pause");

const playback = new Playback(showState);
const picture = new Picture();
const log = new Log();
const newest = new Newest();
const clients = new Clients(root, picture, log, playback);
const bridges = new Bridges(log, playback);

function showState() {
  pause.textContent = word(playback.paused ? "resume" : "pause");
  pause.setAttribute("aria-pressed", String(playback.paused));
  const waiting = playback.waiting ? word("waiting", { count: playback.waiting }) : "";
  const dropped = playback.dropped ? word("dropped", { count: playback.dropped }) : "";
  state.textContent = [word(playback.paused ? "paused" : "following"), waiting, dropped].filter(Boolean).join(" · ");
}

function say(text) {
  if (trouble.textContent !== text) trouble.textContent = text;
  trouble.hidden = !text;
}

function now() {
  return new Date().toISOString().replace("Z", "000Z");
}

function show(draw, moves = true) {
  log.draw(draw);
  picture.newest(draw.serial);
  if (draw.own) newest.add(draw);
  if (moves && !clients.hasDrawn(draw.serial)) picture.draw();
}

// A draw of one's own may be one of this page's clients', which then shows its steps instead.
function take(draw) {
  if (!draw.own || clients.hasDrawn(draw.serial)) playback.add(() => show(draw));
  else setTimeout(() => playback.add(() => show(draw)), clients.any ? OWN_MAY_BE_KNOWN_AFTER : 0);
}

const takers = {
  hello({ draws, missed, queue, bridges: found, clients: own }) {
    if (missed) log.say(now(), word("missed", { count: missed }));
    // Those of before stand in the log from the beginning; who comes back after a break sees what happened meanwhile.
    for (const draw of draws) root.dataset.ready ? take(draw) : show(draw, false);
    if (queue) picture.queue(queue);
    bridges.begin(found);
    clients.set(own);
    root.dataset.ready = "1";
  },
  draws({ draws, more }) {
    if (more) log.say(now(), word("more", { count: more }));
    draws.forEach(take);
  },
  queue(queue) {
    picture.queue(queue);
    root.dataset.daemon = queue.daemon;
  },
  bridge: (told) => bridges.take(told),
  client: (told) => clients.take(told),
  clients: ({ clients: own }) => clients.set(own),
  lost({ messages }) {
    log.say(now(), word("lost", { count: messages }));
  },
  end({ why }) {
    if (why === "stopping") say(word("reconnecting"));
  },
};

pause.addEventListener("click", () => (playback.paused ? playback.resume() : playback.pause()));
document.getElementById("step").addEventListener("click", () => playback.step());
document.getElementById("speed").addEventListener("change", (event) => playback.slow(Number(event.target.value)));
openNotes();
showState();

const stream = new Stream(root.dataset.events, (kind, data) => takers[kind](data), say);
stream.open();
// A page that is kept for “back” must not keep a stream open, and needs a new one when it is shown again.
addEventListener("pagehide", () => stream.close());
addEventListener("pageshow", (event) => event.persisted && stream.open());

