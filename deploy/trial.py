"""`./deploy/try`: sets up what is missing, then runs daemon, recorder and web site in the foreground until stopped."""

import argparse
import fcntl
import os
import shlex
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from deploy import classic, health, machine
from deploy.environment import ROOT, VENV, Environment
from deploy.login import Login
from deploy.output import Output
from deploy.problem import Problem, Stopped, explain
from deploy.program import Program
from deploy.progress import Progress, fail
from deploy.supervisor import STOP_SIGNALS, Supervisor
from deploy.token import keep_token

VAR = ROOT / "var"
RUN, STATE, LOGS = VAR / "run", VAR / "lib", VAR / "log"
CONFIG = VAR / "fifod.toml"
TOKEN = VAR / "metrics.token"
CANNOT_START = 3
READY_WITHIN = 60.0

CONFIG_TEXT = """\
# The trial's configuration, written once by ./deploy/try and yours to change.
# "disk": a reply goes out when its record is on the disk. "process": faster, and safe unless the machine crashes.
durability = "disk"
# The web site runs under this uid and may say which of its users a draw is for.
front_ends = [{uid}]
"""

ADDRESS = """\
fifod is running. Its pages:   http://127.0.0.1:{port}/
Log in with                    name {user}   password {password}"""
HOW_TO_GO_ON = """\
To draw in another terminal, first tell it where fifod is; then some commands to try:

  export FIFOD_RUNTIME_DIR={run} FIFOD_STATE_DIR={state} FIFOD_CONFIG={config} {more}PATH={bin}:"$PATH"

  fifod-client integers 5 --min 1 --max 100
  printf '%s\\n' Ann Ben Cleo Dan | fifod-client pick 2 --purpose "who brings the cake"
  fifod-client history{to_try}

This is a trial for one person: daemon, recorder and pages all run as the same user, so it proves what was drawn,
but not by whom. Records and logs are kept in {var}. Ctrl-C stops everything.
"""


def main() -> int:
    """Run the command; the exit status."""
    options = _options()
    for number in STOP_SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _raise_stopped)
    try:
        return _try(options.port, options.quiet)
    except Problem as problem:
        return fail("deploy/try", str(problem))
    except Stopped:
        return fail("deploy/try", "stopped before it was ready; the next start goes on from here")
    except OSError as error:
        return fail("deploy/try", explain(error))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./deploy/try", description=__doc__)
    parser.add_argument(
        "--port", type=_port, default=8000, help="the port of the web site on 127.0.0.1 (default: 8000; 0: any)"
    )
    parser.add_argument("--quiet", action="store_true", help="print address, login and problems only")
    return parser.parse_args()


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


def _raise_stopped(number: int, _frame: FrameType | None) -> None:
    raise Stopped(signal.Signals(number).name)


def _try(port: int, quiet: bool) -> int:
    os.umask(0o022)
    wants_bridge = classic.is_wanted()
    VAR.mkdir(mode=0o700, exist_ok=True)
    with _only_one(), _listening(port) as web_socket:
        machine.require_space(VAR, machine.RUN_MIB)
        progress = Progress(LOGS / "setup.log", quiet)
        environment = Environment(["requirements.lock"])
        if not environment.is_ready():
            progress.say("Setting up fifod below this folder; that is needed once and takes a minute or two.")
        environment.make(progress)
        for folder in (RUN, STATE, LOGS):
            folder.mkdir(exist_ok=True)
        if not CONFIG.exists():
            CONFIG.write_text(CONFIG_TEXT.format(uid=os.getuid()))
        keep_token(TOKEN)
        return Trial(web_socket, progress, wants_bridge).run()


@contextmanager
def _only_one() -> Iterator[None]:
    """Hold the lock that keeps a second trial away from the same data."""
    with (VAR / "try.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Problem(f"it already runs in this folder, as process {lock.read().strip() or '(starting)'}") from None
        lock.truncate(0)
        print(os.getpid(), file=lock, flush=True)
        yield


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    """The web site's socket, taken before the long work and inherited by each web server that is started."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            advice = f"choose another one, as in ./deploy/try --port {port + 80 if port < 65000 else 8080}"
            raise Problem(f"port {port} cannot be had ({(error.strerror or '').lower()}); {advice}") from None
        listener.listen(128)
        yield listener


class Trial:
    """Daemon, recorder and web site over the data in `var/`, and a classic bridge if it is wanted."""

    def __init__(self, web_socket: socket.socket, progress: Progress, wants_bridge: bool) -> None:
        self.web_socket = web_socket
        self.port: int = web_socket.getsockname()[1]
        self.progress = progress
        self.wants_bridge = wants_bridge
        self.output = Output(LOGS, progress.quiet)
        self.supervisor = Supervisor(self.output)
        self.env = environment_of_programs()

    def run(self) -> int:
        """Start all, say so, serve until told to stop, stop all."""
        self.supervisor.catch_signals()
        try:
            self._start()
            self.supervisor.run()
        except Stopped as stopped:
            self._say_more(f"Stopping because of {stopped} ...")
        finally:
            self.supervisor.stop()
        self._say_more(f"Stopped. The data stays in {VAR}.")
        return 0

    def _say_more(self, text: str) -> None:
        """Say what is neither address nor login nor a problem."""
        if not self.output.quiet:
            self.output.say(text)

    def _start(self) -> None:
        self.progress.say("Starting the daemon, the recorder and the web site ...")
        notifying = {**self.env, "NOTIFY_SOCKET": self.supervisor.notify.address}
        daemon = self._program("fifod", ["-m", "fifod"], env=notifying, never_restart=(CANNOT_START,))
        self.supervisor.start(daemon)
        login = self._prepare_database()
        self._wait(lambda: daemon.ready, "the daemon did not say that it is ready")
        recorder = self._program("recorder", ["manage.py", "record"], env=notifying, never_restart=(CANNOT_START,))
        control = {"FIFOD_SUPERVISOR": self.supervisor.control.address}
        socket_number = self.web_socket.fileno()
        server = ["-m", "webui.server", "--fd", str(socket_number)]
        web = self._program("web", server, env={**self.env, **control}, pass_fds=(socket_number,))
        self.supervisor.start(recorder)
        self.supervisor.start(web)
        self._wait(self._is_usable, "the web site did not say that all is well")
        recorder.ready = web.ready = True
        bridge = self._start_bridge(notifying) if self.wants_bridge else None
        self._say_more("")
        self.output.say(ADDRESS.format(port=self.port, user=login.user, password=login.password()))
        if bridge is not None:
            self.output.say(classic.how_it_is(bridge))
        self._say_more(how_to_go_on(with_bridge=bridge is not None and bridge.ready))

    def _start_bridge(self, env: dict[str, str]) -> Program:
        """Start the classic bridge; whether it can serve is no matter of life and death for the others."""
        bridge = self._program("classic", ["-m", "fifod.classic"], env=env | classic.environment(RUN))
        bridge.never_restart, bridge.is_optional = classic.GIVES_UP, True
        self.supervisor.start(bridge)
        self.supervisor.run_until(lambda: classic.has_begun(bridge), READY_WITHIN)
        return bridge

    def _program(
        self,
        name: str,
        arguments: list[str],
        env: dict[str, str] | None = None,
        pass_fds: tuple[int, ...] = (),
        never_restart: tuple[int, ...] = (),
    ) -> Program:
        command = [str(VENV / "bin" / "python"), *arguments]
        return Program(name, command, env or self.env, self.output.log_of(name), pass_fds, never_restart)

    def _prepare_database(self) -> Login:
        manage = [str(VENV / "bin" / "python"), "manage.py"]
        login = Login(VAR / "login", STATE / "web.sqlite3", manage, self.env)
        is_new = login.is_new
        quiet = Progress(self.progress.log, quiet=True)
        quiet.run("Preparing the database", [*manage, "migrate", "--noinput"], self.env)
        if is_new:
            login.make()
        return login

    def _wait(self, condition: Callable[[], bool], otherwise: str) -> None:
        if not self.supervisor.run_until(condition, READY_WITHIN):
            raise Problem(f"{otherwise} within {READY_WITHIN:.0f} s; what they said is in {LOGS}")

    def _is_usable(self) -> bool:
        """Whether the site says that all is well, or that only old records are still on their way into its table."""
        return not health.unwell(health.report(self.port))


def how_to_go_on(with_bridge: bool) -> str:
    """Commands that work as printed, and what a trial proves."""
    places = {"run": RUN, "state": STATE, "config": CONFIG, "bin": VENV / "bin", "var": VAR}
    more = {"more": f"{classic.exports(RUN)} ", "to_try": classic.TO_TRY} if with_bridge else {"more": "", "to_try": ""}
    return HOW_TO_GO_ON.format(**{name: shlex.quote(str(place)) for name, place in places.items()}, **more)


def environment_of_programs() -> dict[str, str]:
    """The environment that every program of the trial runs in."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "DJANGO_", "FIFOD_", "LISTEN_"))
    }
    return {
        **kept,
        "PYTHONUNBUFFERED": "1",
        "FIFOD_RUNTIME_DIR": str(RUN),
        "FIFOD_STATE_DIR": str(STATE),
        "FIFOD_CONFIG": str(CONFIG),
        "FIFOD_DATABASE": str(STATE / "web.sqlite3"),
        "FIFOD_SECRET_KEY_FILE": str(STATE / "secret.key"),
        "FIFOD_METRICS_TOKEN_FILE": str(TOKEN),
    }


if __name__ == "__main__":
    sys.exit(main())
