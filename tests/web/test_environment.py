import os
import shlex
import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.web.sites import Site
from webui import environment


@pytest.fixture(autouse=True)
def state(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment that is good as it is."""
    monkeypatch.setenv("FIFOD_STATE_DIR", str(place))
    monkeypatch.setenv("FIFOD_RUNTIME_DIR", str(place / "run"))
    return place


def test_it_has_defaults(state: Path) -> None:
    found = environment.read()
    assert found.database == state / "web.sqlite3"
    assert found.hosts == ["127.0.0.1", "localhost", "[::1]"] and not found.behind_tls


def test_it_makes_a_secret_key_that_stays(state: Path) -> None:
    first, second = environment.read(), environment.read()
    assert first.secret_key == second.secret_key and len(first.secret_key) >= 32
    assert stat.S_IMODE((state / "secret.key").stat().st_mode) == 0o600
    assert {path.name for path in state.iterdir()} == {"secret.key", "web.sqlite3"}


def test_the_secret_key_is_on_the_disk_before_it_has_its_name(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bytes] = []

    def note(descriptor: int) -> None:
        assert not (state / "secret.key").exists()
        synced.append(Path(f"/proc/self/fd/{descriptor}").read_bytes())

    monkeypatch.setattr(os, "fsync", note)
    environment.read()
    assert synced == [(state / "secret.key").read_bytes()]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_its_database_is_for_its_owner_alone_whatever_the_umask(place: Path, umask: int) -> None:
    site = Site(place / "state", place / "run")
    command = shlex.join([*site.python, "manage.py"])
    site.run(["sh", "-c", f"umask {umask:03o}; {command} migrate -v0"])
    script = "from django.contrib.sessions.models import *; Session.objects.count(); import os, webui.settings as s"
    shown = "print(*(f'{os.stat(f\"{s._ENVIRONMENT.database}{end}\").st_mode:o}' for end in ('', '-wal', '-shm')))"
    done = site.run(["sh", "-c", f"umask {umask:03o}; {command} shell -v0 -c {shlex.quote(f'{script}; {shown}')}"])
    assert done.stdout.split() == ["100600"] * 3, done.stdout


def test_a_database_that_others_could_read_is_closed_to_them(state: Path) -> None:
    names = [f"web.sqlite3{end}" for end in ("", "-wal", "-shm")]
    for name in names:
        (state / name).touch()
        (state / name).chmod(0o644)
    environment.read()
    assert {stat.S_IMODE((state / name).stat().st_mode) for name in names} == {0o640}


def test_a_database_that_cannot_be_made_is_left_to_the_first_query(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIFOD_DATABASE", "/proc/no/such/place")
    monkeypatch.setenv("FIFOD_SECRET_KEY_FILE", str(state / "secret.key"))
    assert environment.read().database == Path("/proc/no/such/place")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FIFOD_STATE_DIR", "relative/path"),
        ("FIFOD_RUNTIME_DIR", "run"),
        ("FIFOD_DATABASE", "web.sqlite3"),
        ("FIFOD_DATABASE", "/"),
        ("FIFOD_SECRET_KEY_FILE", "/dev/null"),
        ("FIFOD_SECRET_KEY_FILE", "/proc/no/such/place"),
        ("FIFOD_WEB_HOSTS", "a b"),
        ("FIFOD_WEB_HOSTS", "good.example,*"),
        ("FIFOD_WEB_HOSTS", "https://fifod.example"),
        ("FIFOD_WEB_TLS", "yes"),
        ("FIFOD_METRICS_TOKEN_FILE", "metrics.token"),
        ("FIFOD_METRICS_TOKEN_FILE", "/etc"),
    ],
)
def test_it_names_the_variable_that_is_wrong(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name):
        environment.read()


def test_it_takes_more_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIFOD_WEB_HOSTS", "draws.example.org, .example.net,[2001:db8::1]")
    assert environment.read().hosts[3:] == ["draws.example.org", ".example.net", "[2001:db8::1]"]


def test_a_wrong_variable_stops_the_start(place: Path) -> None:
    site = Site(place, place / "run")
    site.environment["FIFOD_WEB_HOSTS"] = "*"
    assert "FIFOD_WEB_HOSTS must be host names" in site.manage("check", expect=1)


def test_the_installed_form_passes_djangos_own_check(place: Path) -> None:
    site = Site(place, place / "run")
    site.environment["FIFOD_WEB_TLS"] = "1"
    assert "no issues" in site.manage("check", "--deploy", "--fail-level", "WARNING")
