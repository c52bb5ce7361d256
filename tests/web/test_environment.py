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
    assert stat.S_IMODE((state / "web.key").stat().st_mode) == 0o600
    assert [path.name for path in state.iterdir()] == ["web.key"]


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
