"""`deploy/uninstall`: removes fifod from this machine, all but its data; with --purge that too."""

import argparse
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

from deploy import packages, places, services
from deploy.preconditions import check_machine, only_one
from deploy.problem import Problem, explain
from deploy.steps import Steps

DATA = (places.ETC, places.STATE, places.WEB_STATE)


def main() -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(prog="deploy/uninstall", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--purge", action="store_true", help="remove configuration, ledger, history and users too")
    options = parser.parse_args()
    os.chdir("/")  # the present folder may be one of those that go
    try:
        check_machine(options.dry_run)
        with only_one():
            Removal(Steps(places.LOG, options.dry_run), options.purge).run()
    except Problem as problem:
        return fail(str(problem))
    except OSError as error:
        return fail(explain(error))
    except KeyboardInterrupt:
        return fail("stopped; running it again goes on from here")
    return 0


def fail(text: str) -> int:
    """Print the one line of a problem; the exit status to end with."""
    print(f"deploy/uninstall: {text}", file=sys.stderr, flush=True)
    return 1


class Removal:
    """Everything that an installation, whole or half, has left on this machine."""

    def __init__(self, steps: Steps, purge: bool) -> None:
        self.steps = steps
        self.purge = purge

    def run(self) -> None:
        """Remove it."""
        self.steps.say("This would remove fifod:" if self.steps.dry_run else "Going to remove fifod:")
        if units := places.installed_units():
            self.steps.do("Stopping fifod and its web site", lambda: _stop(units))
        packages.give_back(self.steps)
        files = places.installed_files()
        if files:
            self.steps.do("Removing units, rules, manual pages and commands", lambda: _remove_all(files))
            self.steps.do("Letting systemd read its units again", services.reload)
        leftovers = [places.HOME, places.RUNTIME, places.JOURNAL_SOCKET, places.BRIDGES, places.PORT, places.LOG]
        for path in filter(places.is_there, leftovers):
            self.steps.do(f"Removing {path}", partial(_remove_tree, path))
        if self.purge:
            self._purge()
        if not self.steps.dry_run:
            _tidy()
        self._tell()

    def _purge(self) -> None:
        drop_ins = [folder for pattern in places.UNIT_NAMES for folder in places.OPERATORS_UNITS.glob(f"{pattern}.d")]
        for path in filter(places.is_there, [*DATA, *drop_ins]):
            self.steps.do(f"Removing {path}{_what(path)}", partial(_remove_tree, path))
        for name in filter(_is_user, places.USERS):
            self.steps.do(f"Removing the user {name}", partial(_must, "userdel", name))
        for name in filter(_is_group, places.GROUPS):
            self.steps.do(f"Removing the group {name}", partial(_remove_group, name))

    def _tell(self) -> None:
        kept = [str(path) for path in DATA if path.exists()]
        if self.steps.dry_run:
            return
        if self.purge or not kept:
            self.steps.say("Nothing of fifod is left.")
        else:
            self.steps.say(
                f"Removed. The data stays in {', '.join(kept)}, with the users who own it; --purge removes it."
            )
        self.steps.say("Packages of Debian that came with it and that nothing else needs: apt-get autoremove")


def _what(path: Path) -> str:
    """What goes with a directory of data, for a person who sees it go."""
    ledger = path / "ledger"
    files = len(list(ledger.glob("*.jsonl"))) if ledger.is_dir() else 0
    meanings = {places.ETC: "the configuration", places.WEB_STATE: "accounts and history"}
    return f": the ledger, {files} files, for good" if files else f": {meanings[path]}" if path in meanings else ""


def _stop(units: list[str]) -> None:
    """Stop sockets before services, so that nothing is started by them again, and the mount last."""
    services.systemctl("disable", "--quiet", *units)
    units = [unit.replace("@.", "@*.") for unit in units]  # a template does not run, what was made of it may
    order = {".target": 0, ".socket": 1, ".service": 2, ".mount": 3}
    for unit in sorted(units, key=lambda name: order.get(Path(name).suffix, 2)):
        services.must("stop", unit)
    services.systemctl("reset-failed", *units)


def _remove_all(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _remove_tree(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _tidy() -> None:
    """Remove directories that only fifod had something in."""
    for folder in (*places.SHARED, places.UNITS.parent, places.COMPLETION.parents[1], places.PORT.parent):
        try:
            folder.rmdir()
        except OSError:
            pass  # not there, or others have something in it


def _is_user(name: str) -> bool:
    return subprocess.run(["getent", "passwd", name], capture_output=True, check=False).returncode == 0


def _is_group(name: str) -> bool:
    return subprocess.run(["getent", "group", name], capture_output=True, check=False).returncode == 0


def _remove_group(name: str) -> None:
    if _is_group(name):  # a user's own group went with the user
        _must("groupdel", name)


def _must(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Problem(f"{' '.join(words)} failed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")


if __name__ == "__main__":
    sys.exit(main())
