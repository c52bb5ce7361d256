"""The programs of a trial (`./deploy/try`), asked and told through its supervisor's control socket."""

import json
import os
import socket
import struct
import time
from datetime import UTC, datetime
from typing import Any

from webui.service.units import DONE, SECONDS_FOR_AN_ACT, UNDER_WAY, Line, Lines, Result, State, failed, refused
from webui.service.words import gettext_noop as _

PROGRAMS = {"daemon": "fifod", "recorder": "recorder"}
SECONDS_FOR_A_CALL = 2.0
MOST_BYTES = 8 << 20
_PAUSE = 0.05
_CREDENTIALS = struct.Struct("3i")


class Unreachable(Exception):
    """The supervisor cannot be spoken to."""


class Supervisor:
    """The trial that this site is part of."""

    keeper = _("the trial")

    def __init__(self, address: str) -> None:
        self._address = address

    def units(self) -> dict[str, str]:
        """The name of each part's program."""
        return PROGRAMS

    def states(self) -> list[State]:
        """How the programs are."""
        try:
            told = self._told()
        except Unreachable as error:
            return [State(part, name, problem=str(error)) for part, name in PROGRAMS.items()]
        return [_state(part, name, told.get(name)) for part, name in PROGRAMS.items()]

    def act(self, verb: str, part: str) -> Result:
        """Have the supervisor do it, and wait a little until it is done."""
        name = PROGRAMS[part]
        try:
            before = self._told().get(name, {}).get("pid")
            if why := self._ask({"do": verb, "program": name}).get("refused"):
                return refused(str(why))
            return DONE if verb == "reload" else self._wait(verb, part, before)
        except Unreachable as error:
            return failed(str(error))

    def lines(self, after: str, count: int) -> Lines:
        """What the programs said last."""
        try:
            found = self._ask({"do": "read", "after": after or None, "n": count})
        except Unreachable as error:
            return Lines(cursor=after, is_whole=not after, problem=str(error))
        return Lines(tuple(_line(line) for line in found["lines"]), found["cursor"], found["whole"])

    def _told(self) -> dict[str, dict[str, Any]]:
        return {state["name"]: state for state in self._ask({"do": "tell"})["states"]}

    def _wait(self, verb: str, part: str, before: int | None) -> Result:
        name = PROGRAMS[part]
        end = time.monotonic() + SECONDS_FOR_AN_ACT
        while time.monotonic() < end:
            now = self._told().get(name, {})
            condition, is_new = now.get("condition"), verb != "restart" or now.get("pid") != before
            if condition == ("stopped" if verb == "stop" else "running") and is_new:
                return DONE
            if condition == "failed":
                return failed(f"it {now['lastExit']}; the lines below say why")
            time.sleep(_PAUSE)
        return UNDER_WAY

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = json.loads(_exchange(self._address, json.dumps(order).encode() + b"\n"))
        except (FileNotFoundError, ConnectionRefusedError):
            raise Unreachable(_("the trial's supervisor is not there")) from None
        except TimeoutError:
            raise Unreachable(_("the trial's supervisor does not answer")) from None
        except (OSError, ValueError) as error:
            raise Unreachable(f"the trial's supervisor did not answer as it should: {error}") from None
        if not isinstance(answer, dict) or "error" in answer:
            raise Unreachable(_("the trial's supervisor did not understand; is it of the same version?"))
        return answer


def _exchange(address: str, order: bytes) -> bytes:
    end = time.monotonic() + SECONDS_FOR_A_CALL
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(SECONDS_FOR_A_CALL)
        client.connect(f"\0{address.removeprefix('@')}")
        _check(client)
        client.sendall(order)
        answer = bytearray()
        while len(answer) < MOST_BYTES and not answer.endswith(b"\n"):
            client.settimeout(max(0.001, end - time.monotonic()))
            more = client.recv(65536)
            if not more:
                break
            answer += more
    return bytes(answer)


def _check(client: socket.socket) -> None:
    """Anybody may take a name in the abstract name space once its owner is gone."""
    peer = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    if _CREDENTIALS.unpack(peer)[1] != os.getuid():
        raise ConnectionRefusedError


def _state(part: str, name: str, told: dict[str, Any] | None) -> State:
    if told is None:
        return State(part, name, problem=f"the trial has not started {name} yet")
    return State(
        part,
        name,
        told["condition"],
        since=_time(told["since"]),
        due=_time(told["due"]),
        pid=told["pid"],
        restarts=told["restarts"],
        memory=told["memory"],
        last_exit=told["lastExit"],
        says=told["says"],
    )


def _line(line: dict[str, Any]) -> Line:
    return Line(datetime.fromtimestamp(line["time"], UTC), line["program"], 6, line["text"])


def _time(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
