"""What the service page knows about fifod's programs, whoever keeps them running: states, results and log lines."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webui.service.words import gettext_noop

HANGS_AFTER = 2.0
SECONDS_FOR_AN_ACT = 3.0
"""How long a page waits for an act to be done before it says that it is still under way."""

VERBS = {"daemon": ("start", "stop", "restart", "reload"), "recorder": ("start", "stop", "restart")}
TITLES = {"daemon": _("Daemon"), "recorder": _("Recorder"), "ledger": _("Ledger")}
VERB_TITLES = {
    "start": _("start"),
    "stop": _("stop"),
    "restart": _("restart"),
    "reload": _("reload"),
    "verify": _("verify"),
    "cancel": _("cancel"),
}
CONDITIONS = {
    "running": _("Running"),
    "stopped": _("Stopped"),
    "starting": _("Starting"),
    "stopping": _("Stopping"),
    "reloading": _("Reloading"),
    "failed": _("Failed"),
    "unknown": _("Unknown"),
}

_EXITS = {
    0: gettext_noop("ended by itself, as it should"),
    3: gettext_noop("said that it can never start like this"),
    70: gettext_noop("found a fault of its own"),
    74: gettext_noop("could not write"),
    75: gettext_noop("found that another one runs"),
    77: gettext_noop("had no permission"),
}


def printable(text: str) -> str:
    """A text as a page may have it: what would steer a terminal or turn the direction of writing is shown, not done."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


@dataclass(frozen=True)
class State:
    """How one program is."""

    part: str
    unit: str
    condition: str = "unknown"
    since: datetime | None = None
    due: datetime | None = None
    waits_for_ever: bool = False
    pid: int | None = None
    restarts: int | None = None
    memory: int | None = None
    last_exit: str = ""
    says: str = ""
    fifo: str = ""
    problem: str = ""

    @property
    def title(self) -> Promise:
        """The program's name for people."""
        return TITLES[self.part]

    @property
    def shown_condition(self) -> Promise | str:
        """How it is, in a word."""
        return CONDITIONS.get(self.condition, self.condition)

    @property
    def looks(self) -> str:
        """How it is, for the eye: well, changing, off or bad."""
        if self.problem or self.hangs or self.condition in ("failed", "unknown"):
            return "bad"
        return {"running": "well", "stopped": "off"}.get(self.condition, "changing")

    @property
    def shown_says(self) -> str:
        """What it says of itself, with control characters shown."""
        return printable(self.says)

    @property
    def hangs(self) -> bool:
        """Whether it has been stopping for longer than anybody would expect."""
        return self.condition == "stopping" and self.lasts > HANGS_AFTER

    @property
    def drags(self) -> bool:
        """Whether it has been starting, or taking up its configuration, for long."""
        return self.condition in ("starting", "reloading") and self.lasts > HANGS_AFTER

    @property
    def lasts(self) -> float:
        """Seconds that it has been so."""
        return (datetime.now(UTC) - self.since).total_seconds() if self.since else 0.0


@dataclass(frozen=True)
class Result:
    """What became of an act."""

    kind: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.why}" if self.why else self.kind

    @property
    def is_done(self) -> bool:
        """Whether it was done."""
        return self.kind in ("done", "begun")


DONE = Result("done")
BEGUN = Result("begun")
UNDER_WAY = Result(f"still under way after {SECONDS_FOR_AN_ACT:.0f} s")


def refused(why: str) -> Result:
    """Somebody else than this site said no."""
    return Result("refused", why)


def failed(why: str) -> Result:
    """It was tried and did not come about."""
    return Result("failed", why)


@dataclass(frozen=True)
class Line:
    """One line of a log."""

    time: datetime
    unit: str
    priority: int
    message: str

    @property
    def text(self) -> str:
        """The message with control characters shown."""
        return printable(self.message)

    @property
    def level(self) -> str:
        """How bad it is, for the eye."""
        return "error" if self.priority <= 3 else "warning" if self.priority == 4 else ""


@dataclass(frozen=True)
class Lines:
    """Some lines, oldest first, and where they end."""

    lines: tuple[Line, ...] = ()
    cursor: str = ""
    is_whole: bool = True
    problem: str = ""


class Control(Protocol):
    """Whoever keeps the programs running."""

    keeper: str

    def units(self) -> dict[str, str]:
        """The name of each part's unit."""
        ...

    def states(self) -> list[State]:
        """How the programs are; what cannot be known is said in the state's problem."""
        ...

    def act(self, verb: str, part: str) -> Result:
        """Do something to a program and wait a little for it to be done."""
        ...

    def lines(self, after: str, count: int) -> Lines:
        """The lines behind a cursor, or the newest."""
        ...


def exit_in_words(code: int, status: int, signal_name: str = "") -> str:
    """How a process ended, from wait(2)'s code and status."""
    if code in (2, 3):
        return f"was killed by {signal_name or f'signal {status}'}" + (" and left a core dump" if code == 3 else "")
    if 200 <= status <= 245:
        return f"could not be set up by systemd (status {status})"
    words = _EXITS.get(status)
    return f"{words} (status {status})" if words else f"ended with status {status}"
