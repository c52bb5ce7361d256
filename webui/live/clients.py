"""Clients that a page runs: real ones, each with a reply FIFO of its own, on behalf of the account that is logged in.

They belong to this process. Who has no live view open any more, or lets them lie idle, loses them.
"""

import logging
import threading
import time
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from django.contrib.auth.models import User

from fifod.client import Client, FifodError
from fifod.errors import LedgerError, NoPermission, NotFound, RequestError
from fifod.ledger.reader import LedgerReader
from fifod.names import INTEGERS
from webui import gateway
from webui.live import steps
from webui.live.messages import message
from webui.live.steps import Clock, Step

log = logging.getLogger(__name__)

MOST_OF_ONE_ACCOUNT = 8
MOST_CLIENTS = 64
AT_ONCE = 16
"""Threads. With fewer clients than that none waits for another."""

SECONDS_FOR_A_DRAW = 10.0
KEPT_UNWATCHED = 60.0
KEPT_IDLE = 600.0
SWEEP_EVERY = 20.0
START_TOGETHER_WITHIN = 2.0

Tell = Callable[[int, bytes], None]
Starting = Callable[[], None]


class NoRoom(Exception):
    """No more clients: `of_account` or not."""

    def __init__(self, of_account: bool) -> None:
        self.of_account = of_account


class NameTaken(Exception):
    """Another client of the account has the name."""


@dataclass(frozen=True)
class Place:
    """Where daemon and ledger are."""

    runtime_dir: Path
    ledger: Path


@dataclass(eq=False)
class PageClient:
    """One client: its name on the page, and what it is doing."""

    account: int
    number: int
    name: str
    place: Place
    user: str
    tell: Tell
    used_at: float = field(default_factory=time.monotonic)
    unwatched_since: float | None = None
    is_removed: bool = False
    has_fifo: bool = False
    exchange: int = 0

    def __post_init__(self) -> None:
        self._working = threading.Lock()
        self._clock = Clock.now()
        self._held: list[Step] = []
        self._client = Client(str(self.place.runtime_dir), timeout=SECONDS_FOR_A_DRAW, user=self.user, watch=self._note)

    def as_json(self) -> dict[str, object]:
        """What its page is told of it."""
        return {"number": self.number, "name": self.name, "hasFifo": self.has_fifo}

    @property
    def is_busy(self) -> bool:
        """Whether it waits for a reply."""
        return self._working.locked()

    def draw(self, params: dict[str, object], start: Starting) -> bool:
        """Draw, and tell of each step: what goes before the reply at once, so that one sees it wait.

        Whether it could start: not if it is busy.
        """
        if not self._working.acquire(blocking=False):
            return False
        try:
            start()
            self._exchange(params)
            self.used_at = time.monotonic()
        finally:
            self._working.release()
            if self.is_removed:
                self.close()
        return True

    def _exchange(self, params: dict[str, object]) -> None:
        self.exchange += 1
        self._clock, self._held = Clock.now(), []
        try:
            self._ask(params)
        except RequestError as error:  # an answer like any other
            self._publish(self._held, error=steps.trouble(error))
        except Exception as error:
            if not isinstance(error, FifodError):
                log.exception("the live view cannot tell what became of a draw")
            self._publish(self._held, error=steps.trouble(error))
            self._client.close()  # an answer that comes later must find nobody

    def _ask(self, params: dict[str, object]) -> None:
        reply = self._client.call(INTEGERS, params, purpose=f"live view: {self.name}")
        serial = reply.serial_number
        self._publish([*self._recorded(serial), *self._held], serial=serial, values=reply.data)

    def _recorded(self, serial: int) -> list[Step]:
        """The daemon's own two times, from the record; it was written before the reply."""
        try:
            record = LedgerReader(str(self.place.ledger)).find(serial)
            return self._clock.of_record(record)
        except (LedgerError, NoPermission, NotFound):
            return []

    def _note(self, name: str, data: bytes) -> None:
        step = self._clock.step(name, data)
        if name in steps.HELD:
            self._held.append(step)
            return
        self.has_fifo = name != steps.CLOSED
        self._publish([step])

    def _publish(self, taken: Sequence[Step], **more: object) -> None:
        data: dict[str, object] = {"client": self.number, "name": self.name, "exchange": self.exchange}
        data["steps"] = [step.as_json() for step in sorted(taken, key=lambda step: step.micros)]
        self.tell(self.account, message("client", data | more))

    def close(self) -> None:
        """Remove its reply FIFO, now or as soon as it has its reply."""
        self.is_removed = True
        if self._working.acquire(blocking=False):
            try:
                self._client.close()
            finally:
                self._working.release()


def _look_alike(one: str, other: str) -> bool:
    """Whether people could not tell two names apart on a page, which shows several spaces as one."""
    seen = [" ".join(unicodedata.normalize("NFKC", name).split()).casefold() for name in (one, other)]
    return seen[0] == seen[1]


def _draw(client: PageClient, params: dict[str, object], together: threading.Barrier | None) -> None:
    def start() -> None:
        if together is not None:
            try:
                together.wait(START_TOGETHER_WITHIN)
            except threading.BrokenBarrierError:
                pass  # others keep the threads busy, or one was asked elsewhere: then one after the other

    if not client.draw(params, start) and together is not None:
        together.abort()  # the others would wait for it


class Clients:
    """All clients of this process."""

    def __init__(self, tell: Tell, is_watched: Callable[[int], bool]) -> None:
        self._tell = tell
        self._is_watched = is_watched
        self._lock = threading.Lock()
        self._all: dict[tuple[int, int], PageClient] = {}
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="client")
        self._sweeper: threading.Timer | None = None

    def of(self, account: int) -> list[PageClient]:
        """Those of one account, in the order in which they were added."""
        with self._lock:
            return [client for client in self._all.values() if client.account == account]

    def as_json(self, account: int) -> list[dict[str, object]]:
        """The same for its pages."""
        return [client.as_json() for client in self.of(account)]

    def add(self, account: User, name: str, place: Place) -> PageClient:
        """One more; raises NoRoom or NameTaken."""
        with self._lock:
            own = [client for client in self._all.values() if client.account == account.pk]
            if any(_look_alike(client.name, name) for client in own):
                raise NameTaken
            taken = {client.number for client in own}
            if len(taken) >= MOST_OF_ONE_ACCOUNT or len(self._all) >= MOST_CLIENTS:
                raise NoRoom(len(taken) >= MOST_OF_ONE_ACCOUNT)
            number = next(number for number in range(1, MOST_CLIENTS + 1) if number not in taken)
            client = PageClient(account.pk, number, name, place, gateway.record_name(account), self._tell)
            self._all[account.pk, number] = client
            self._sweep_later()
        self._tell_all(account.pk)
        return client

    def send(self, clients: Sequence[PageClient], params: dict[str, object]) -> None:
        """Have them draw: several start together, as nearly as a machine can."""
        free = [client for client in clients if not client.is_busy]
        together = threading.Barrier(len(free)) if 1 < len(free) <= AT_ONCE else None
        for client in free:
            self._threads.submit(_draw, client, params, together)

    def remove(self, client: PageClient) -> None:
        """Take one away."""
        with self._lock:
            self._all.pop((client.account, client.number), None)
        client.close()
        self._tell_all(client.account)

    def _tell_all(self, account: int) -> None:
        self._tell(account, message("clients", {"clients": self.as_json(account)}))

    def close(self) -> None:
        """Remove all: the server stops."""
        with self._lock:
            clients = [*self._all.values()]
            self._all.clear()
            if self._sweeper:
                self._sweeper.cancel()
        for client in clients:
            try:
                client.close()
            except Exception:
                log.exception("a client of the live view was not closed")

    # --- those that nobody looks at ---

    def _sweep_later(self) -> None:
        if self._sweeper is None:
            self._sweeper = threading.Timer(SWEEP_EVERY, self._sweep)
            self._sweeper.daemon = True
            self._sweeper.start()

    def _sweep(self) -> None:
        try:
            self.sweep(time.monotonic())
        except Exception:
            log.exception("the live view's clients were not all looked at")
        with self._lock:
            self._sweeper = None
            if self._all:
                self._sweep_later()

    def sweep(self, now: float) -> None:
        """Remove those that are idle, or whose account has had no live view open for a while."""
        with self._lock:
            clients = [*self._all.values()]
        for client in clients:
            if self._is_watched(client.account):
                client.unwatched_since = None
            elif client.unwatched_since is None:
                client.unwatched_since = now
            gone = client.unwatched_since is not None and now - client.unwatched_since > KEPT_UNWATCHED
            if gone or (now - client.used_at > KEPT_IDLE and not client.is_busy):
                self.remove(client)
