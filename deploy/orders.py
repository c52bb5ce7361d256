"""What the web site may order in a trial, and what it is told."""

from pathlib import Path
from typing import Any, Protocol

from deploy.lines import Lines
from deploy.program import Program

CONTROLLED = {"fifod": ("start", "stop", "restart", "reload"), "recorder": ("start", "stop", "restart")}
MOST_LINES = 500


class Keeper(Protocol):
    """Who starts and stops the programs."""

    programs: list[Program]

    def obey(self, verb: str, program: Program) -> str:
        """Do it, or begin to; why not, if not."""
        ...


class Orders:
    """Understands orders and has the supervisor carry them out."""

    def __init__(self, keeper: Keeper, lines: Lines) -> None:
        self._keeper = keeper
        self._lines = lines

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """The answer to an order."""
        match order:
            case {"do": "tell"}:
                return {
                    "states": [state_of(program) for program in self._keeper.programs if program.name in CONTROLLED]
                }
            case {"do": "read", "after": str() | None as after, "n": int(count)} if 0 < count <= MOST_LINES:
                return self._lines.behind(after, count)
            case {"do": str(verb), "program": str(name)} if verb in CONTROLLED.get(name, ()):
                return self._act(verb, name)
        return {"error": "there is no such order"}

    def _act(self, verb: str, name: str) -> dict[str, Any]:
        for program in self._keeper.programs:
            if program.name == name:
                return {"refused": self._keeper.obey(verb, program)}
        return {"refused": f"{name} has not been started yet"}


def state_of(program: Program) -> dict[str, Any]:
    """How a program is."""
    pid = program.process.pid if program.process else None
    return {
        "name": program.name,
        "condition": program.condition,
        "since": program.since,
        "due": program.due,
        "pid": pid,
        "restarts": program.restarts,
        "memory": memory_of(pid) if pid else None,
        "lastExit": program.last_exit,
        "says": program.says,
    }


def memory_of(pid: int) -> int | None:
    """The bytes of memory that a process holds."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    resident = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(resident[0]) * 1024 if resident else None
