"""The site's own processes, as children of a test: manage.py, recorder and web server."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.waiting import DEADLINE

CHECKOUT = Path(__file__).parent.parent.parent
CONFIG = f'durability = "process"\nfront_ends = [{os.getuid()}]\n'
PASSWORD = "correct-horse-7"
SERVE = "import sys; from webui.server import serve; serve(sys.argv[1], int(sys.argv[2]))"


class Site:
    """Runs `manage.py` and the web server for one state and run directory."""

    def __init__(self, state: Path, run: Path) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self.python = [sys.executable]
        self.state = state
        self.ledger = state / "ledger"
        self.database = state / "web.sqlite3"
        self.server: subprocess.Popen[bytes]
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "webui.settings",
            "FIFOD_STATE_DIR": str(state),
            "FIFOD_RUNTIME_DIR": str(run),
        }

    def manage(self, *arguments: str, given: str = "", expect: int = 0) -> str:
        """Run a command of manage.py to its end; returns what it wrote to stdout and stderr."""
        done = self.run([*self.python, "manage.py", *arguments], given)
        assert done.returncode == expect, done.stdout
        return done.stdout

    def run(self, command: list[str], given: str = "") -> "subprocess.CompletedProcess[str]":
        """Run any command to its end in the site's environment."""
        return subprocess.run(
            command,
            cwd=CHECKOUT,
            env=self.environment,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=2 * DEADLINE,
        )

    @contextmanager
    def running(self, *command: str) -> Iterator[subprocess.Popen[str]]:
        """A process of the site, which is ended at the end if it has not ended by then."""
        with subprocess.Popen(
            [sys.executable, *command],
            cwd=CHECKOUT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    @contextmanager
    def recorder(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A recorder that follows the ledger."""
        with self.running("manage.py", "record", *arguments) as process:
            yield process

    @contextmanager
    def serving(self, application: str = "webui.asgi:application") -> Iterator[str]:
        """A web server; gives its address. It inherits a socket that listens already, so nobody has to wait for it."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            descriptor = listener.fileno()
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            os.set_inheritable(descriptor, True)
            server = [sys.executable, "-c", SERVE, application, str(descriptor)]
            with subprocess.Popen(server, cwd=CHECKOUT, env=self.environment, pass_fds=[descriptor]) as process:
                self.server = process
                try:
                    yield f"http://127.0.0.1:{port}"
                finally:
                    process.send_signal(signal.SIGTERM)
                    process.wait(DEADLINE)

    def rows(self, question: str, *values: object) -> list[Any]:
        """What the database answers."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=DEADLINE)) as database:
            return database.execute(question, values).fetchall()

    def recorded(self) -> list[tuple[int, str]]:
        """Serial and hash of every row."""
        return self.rows("SELECT serial, hash FROM history_draw ORDER BY serial")
