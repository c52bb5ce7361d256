"""The process that asked: whether it may be signalled, and the signal to it and to no other.

A number in a question is a claim, and a signal may kill. So:

1. The process is taken hold of by a pidfd before anything about it is looked at, and the signal goes through that
   pidfd. Numbers are given to new processes; a pidfd is of one process for ever.
2. It must have one of the two FIFOs open: whoever asked has, and who was given the number of a client that died has
   not.
3. It must handle SIGUSR1, which would end it otherwise: catch it, ignore it (and wait in read alone), block it in all
   its threads (to take it by signalfd), or wait for it in sigwait, which is to be seen by where it sleeps.
4. All its user ids must be the bridge's. Root's bridge too signals only root's processes.
"""

from __future__ import annotations

import itertools
import os
import select
import signal

from fifod.classic.pair import Pair

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

NO_NUMBER = "no client has such a number"
OWN_NUMBER = "it is the number of the bridge itself"
NO_PROCESS = "there is no such process"
A_THREAD = "it is a thread, not a process"
KERNEL_THREAD = "it is a thread of the kernel"
ANOTHER_USERS = "it is another user's process"
ENDED = "the client has ended"
NO_FIFO = "it has neither of the two FIFOs open, so it did not ask"
NO_HANDLER = "it does not handle SIGUSR1, which would end it"
STOPPED = "the client is stopped"

_BIT = 1 << (signal.SIGUSR1 - 1)
_MOST_DESCRIPTORS = 1024
_MOST_THREADS = 256
_START = 19


class NotAClient(Exception):
    """The process of that number is not to be signalled; `reason` is one of the above.

    `may_pass` says that it may be a client all the same, a moment later.
    """

    def __init__(self, reason: str, may_pass: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.may_pass = may_pass


class Target:
    """One process, held by its pidfd; use it in a `with` block."""

    def __init__(self, pid: int, pair: Pair) -> None:
        """Raises NotAClient if there is no such process, or it can never be one to signal."""
        self.pid = pid
        self._pair = pair
        if pid <= 1:
            raise NotAClient(NO_NUMBER)
        if pid == os.getpid():
            raise NotAClient(OWN_NUMBER)
        self._pidfd = _hold(pid)
        try:
            self._check_who_it_is()
            self.identity = f"{pid} {self._stat()[_START]}"
            """Its number and its start, which no other process has."""
        except NotAClient:
            os.close(self._pidfd)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._pidfd)

    def _check_who_it_is(self) -> None:
        status = self._status()
        uids = set(map(int, status["Uid"].split()))
        if status.get("Kthread") == "1" or ("VmSize" not in status and not self.has_ended):
            raise NotAClient(KERNEL_THREAD)
        if uids != {os.geteuid()}:
            raise NotAClient(ANOTHER_USERS)

    def check_that_it_asked(self) -> None:
        """Raises NotAClient unless it has one of the FIFOs open."""
        if not self._has_a_fifo():
            self.check_that_it_lives()
            raise NotAClient(NO_FIFO, may_pass=True)

    def check_that_it_can_be_woken(self) -> None:
        """Raises NotAClient unless SIGUSR1 does it no harm."""
        status = self._status()
        handled = _has_usr1(status, "SigCgt") or _has_usr1(status, "SigIgn") or self._is_blocked(status)
        if not handled and not self._is_in_sigwait():
            raise NotAClient(NO_HANDLER, may_pass=True)

    def check_that_it_lives(self) -> None:
        """Raises NotAClient if it has ended."""
        if self.has_ended:
            raise NotAClient(ENDED)

    @property
    def has_ended(self) -> bool:
        """Whether it has ended, or is a zombie."""
        return bool(select.select([self._pidfd], [], [], 0)[0])

    @property
    def state(self) -> str:
        """The kernel's letter for what it does: S sleeping, R running, T stopped; see proc(5)."""
        return self._stat()[0]

    def check_that_it_goes_on(self) -> None:
        """Raises NotAClient if it is stopped, by SIGSTOP or by a debugger."""
        if self.state in ("T", "t"):
            raise NotAClient(STOPPED, may_pass=True)

    def signal(self) -> None:
        """Wake it. Raises NotAClient if it has just ended or become another user's."""
        try:
            signal.pidfd_send_signal(self._pidfd, signal.SIGUSR1)
        except ProcessLookupError:
            raise NotAClient(ENDED) from None
        except PermissionError:
            raise NotAClient(ANOTHER_USERS) from None

    def _stat(self) -> list[str]:
        # What stands in parentheses is chosen by the process.
        return self._read("stat").rpartition(")")[2].split() or [""] * (_START + 1)

    def _is_blocked(self, status: dict[str, str]) -> bool:
        """Whether all its threads block it: the kernel gives a signal to any that does not."""
        if not _has_usr1(status, "SigBlk") or status["Threads"] == "1":
            return _has_usr1(status, "SigBlk")
        try:
            threads = os.listdir(f"/proc/{self.pid}/task")
        except OSError:
            return False
        return len(threads) <= _MOST_THREADS and all(map(self._is_blocked_in, threads))

    def _is_blocked_in(self, thread: str) -> bool:
        text = self._read(f"task/{thread}/status")
        return not text or _has_usr1(_members(text), "SigBlk")  # "": the thread has ended

    def _status(self) -> dict[str, str]:
        text = self._read("status")
        if not text:
            raise NotAClient(ANOTHER_USERS)  # only those can be hidden
        return _members(text)

    def _is_in_sigwait(self) -> bool:
        return "sigtimedwait" in self._read("wchan")

    def _has_a_fifo(self) -> bool:
        try:
            with os.scandir(f"/proc/{self.pid}/fd") as entries:
                return any(map(self._is_a_fifo, itertools.islice(entries, _MOST_DESCRIPTORS)))
        except OSError:
            return False

    def _is_a_fifo(self, entry: os.DirEntry[str]) -> bool:
        try:
            return self._pair.is_held_by(entry.stat())
        except OSError:
            return False  # closed meanwhile

    def _read(self, name: str) -> str:
        """A file about it in /proc, "" if it cannot be read. While the process lives nobody else has its number."""
        try:
            with open(f"/proc/{self.pid}/{name}", encoding="utf-8", errors="replace") as file:
                text = file.read()
        except OSError:
            text = ""
        self.check_that_it_lives()
        return text


def _members(status: str) -> dict[str, str]:
    return {name: value.strip() for name, _, value in (line.partition(":") for line in status.splitlines())}


def _has_usr1(status: dict[str, str], signals: str) -> bool:
    return bool(int(status[signals], 16) & _BIT)


def _hold(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        raise NotAClient(NO_PROCESS) from None
    except OSError:
        raise NotAClient(A_THREAD) from None
