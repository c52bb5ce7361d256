"""fifod's units under systemd, asked and told over D-Bus. Who may tell is decided by polkit, never by a password."""

import signal
import string
import time
from datetime import UTC, datetime
from typing import Any

from jeepney import DBusAddress, DBusErrorResponse, MatchRule, new_method_call
from jeepney.bus import get_bus
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, prep_socket
from jeepney.low_level import Message, SizeLimitError
from jeepney.wrappers import unwrap_msg

from webui.service import journal
from webui.service.units import (
    DONE,
    SECONDS_FOR_AN_ACT,
    UNDER_WAY,
    Lines,
    Result,
    State,
    exit_in_words,
    failed,
    refused,
)
from webui.service.words import gettext_noop as _

UNITS = {"daemon": "fifod.service", "recorder": "fifod-recorder.service"}
FIFO_UNIT = "fifod.socket"
METHODS = {"start": "StartUnit", "stop": "StopUnit", "restart": "RestartUnit", "reload": "ReloadUnit"}
SECONDS_FOR_A_CALL = 2.0

_SYSTEMD = "org.freedesktop.systemd1"
_MANAGER = DBusAddress("/org/freedesktop/systemd1", _SYSTEMD, f"{_SYSTEMD}.Manager")
_NONE = 2**64 - 1
_CONDITIONS = {
    "active": "running",
    "activating": "starting",
    "deactivating": "stopping",
    "reloading": "reloading",
    "inactive": "stopped",
    "failed": "failed",
    "maintenance": "failed",
}
_REFUSALS = {
    "org.freedesktop.DBus.Error.AccessDenied": _("polkit did not allow it to this site's user; is fifod's rule there?"),
    "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired": _(
        "polkit wants a password, which this site has not; is fifod's rule there?"
    ),
}
_FAILURES = {
    f"{_SYSTEMD}.NoSuchUnit": _("systemd does not know this unit; it is not installed"),
    f"{_SYSTEMD}.LoadFailed": _("systemd cannot read this unit; systemctl status says why"),
    f"{_SYSTEMD}.UnitMasked": _("this unit is masked; systemctl unmask makes it usable again"),
    f"{_SYSTEMD}.JobTypeNotApplicable": _("this unit cannot do that"),
    f"{_SYSTEMD}.ShuttingDown": _("the machine is shutting down"),
    "org.freedesktop.DBus.Error.ServiceUnknown": _("systemd is not on the system bus"),
    "org.freedesktop.DBus.Error.NoReply": _("systemd did not answer"),
}
_JOBS = {
    "canceled": _("another wish came in between"),
    "timeout": _("it took longer than systemd allows"),
    "failed": _("it did not come about; the lines below say why"),
    "dependency": _("something that it needs could not be started; the lines below say what"),
    "skipped": _("it does not run, so there was nothing to do"),
}


class Unreachable(Exception):
    """The bus or systemd cannot be spoken to."""


class Bus(DBusConnection):  # type: ignore[misc]
    """A connection on which nothing waits for ever, the greeting neither."""

    def __init__(self) -> None:
        sock = prep_socket(get_bus("SYSTEM"), timeout=SECONDS_FOR_A_CALL)
        sock.settimeout(SECONDS_FOR_A_CALL)
        super().__init__(sock)

    def receive(self, *, timeout: float | None = None) -> Message:
        """The next message, within a bound."""
        return super().receive(timeout=SECONDS_FOR_A_CALL if timeout is None else timeout)

    def call(self, message: Message) -> tuple[Any, ...]:
        """Call a method; what it returns."""
        found: tuple[Any, ...] = unwrap_msg(self.send_and_get_reply(message, timeout=SECONDS_FOR_A_CALL))
        return found


def connect() -> Bus:
    """The system bus; what is in the way is said."""
    try:
        return Bus()
    except (FileNotFoundError, ConnectionRefusedError):
        raise Unreachable(
            _("the system bus is not there; D-Bus (package dbus) must be installed and running")
        ) from None
    except PermissionError:
        raise Unreachable(_("this site's user may not use the system bus")) from None
    except TimeoutError:
        raise Unreachable(_("the system bus does not answer")) from None
    except (OSError, DBusErrorResponse, ValueError, RuntimeError) as error:
        raise Unreachable(f"the system bus cannot be used: {error}") from None


class Systemd:
    """The units of an installed fifod."""

    keeper = "systemd"

    def units(self) -> dict[str, str]:
        """The name of each part's unit."""
        return UNITS

    def states(self) -> list[State]:
        """How the units are."""
        try:
            with connect() as bus:
                fifo = _fifo(bus)
                return [_state(bus, part, fifo if part == "daemon" else "") for part in UNITS]
        except (Unreachable, OSError, SizeLimitError) as error:
            why = str(error) or _("systemd did not answer")
            return [State(part, unit, problem=why) for part, unit in UNITS.items()]

    def act(self, verb: str, part: str) -> Result:
        """Have systemd do it, and wait a little for the end of its job."""
        try:
            with connect() as bus:
                return _act(bus, METHODS[verb], UNITS[part])
        except Unreachable as error:
            return failed(str(error))
        except DBusErrorResponse as error:
            return _in_words(error)
        except (OSError, SizeLimitError):
            return failed(_("systemd did not answer"))

    def lines(self, after: str, count: int) -> Lines:
        """Lines of the journal."""
        return journal.lines(after, count)


def _act(bus: Bus, method: str, unit: str) -> Result:
    (owner,) = bus.call(message_bus.GetNameOwner(_SYSTEMD))
    # Of systemd alone: anybody on the bus can send a signal of that name.
    ends = MatchRule(type="signal", sender=owner, interface=_MANAGER.interface, member="JobRemoved")
    with bus.filter(ends, bufsize=100) as removed:
        bus.call(message_bus.AddMatch(ends))
        (job,) = bus.call(new_method_call(_MANAGER, method, "ss", (unit, "replace")))
        end = time.monotonic() + SECONDS_FOR_AN_ACT
        while True:
            try:
                message = bus.recv_until_filtered(removed, timeout=max(0.0, end - time.monotonic()))
            except TimeoutError:
                return UNDER_WAY
            _, path, _, result = message.body
            if path == job:
                return DONE if result == "done" else failed(_JOBS.get(result, f"systemd says “{result}”"))


def _in_words(error: DBusErrorResponse) -> Result:
    if error.name in _REFUSALS:
        return refused(_REFUSALS[error.name])
    return failed(_FAILURES.get(error.name) or str(error.data[0] if error.data else error.name))


def _properties(bus: Bus, unit: str, interface: str) -> dict[str, Any]:
    address = DBusAddress(path_of(unit), _SYSTEMD, "org.freedesktop.DBus.Properties")
    try:
        (found,) = bus.call(new_method_call(address, "GetAll", "s", (f"{_SYSTEMD}.{interface}",)))
    except DBusErrorResponse as error:
        raise Unreachable(f"systemd does not tell: {_in_words(error)}") from None
    return {name: value for name, (_, value) in found.items()}


def path_of(unit: str) -> str:
    """The D-Bus object of a unit, which systemd loads when it is asked about it."""
    plain = string.ascii_letters + string.digits
    return f"{_MANAGER.object_path}/unit/" + "".join(char if char in plain else f"_{ord(char):02x}" for char in unit)


def _fifo(bus: Bus) -> str:
    found = _properties(bus, FIFO_UNIT, "Unit")
    if found["LoadState"] != "loaded":
        return f"{FIFO_UNIT} is not installed"
    words = {"listening": _("there, waiting for a line"), "running": _("there, read by the daemon")}
    return words.get(found["SubState"], f"not there ({FIFO_UNIT} is {found['SubState']})")


def _state(bus: Bus, part: str, fifo: str) -> State:
    unit = UNITS[part]
    found = _properties(bus, unit, "Unit")
    if found["LoadState"] != "loaded":
        why = "is not installed" if found["LoadState"] == "not-found" else f"cannot be used ({found['LoadState']})"
        return State(part, unit, problem=f"{unit} {why}")
    found |= _properties(bus, unit, "Service")
    condition = _CONDITIONS.get(found["ActiveState"], "unknown")
    due = _due(condition, found)
    return State(
        part,
        unit,
        condition,
        since=_since(condition, found),
        due=_time(due),
        waits_for_ever=due == _NONE,
        pid=found["MainPID"] or None,
        restarts=found["NRestarts"],
        memory=found["MemoryCurrent"] if found["MemoryCurrent"] != _NONE else None,
        last_exit=_last_exit(found),
        says=found["StatusText"],
        fifo=fifo,
    )


def _since(condition: str, found: dict[str, Any]) -> datetime | None:
    name = {"running": "ActiveEnter", "starting": "InactiveExit", "stopping": "ActiveExit", "stopped": "InactiveEnter"}
    began = found[f"{name.get(condition, 'StateChange')}Timestamp"]
    return _time(began or found["StateChangeTimestamp"])


def _due(condition: str, found: dict[str, Any]) -> int:
    """When systemd will lose its patience; a stop command has its own time, before that of the process itself."""
    limits = {"stopping": found["TimeoutStopUSec"], "starting": found["TimeoutStartUSec"]}
    limit: int = limits.get(condition, 0)
    steps = 2 if found["SubState"] == "stop" else 1
    return limit if limit in (0, _NONE) else found["StateChangeTimestamp"] + steps * limit


def _last_exit(found: dict[str, Any]) -> str:
    if not found["ExecMainExitTimestamp"]:
        return ""
    words = exit_in_words(found["ExecMainCode"], found["ExecMainStatus"], _signal_name(found["ExecMainStatus"]))
    why = {"watchdog": ", since it did not answer the watchdog", "oom-kill": ", since memory was short"}
    return words + why.get(found["Result"], "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""


def _time(microseconds: int) -> datetime | None:
    return datetime.fromtimestamp(microseconds / 1e6, UTC) if 0 < microseconds < _NONE else None
