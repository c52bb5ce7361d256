"""fifod's units, through systemctl."""

import re
import subprocess

from deploy import places
from deploy.problem import Problem

TARGET = "fifod.target"
# Debian does not start it when it is installed, only with the machine.
BUS = "dbus.service"
DAEMON = "fifod.service"
WEB = "fifod-web.service"
OTHERS = ("fifod-recorder.service", WEB)
# These come when they are asked for, and go by themselves; one that runs must not go on with a program that is gone.
ON_DEMAND = "fifod-journal*.service"
WEB_SOCKET = "fifod-web.socket"
# One for each user who has a classic bridge: there is what somebody started.
BRIDGES = "fifod-classic@*.service"
WITHIN = 400.0


def systemctl(*words: str) -> subprocess.CompletedProcess[str]:
    """Run systemctl; what came of it."""
    command = ["systemctl", "--no-ask-password", *words]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=WITHIN)
    except subprocess.TimeoutExpired:
        raise Problem(f"systemctl {' '.join(words)} did not end within {WITHIN:.0f} s") from None


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


def stop(*units: str) -> None:
    """Stop units, none of which may run on; one that is not there does not."""
    done = systemctl("stop", *units)
    for unit in filter(is_active, units):
        raise Problem(f"{unit} does not stop: {(done.stderr.strip().splitlines() or ['it was started again'])[0]}")


def _must_come_up(verb: str, unit: str) -> None:
    done = systemctl(verb, unit)
    if done.returncode != 0:
        raise Problem(f"{unit} does not come up: {last_words(unit) or done.stderr.strip().splitlines()[0]}")


def last_words(unit: str) -> str:
    """The last line that a service wrote into the journal in its present or last run."""
    run = systemctl("show", "--property=InvocationID", "--value", unit).stdout.strip()
    query = ["journalctl", "-q", f"_SYSTEMD_INVOCATION_ID={run}", "-n", "1", "-o", "cat", "--no-pager"]
    lines = subprocess.run(query, capture_output=True, text=True, check=False, timeout=30).stdout.strip().splitlines()
    return lines[-1] if lines else ""


def is_active(unit: str) -> bool:
    """Whether a unit is up."""
    return systemctl("is-active", "--quiet", unit).returncode == 0


def restart_others() -> None:
    """Restart what stands around the daemon."""
    restart(*OTHERS)
    systemctl("stop", ON_DEMAND)


def bridges() -> list[str]:
    """The classic bridges that run, or will in a moment."""
    listing = ("list-units", "--plain", "--no-legend", "--state=active,activating,deactivating", BRIDGES)
    return [line.split()[0] for line in systemctl(*listing).stdout.splitlines()]


def restart_bridges() -> list[str]:
    """Restart the classic bridges that run; one line for each that does not come up.

    That is no failure of the others: who owns a bridge's FIFOs can keep it from starting.
    """
    running = bridges()
    if running:
        systemctl("restart", *running)
    return [f"{unit} did not come up: {last_words(unit)}" for unit in running if not is_active(unit)]


def start_all() -> None:
    """Start what does not run; each part must come up."""
    start(DAEMON, *OTHERS, *(name for name in places.installed_units() if name.endswith(".socket")), TARGET)


def restarts(unit: str) -> int:
    """How often systemd started a service again since it was told to."""
    return int(systemctl("show", "--property=NRestarts", "--value", unit).stdout.strip() or 0)


def port() -> int | None:
    """The port on which systemd listens for the web site, as it says itself."""
    shown = systemctl("show", "--property=Listen", "--value", WEB_SOCKET).stdout
    found = re.search(r":(\d+) \(Stream\)", shown)
    return int(found[1]) if found else None
