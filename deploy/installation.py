"""`deploy/install`: installs fifod as a service of this machine, or upgrades it while it serves."""

import argparse
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import FrameType

from deploy import (
    acceptance,
    configuration,
    database,
    machine,
    management,
    packages,
    places,
    preconditions,
    release,
    services,
)
from deploy.login import Login, new_password
from deploy.problem import Problem, Stopped, explain
from deploy.release import Release
from deploy.steps import Steps

PORT = 8000
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

RUNS = """
fifod runs, and will after the next start of the machine. Its pages:   http://127.0.0.1:{port}/"""
LOGIN = """\
Log in with   name {user}   password {password}
(shown this once and kept nowhere; `fifod-manage changepassword {user}` sets another)"""


def main() -> int:
    """Run the command; the exit status."""
    options = _options()
    for number in STOP_SIGNALS:
        signal.signal(number, _raise_stopped)
    os.umask(0o022)
    os.environ["PIP_NO_CACHE_DIR"] = "1"  # else root's home keeps what it fetched
    try:
        with preconditions.only_one():
            Installation(options.port, options.dry_run).run()
    except Problem as problem:
        return fail(str(problem))
    except Stopped as stopped:
        return fail(f"stopped by {stopped}; running it again goes on from here")
    except OSError as error:
        return fail(explain(error))
    return 0


def fail(text: str) -> int:
    """Print the one line of a problem; the exit status to end with."""
    print(f"deploy/install: {text}", file=sys.stderr, flush=True)
    return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="deploy/install", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--port", type=_port, help=f"the port of the web site on 127.0.0.1 (default: {PORT})")
    return parser.parse_args()


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, not {text!r}")
    return int(text)


def _raise_stopped(number: int, _frame: FrameType | None) -> None:
    raise Stopped(signal.Signals(number).name)


class Installation:
    """What is to be installed, what is there already, and the way from one to the other."""

    def __init__(self, port: int | None, dry_run: bool) -> None:
        preconditions.check_machine(dry_run)
        self.release = Release(preconditions.check_python())
        preconditions.check_names()
        self.is_complete = self.release.is_complete
        self.build = [] if self.is_complete else machine.missing_for_build()
        self.needed = packages.missing_to_run()
        preconditions.check_room(not self.is_complete, bool(self.build or self.needed))
        self.port = port
        self._check_port()
        self.steps = Steps(places.LOG, dry_run)
        self.before = release.current()
        self.password: str | None = None
        self.notes: list[str] = []

    def _check_port(self) -> None:
        wanted = self.port or configuration.chosen_port() or PORT
        if services.is_active(services.WEB_SOCKET) and wanted == services.port():
            return
        if self.port or not services.is_active(services.WEB_SOCKET):
            preconditions.check_port(wanted)

    def run(self) -> None:
        """Do all of it, or say in one line why not and in what state things are."""
        self.steps.say(self._heading())
        packages.install(self.build, self.needed, self.steps)
        changed = self._prepare_release()
        if not self.steps.dry_run:
            # A copy is for the run that made it. Who left this one was cut off with its release in use, which migrated
            # the database, or will: going back to that release must not bring what was before it.
            database.forget()
        try:
            self._put_in_place(changed)
        except (Problem, Stopped, OSError) as error:
            raise self._undone(error) from None
        if not self.steps.dry_run:
            self._tell()

    def _heading(self) -> str:
        doing = "This would be done to" if self.steps.dry_run else "Going to"
        if self.before is None:
            return f"{doing} install fifod {self.release.id}:"
        if self.release.is_current:
            return f"fifod {self.release.id} is installed. {doing} put right what is missing:"
        return f"{doing} upgrade fifod from {self.before.name} to {self.release.id}, while it serves:"

    def _prepare_release(self) -> bool:
        """Have the release complete beside the one in use; whether that one is to be replaced or was mended."""
        if self.is_complete:
            self.steps.say("  The release is there and complete: nothing to be done for it")
        else:
            self._make_release()
        if places.CONFIG.exists():
            self.steps.do(f"Checking {places.CONFIG}", self._check_configuration)
        return not self.is_complete or self._serving() != self.release.id

    @staticmethod
    def _serving() -> str:
        """The release that the services were started with; `current` does not tell, if that was cut short."""
        return places.SERVING.read_text().strip() if places.SERVING.exists() else ""

    def _make_release(self) -> None:
        try:
            self.release.make(self.steps)
        except Problem as problem:
            came = " but for packages of Debian" if self.build or self.needed else ""
            raise Problem(f"{problem}; nothing was changed{came}") from None

    def _check_configuration(self) -> None:
        daemon = [str(self.release.environment.python), "-m", "fifod", "--config", str(places.CONFIG), "--check"]
        done = subprocess.run(daemon, capture_output=True, text=True, check=False, cwd="/")
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1].removeprefix("fifod: error: ")
            raise Problem(f"{reason}; nothing was changed")

    def _put_in_place(self, changed: bool) -> None:
        if changed:
            self.steps.do(f"Making {self.release.id} the release in use", self.release.switch)
        changed = self._install_files(self.release.source) or changed
        configuration.write_missing(self.release.source, self.steps)
        self._set_port()
        self.steps.do("Letting systemd read the units", services.reload)
        self.steps.do("Having them started with the machine", services.enable)
        self._bring_up(changed)
        self.steps.do("Checking with a draw by a user without rights", self._draw)
        self.steps.do("Checking that the web site is well", self._wait_for_web)
        if not self.steps.dry_run:
            places.write(places.SERVING, f"{self.release.id}\n".encode())
            database.forget()
        self._remove_old()

    def _install_files(self, root: Path) -> bool:
        """Copy what belongs outside the release, units and all; whether any of it was new or another."""
        wanted = places.files_of(root)
        changed = [target for target, source in wanted.items() if not release.is_copy(source, target)]
        stale = [file for file in places.installed_files() if file not in wanted and file not in places.COMMANDS]
        if changed or stale:
            self.steps.do(
                "Putting units, rules, manual pages and commands in place", partial(release.put, wanted, stale)
            )
        if not self.steps.dry_run:
            places.link_commands()
        self.steps.run("Making the system users fifod and fifod-web", ["systemd-sysusers", str(places.SYSUSERS)])
        self.steps.run("Making their directories", ["systemd-tmpfiles", "--create", str(places.TMPFILES)])
        return bool(changed or stale)

    def _set_port(self) -> None:
        if self.port is None or self.port == (configuration.chosen_port() or PORT):
            return
        self.steps.do(f"Choosing port {self.port} in {places.PORT}", partial(self._choose_port, self.port))

    @staticmethod
    def _choose_port(port: int) -> None:
        # Stopped before systemd reads what changed: a socket unit that runs would keep its old address, and lose it.
        services.systemctl("stop", services.WEB_SOCKET, services.WEB)
        configuration.choose_port(port)

    def _bring_up(self, changed: bool) -> None:
        """Start what does not run; if anything changed restart the services, while requests wait in the sockets."""
        verb = "Restarting" if self.before else "Starting"
        if not services.is_active(services.BUS):
            self.steps.do("Starting D-Bus", partial(services.must, "start", services.BUS))
        if changed:
            self.steps.do(f"{verb} the daemon", partial(services.restart, services.DAEMON))
        self._migrate(changed)
        self.steps.do("Making the first administrator, if there is none", self._make_login)
        if changed:
            self.steps.do(f"{verb} recorder and web site", services.restart_others)
            if services.bridges():
                self.steps.do("Restarting the classic bridges that run", self._restart_bridges)
        self.steps.do("Starting what does not run yet", services.start_all)

    def _restart_bridges(self) -> None:
        self.notes = services.restart_bridges()

    def _migrate(self, changed: bool) -> None:
        if changed and not self.steps.dry_run and database.is_behind(self.release.folder):
            self.steps.do("Copying the web site's database", partial(database.set_aside, self.release.folder))
        migrate = management.command(self.release.folder, "migrate", "--noinput")
        env = None if self.steps.dry_run else management.environment()
        self.steps.run("Preparing the web site's database", migrate, env)

    def _make_login(self) -> None:
        password = new_password()
        done = subprocess.run(
            management.command(self.release.folder, "firstlogin", "--if-none", Login.user),
            env=management.environment(),
            input=f"{password}\n",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise Problem(f"the first administrator could not be made: {reason}")
        if not done.stdout:
            self.password = password

    def _draw(self) -> None:
        self.steps.say(f"      {acceptance.draw()}")

    def _wait_for_web(self) -> None:
        acceptance.wait_for_web(services.port() or PORT)

    def _remove_old(self) -> None:
        kept = {self.release.folder, self.before or self.release.folder}
        if self.before == self.release.folder:
            return  # the one before it stays for as long as nothing newer came
        for folder in release.outdated(kept):
            self.steps.do(f"Removing the old release {folder.name}", partial(release.remove, folder))

    def _undone(self, error: Exception) -> Problem:
        """Go back to the release before, if there is one; the problem to end with."""
        reason = f"stopped by {error}" if isinstance(error, Stopped) else str(error)
        if self.before is None or self.before == self.release.folder:
            return self._with_password(f"{reason}; all before that is done, and running it again goes on from there")
        try:
            self.steps.do(f"Going back to {self.before.name}", self._go_back)
        except (Problem, OSError) as second:
            return Problem(f"{reason}; going back to {self.before.name} failed too: {second}")
        return Problem(f"{reason}; {self.before.name}, the release before, serves again")

    def _go_back(self) -> None:
        assert self.before is not None
        services.systemctl("stop", *services.OTHERS)
        _switch_back(self.before)
        self._install_files(self.before)
        services.reload()
        services.restart(services.DAEMON)
        services.restart_others()
        self._restart_bridges()

    def _with_password(self, text: str) -> Problem:
        shown = f" (the password of {Login.user} is {self.password})" if self.password else ""
        return Problem(text + shown)

    def _tell(self) -> None:
        self.steps.say(RUNS.format(port=services.port() or PORT))
        if self.password:
            self.steps.say(LOGIN.format(user=Login.user, password=self.password))
        for line in [*self.notes, *configuration.advice(self.release.source)]:
            self.steps.say(f"Note: {line}")


def _switch_back(folder: Path) -> None:
    """Make a release the one in use again, with the database that it had if this run has changed that."""
    if not database.is_set_aside():
        return release.use(folder)
    # With the socket: a page that connects would start the site on what is replaced. And before the link is changed:
    # whoever is cut off between the two has the new release in use, and a database that it migrates once more.
    services.stop(services.WEB_SOCKET, *services.OTHERS)
    database.put_back()
    release.use(folder)
    services.systemctl("start", services.WEB_SOCKET)


if __name__ == "__main__":
    sys.exit(main())
