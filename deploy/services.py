"""fifod's units, through systemctl."""

import re
import subprocess

from deploy import places
from deploy.problem import Problem

TARGET = "fifod.target"
DAEMON = "fifod.service"
WEB_SOCKET = "fifod-web.socket"
WITHIN = 400.0


def systemctl(*words: str) -> subprocess.CompletedProcess[str]:
    """Run systemctl; what came of it."""
    return subprocess.run(
        ["systemctl", "--no-ask-password", *words], capture_output=True, text=True, check=False, timeout=WITHIN
    )


def must(*words: str) -> None:
    """Run systemctl; raise Problem with its reason if it fails."""
    done = systemctl(*words)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["it does not say why"])[0]
        raise Problem(f"systemctl {' '.join(words)} failed: {reason}")


def reload() -> None:
    """Let systemd read the units again."""
    must("daemon-reload")


def enable() -> None:
    """Have all of it started when the machine starts."""
    must("enable", "--quiet", TARGET)


def start(*units: str) -> None:
    """Start units, each of which must come up."""
    for unit in units:
        _must_come_up("start", unit)


def restart(*units: str) -> None:
    """Restart units, each of which must come up."""
    for unit in units:
        _must_come_up("restart", unit)


def _must_come_up(verb: str, unit: str) -> None:
    done = systemctl(verb, unit)
    if done.returncode != 0:
        raise Problem(f"{unit} does not come up: {last_words(unit) or done.stderr.strip()}")


def last_words(unit: str) -> str:
    """The last line that a unit's own processes wrote into the journal."""
    query = ["journalctl", "-q", "-u", unit, "_SYSTEMD_UNIT=" + unit, "-n", "1", "-o", "cat", "--no-pager"]
    lines = subprocess.run(query, capture_output=True, text=True, check=False, timeout=30).stdout.strip().splitlines()
    return lines[-1] if lines else ""


def is_active(unit: str) -> bool:
    """Whether a unit is up."""
    return systemctl("is-active", "--quiet", unit).returncode == 0


def long_running() -> list[str]:
    """The services that run all the time, the daemon first; others come when they are asked."""
    names = places.installed_units()
    socket_activated = {f"{name.removesuffix('.socket')}.service" for name in names if name.endswith(".socket")}
    services = [name for name in names if name.endswith(".service")]
    always = {DAEMON, "fifod-web.service"}
    return sorted((name for name in services if name not in socket_activated - always), key=lambda n: n != DAEMON)


def port() -> int | None:
    """The port on which systemd listens for the web site, as it says itself."""
    shown = systemctl("show", "--property=Listen", "--value", WEB_SOCKET).stdout
    found = re.search(r":(\d+) \(Stream\)", shown)
    return int(found[1]) if found else None
