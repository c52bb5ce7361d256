"""One look at ledger, request FIFO and bridges for all who watch: however many there are, the daemon is asked nothing.

A thread looks every few milliseconds while somebody watches. What it finds goes to the event loop, which puts it into
each watcher's queue. Queues have an end: who does not keep up loses messages and is told how many.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from webui.live import requests
from webui.live.bridges import Bridges, Told
from webui.live.messages import Bundle, message, seen_by
from webui.live.requests import Queue
from webui.live.tail import RECENT, Drawn, LedgerTail

log = logging.getLogger(__name__)

TICK = 0.02
MOST_WAITING = 256
MOST_WATCHERS = 400
MOST_OF_ONE_ACCOUNT = 20
SHOWN_AT_FIRST = 20

ClientsOf = Callable[[int], list[dict[str, object]]]
"""The clients that an account's pages run, for a page that begins to watch."""


class Full(Exception):
    """No more watchers are taken; the text says why."""


@dataclass(eq=False)
class Watcher:
    """Somebody who looks: an account, its name in records, and what waits to be sent."""

    account: int
    drawer: str
    after: int | None = None
    waiting: deque[bytes] = field(default_factory=deque)
    lost: int = 0
    has_ended: bool = False
    awake: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, piece: bytes) -> None:
        """Queue a message, or lose it."""
        if len(self.waiting) < MOST_WAITING:
            self.waiting.append(piece)
        else:
            self.lost += 1
        self.awake.set()

    def end(self, why: str) -> None:
        """Send what waits, and no more."""
        self.waiting.append(message("end", {"why": why}))
        self.has_ended = True
        self.awake.set()

    def take(self) -> bytes:
        """All that waits, in one piece."""
        self.awake.clear()
        pieces = [*self.waiting]
        self.waiting.clear()
        if self.lost:
            pieces.append(message("lost", {"messages": self.lost}))
            self.lost = 0
        return b"".join(pieces)


@dataclass(frozen=True)
class Found:
    """What one look brought."""

    draws: Sequence[Drawn] = ()
    queue: Queue | None = None
    bridges: Sequence[Told] = ()
    recent: Sequence[Drawn] | None = None


class Lookout(threading.Thread):
    """Looks, and hands what is new to a function, until it is stopped."""

    def __init__(self, ledger: Path, runtime_dir: Path, found: "Callable[[Lookout, Found | None], None]") -> None:
        super().__init__(name="live view", daemon=True)
        self._tail = LedgerTail(str(ledger))
        self._runtime_dir = runtime_dir
        self._bridges = Bridges(runtime_dir)
        self._found = found
        self._queue: Queue | None = None
        self.stopped = threading.Event()

    def run(self) -> None:
        """Look around once, then for what changes; hands over None if it cannot go on."""
        try:
            self._watch()
        except Exception:
            log.exception("the live view cannot go on; its watchers begin anew")
            self._found(self, None)
        finally:
            self._bridges.close()

    def _watch(self) -> None:
        recent = self._tail.begin()
        self._found(self, Found(queue=self._look_at_queue(), bridges=self._bridges.read(), recent=recent))
        while not self.stopped.wait(TICK):
            self._look()

    def _look(self) -> None:
        found = Found(self._tail.read(), self._look_at_queue(), self._bridges.read())
        if found.draws or found.queue or found.bridges:
            self._found(self, found)

    def _look_at_queue(self) -> Queue | None:
        queue = requests.look(self._runtime_dir)
        changed = queue != self._queue
        self._queue = queue
        return queue if changed else None


class Hub:
    """All watchers of this process. Its methods belong to the event loop, but for `tell`."""

    def __init__(self, ledger: Path, runtime_dir: Path) -> None:
        self._places = ledger, runtime_dir
        self.clients_of: ClientsOf = lambda account: []
        self._watchers: set[Watcher] = set()
        self._newcomers: list[Watcher] = []
        self._lookout: Lookout | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._recent: deque[Drawn] = deque(maxlen=RECENT)
        self._queue: Queue | None = None
        self._bridges: dict[str, Told] = {}
        self.is_stopping = False

    # --- who watches ---

    def join(self, watcher: Watcher) -> None:
        """Let somebody watch; raises Full."""
        of_account = sum(other.account == watcher.account for other in self._watchers)
        if len(self._watchers) >= MOST_WATCHERS:
            raise Full(f"{MOST_WATCHERS} live views are open, which is as many as this site serves; try again later")
        if of_account >= MOST_OF_ONE_ACCOUNT:
            raise Full(f"this account has {MOST_OF_ONE_ACCOUNT} live views open; close one, then reload this page")
        self._watchers.add(watcher)
        if self._lookout is None:
            self._begin_to_look()
            self._newcomers.append(watcher)
        elif self._newcomers:
            self._newcomers.append(watcher)
        else:
            self._greet(watcher)

    def _begin_to_look(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lookout = Lookout(*self._places, self._hand_over)
        self._lookout.start()

    def leave(self, watcher: Watcher) -> None:
        """Somebody has gone; with the last one the looking ends."""
        self._watchers.discard(watcher)
        if watcher in self._newcomers:
            self._newcomers.remove(watcher)
        if not self._watchers and self._lookout is not None:
            self._lookout.stopped.set()
            self._lookout = None

    def is_watched_by(self, account: int) -> bool:
        """Whether an account has a live view open."""
        return any(watcher.account == account for watcher in list(self._watchers))

    def stop(self) -> None:
        """End all streams: the server stops."""
        self.is_stopping = True
        self._end_all("stopping")

    def _end_all(self, why: str) -> None:
        for watcher in list(self._watchers):
            watcher.end(why)

    # --- what they see ---

    def _hand_over(self, lookout: Lookout, found: Found | None) -> None:
        try:
            assert self._loop is not None
            self._loop.call_soon_threadsafe(self._take, lookout, found)
        except RuntimeError:
            lookout.stopped.set()  # the loop is closed: the server has stopped

    def _take(self, lookout: Lookout, found: Found | None) -> None:
        if lookout is not self._lookout:
            return
        if found is None:
            self._lookout = None
            self._end_all("fault")
            return
        if found.recent is not None:
            self._recent.clear()
            self._recent.extend(found.recent)
            self._bridges.clear()
        self._spread(found)
        for watcher in self._newcomers:
            self._greet(watcher)
        self._newcomers.clear()

    def _spread(self, found: Found) -> None:
        self._recent.extend(found.draws)
        self._queue = found.queue or self._queue
        watchers = [watcher for watcher in self._watchers if watcher not in self._newcomers]
        if found.draws:
            bundle = Bundle(found.draws)
            for watcher in watchers:
                watcher.put(bundle.for_watcher(watcher.drawer))
        pieces = [message("queue", found.queue.as_json())] if found.queue else []
        for told in found.bridges:
            self._bridges[told.place] = told.onto(self._bridges.get(told.place))
            pieces.append(message("bridge", told.as_json()))
        for piece in pieces:
            for watcher in watchers:
                watcher.put(piece)

    def _greet(self, watcher: Watcher) -> None:
        """Say how things are, and what was drawn since the watcher was last here."""
        recent = [*self._recent]
        if watcher.after is None or not recent or watcher.after > recent[-1].serial:
            missed, shown = 0, recent[-SHOWN_AT_FIRST:]
        else:
            missed = max(0, recent[0].serial - 1 - watcher.after)
            shown = [draw for draw in recent if draw.serial > watcher.after]
        data: dict[str, object] = {
            "draws": seen_by(watcher.drawer, shown),
            "missed": missed,
            "queue": self._queue.as_json() if self._queue else None,
            "bridges": [told.as_json() for told in self._bridges.values() if told.is_there],
            "clients": self.clients_of(watcher.account),
        }
        watcher.put(message("hello", data, recent[-1].serial if recent else None))

    def tell(self, account: int, piece: bytes) -> None:
        """From any thread: a message for one account's live views."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, account, piece)

    def _tell(self, account: int, piece: bytes) -> None:
        for watcher in self._watchers:
            if watcher.account == account:
                watcher.put(piece)
