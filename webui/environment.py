"""The environment variables of the web site, read once; a bad value stops the start and is named."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from fifod import names

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
_HOST = re.compile(r"\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:]+\]")
_MIN_KEY_LENGTH = 32
_PRIVATE = 0o640


@dataclass(frozen=True)
class Environment:
    """What the site takes from its environment."""

    runtime_dir: Path
    state_dir: Path
    database: Path
    secret_key: str
    hosts: list[str]
    behind_tls: bool
    metrics_token_file: Path
    journal: Path
    supervisor: str


def read() -> Environment:
    """Read and check all variables."""
    state = _directory("FIFOD_STATE_DIR", names.state_dir())
    database = _file("FIFOD_DATABASE", state / "web.sqlite3")
    found = Environment(
        runtime_dir=_directory("FIFOD_RUNTIME_DIR", names.runtime_dir()),
        state_dir=state,
        database=database,
        secret_key=_secret_key(_file("FIFOD_SECRET_KEY_FILE", database.parent / "secret.key")),
        hosts=_hosts("FIFOD_WEB_HOSTS"),
        behind_tls=_switch("FIFOD_WEB_TLS"),
        metrics_token_file=_file("FIFOD_METRICS_TOKEN_FILE", Path("/etc/fifod/metrics.token")),
        journal=_directory("FIFOD_JOURNAL", os.environ.get("FIFOD_JOURNAL") or "/run/fifod-journal/socket"),
        supervisor=os.environ.get("FIFOD_SUPERVISOR", ""),
    )
    _keep_private(database)
    return found


def _directory(name: str, value: str) -> Path:
    if not value.startswith("/") or "\0" in value:
        raise ImproperlyConfigured(f"{name} must be an absolute path, not {value!r}")
    return Path(value)


def _file(name: str, default: Path) -> Path:
    path = _directory(name, os.environ.get(name) or str(default))
    if path.is_dir():
        raise ImproperlyConfigured(f"{name} must be a file, but {path} is a directory")
    return path


def _keep_private(database: Path) -> None:
    """Let nobody else read sessions and password hashes, whatever the umask; -wal and -shm get the database's mode.

    What is impossible is left to the first query, which says why.
    """
    try:
        os.close(os.open(database, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        for path in (database, *(database.with_name(database.name + end) for end in ("-wal", "-shm"))):
            _tighten(path)
    except OSError:
        pass


def _tighten(path: Path) -> None:
    try:
        mode = path.stat().st_mode & 0o777
        if mode & ~_PRIVATE:
            path.chmod(mode & _PRIVATE)
    except OSError:
        pass  # not there, or another's to change


def _hosts(name: str) -> list[str]:
    named = [host.strip() for host in os.environ.get(name, "").split(",") if host.strip()]
    for host in named:
        if not _HOST.fullmatch(host):
            raise ImproperlyConfigured(f"{name} must be host names with commas between them, and {host!r} is none")
    return [*LOOPBACK_HOSTS, *named]


def _switch(name: str) -> bool:
    value = os.environ.get(name, "0") or "0"
    if value not in ("0", "1"):
        raise ImproperlyConfigured(f"{name} must be 0 or 1, not {value!r}")
    return value == "1"


def _secret_key(path: Path) -> str:
    try:
        _make_key(path)
        key = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"FIFOD_SECRET_KEY_FILE: cannot read or make {path}: {error}") from None
    if len(key) < _MIN_KEY_LENGTH:
        raise ImproperlyConfigured(f"FIFOD_SECRET_KEY_FILE: {path} holds fewer than {_MIN_KEY_LENGTH} characters")
    return key


def _make_key(path: Path) -> None:
    """Make the key file if it is missing, whole or not at all, so that two processes starting together agree."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(get_random_secret_key() + "\n")
            file.flush()
            os.fsync(descriptor)  # a power cut must not leave a name with nothing behind it
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
