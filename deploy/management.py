"""`fifod-manage`: manage.py of the installed web site, as its user, with the environment that its units have."""

import os
import pwd
import sys
from pathlib import Path

from deploy import places
from deploy.environment import ROOT
from deploy.problem import Problem
from deploy.progress import fail

USER = "fifod-web"
VARIABLES = {
    "FIFOD_DATABASE": str(places.WEB_STATE / "web.sqlite3"),
    "FIFOD_SECRET_KEY_FILE": str(places.WEB_STATE / "secret.key"),
    "FIFOD_METRICS_TOKEN_FILE": str(places.METRICS_TOKEN),
}
KEPT = ("LANG", "LC_ALL", "TERM", "COLUMNS")


def command(root: Path, *words: str) -> list[str]:
    """The command line for manage.py of a release, to be run by root."""
    return as_site(str(root / ".venv" / "bin" / "python"), str(root / "manage.py"), *words)


def as_site(*words: str) -> list[str]:
    """The command line that lets root run something as the web site's user."""
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", "--", *words]


def environment() -> dict[str, str]:
    """The environment to run it in."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    fixed = {"PATH": path, "HOME": str(places.WEB_STATE), **VARIABLES}
    return {**kept, **fixed, **_from_file(places.WEB_ENV)}


def _from_file(file: Path) -> dict[str, str]:
    """What systemd would take from an EnvironmentFile= as simple as this one."""
    try:
        lines = file.read_text().splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in map(str.strip, lines) if line and line[0] not in "#;" and "=" in line)
    return {name.strip(): _unquoted(value.strip()) for name, _, value in pairs}


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def main() -> int:
    """Become the web site's user and its manage.py."""
    try:
        _become()
    except Problem as problem:
        return fail("fifod-manage", str(problem))
    except OSError as error:
        return fail("fifod-manage", f"{error.filename}: {error.strerror}")
    return 0


def _become() -> None:
    if os.geteuid() != 0:
        raise Problem(f"only root may run it, for it becomes the user {USER}: sudo fifod-manage ...")
    try:
        pwd.getpwnam(USER)
    except KeyError:
        raise Problem(f"there is no user {USER}: run {ROOT}/deploy/install") from None
    words = command(ROOT, *sys.argv[1:])
    os.chdir("/")
    os.umask(0o077)
    os.execvpe(words[0], words, environment())


if __name__ == "__main__":
    sys.exit(main())
