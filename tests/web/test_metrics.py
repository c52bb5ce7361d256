"""What Prometheus is told, and that it is told to nobody else."""

import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from fifod.client import Client as Drawer
from fifod.client import RequestError
from fifod.errors import CODES
from fifod.latency import BOUNDS
from tests import needs
from tests.children import in_child
from tests.client.standin import StandIn, reply
from tests.daemons import Daemon
from tests.pipes import Pipe
from tests.waiting import DEADLINE, until
from tests.web.conftest import connect
from tests.web.ledgers import Ledger
from tests.web.sites import Site
from webui import gateway
from webui.history import locks
from webui.history.recorder import Recorder
from webui.service import bearer

pytestmark = pytest.mark.django_db

TOKEN = "t0ken-" + "x" * 26
STRANGER = 61001
README = Path(__file__).parents[2] / "deploy" / "README.md"


@pytest.fixture(autouse=True)
def token_file(place: Path, settings: Settings) -> Path:
    """The file with the token."""
    settings.METRICS_TOKEN_FILE = place / "metrics.token"
    settings.METRICS_TOKEN_FILE.write_text(f"{TOKEN}\n")
    found: Path = settings.METRICS_TOKEN_FILE
    return found


@pytest.fixture
def recording(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """A recorder that holds its lock and records when told to."""
    monkeypatch.setattr(locks, "lock_file", lambda: daemon.place / "recorder")
    with locks.held():
        yield Recorder(daemon.ledger)


def record(recorder: Recorder) -> None:
    for _ in recorder.record_batches():
        pass


def ask(client: Client, authorization: str | None = f"Bearer {TOKEN}", method: str = "GET") -> HttpResponse:
    headers = {} if authorization is None else {"authorization": authorization}
    answer: HttpResponse = client.generic(method, "/metrics", headers=headers)  # type: ignore[assignment]
    return answer


def families(client: Client) -> dict[str, Metric]:
    answer = ask(client)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = list(text_string_to_metric_families(answer.content.decode()))
    assert len({family.name for family in found}) == len(found)
    assert all(family.documentation and family.type != "untyped" for family in found)
    return {family.name: family for family in found}


def samples(client: Client) -> dict[str, float]:
    """Every sample by its name and labels, as it stands in the text."""
    return {
        sample.name + "".join(f",{name}={value}" for name, value in sorted(sample.labels.items())): sample.value
        for family in families(client).values()
        for sample in family.samples
    }


def exposed(client: Client) -> set[str]:
    """The names that a person asks for: of a histogram its own, not those of its parts."""
    found = families(client).values()
    return {family.name if family.type == "histogram" else sample.name for family in found for sample in family.samples}


# --- what is told ---


def test_each_metric_stands_in_the_operators_table_and_no_other(recording: Recorder, client: Client) -> None:
    rows = re.findall(r"^\| `(fifod_[a-z_]+)` \|", README.read_text(), re.MULTILINE)
    assert len(rows) == len(set(rows)) and set(rows) == exposed(client)


def test_what_the_alerts_are_about_is_there(recording: Recorder, client: Client) -> None:
    named = set(re.findall(r"\bfifod_[a-z_]+", README.read_text()))
    parts = {"fifod_request_duration_seconds_bucket"}
    assert named - parts == exposed(client) and parts <= {name.partition(",")[0] for name in samples(client)}


def test_its_values_are_what_happened(recording: Recorder, daemon: Daemon, client: Client) -> None:
    with Drawer(str(daemon.run)) as drawer, Pipe(daemon.run) as pipe:
        for _ in range(3):
            drawer.integers(5)
        record(recording)
        for method in ("generateNothing", "generateIntegers", "generateIntegers"):
            with pytest.raises(RequestError):
                drawer.call(method, {"n": 0, "min": 1, "max": 6})
        pipe.write(b"nonsense\n")
        pipe.submit("generateIntegers", {"n": 1_000_000, "min": 1, "max": 6})
        until(lambda: drawer.status()["draws"] == 4, "the million is drawn")
        pipe.hang_up()
        until(lambda: drawer.status()["undelivered"] == 1, "the daemon has noticed that nobody reads the million")
        before = drawer.status()
        found = samples(client)
    assert found["fifod_up"] == found["fifod_serving"] == found["fifod_recorder_running"] == 1
    assert found[f"fifod_build_info,version={before['version']}"] == 1
    assert found["fifod_draws_total"] == found["fifod_ledger_head"] == 4
    # The question before counts itself by now, that of the page does not yet.
    assert found["fifod_requests_total"] == found["fifod_request_duration_seconds_count"] == before["requests"] + 1
    assert found["fifod_refused_total,code=-32601,error=UnknownMethod"] == 1
    assert found["fifod_refused_total,code=202,error=OutOfRange"] == 2
    assert (found["fifod_undelivered_total"], found["fifod_unanswerable_total"]) == (1, 1)
    assert (found["fifod_queue_requests"], found["fifod_queue_bytes"]) == (0, 0)
    assert found["fifod_clients"] == 2, "the drawer's reply FIFO and the page's"
    assert found["fifod_ledger_segments"] == 1
    assert found["fifod_ledger_bytes"] == sum(path.stat().st_size for path in daemon.segments())
    assert found["fifod_recorder_lag_draws"] == 1 and found["fifod_recorder_lag_seconds"] > 0


def test_a_recorder_that_has_all_is_not_behind(recording: Recorder, daemon: Daemon, client: Client) -> None:
    with Drawer(str(daemon.run)) as drawer:
        drawer.integers(5)
    record(recording)
    found = samples(client)
    assert found["fifod_recorder_lag_draws"] == found["fifod_recorder_lag_seconds"] == 0


def test_every_code_is_there_before_it_happened(recording: Recorder, client: Client) -> None:
    refused = families(client)["fifod_refused"].samples
    assert {int(sample.labels["code"]) for sample in refused} == set(CODES)
    assert {sample.value for sample in refused} == {0}


def test_its_buckets_are_those_of_the_daemon(recording: Recorder, client: Client) -> None:
    buckets = [s for s in families(client)["fifod_request_duration_seconds"].samples if s.name.endswith("_bucket")]
    assert [float(sample.labels["le"]) for sample in buckets] == [*BOUNDS, float("inf")]
    assert [sample.value for sample in buckets] == sorted(sample.value for sample in buckets)


def test_counts_only_grow(recording: Recorder, daemon: Daemon, client: Client) -> None:
    before: dict[str, float] = {}
    with Drawer(str(daemon.run)) as drawer:
        for turn in range(4):
            drawer.integers(1)
            with pytest.raises(RequestError):
                drawer.integers(0)
            found = {
                name: value for name, value in samples(client).items() if re.search("_(total|count|sum|bucket)", name)
            }
            assert all(found[name] >= value for name, value in before.items())
            assert found["fifod_draws_total"] == turn + 1
            before = found


def test_a_daemon_that_refuses_draws_is_up_but_not_serving(recording: Recorder, daemon: Daemon, client: Client) -> None:
    aside = daemon.ledger.with_name("aside")
    daemon.ledger.rename(aside)
    try:
        with Drawer(str(daemon.run)) as drawer, pytest.raises(RequestError):
            drawer.integers(5)
        found = samples(client)
    finally:
        aside.rename(daemon.ledger)
    assert (found["fifod_up"], found["fifod_serving"]) == (1, 0)
    assert found["fifod_refused_total,code=101,error=Refusing"] == 1
    assert not {"fifod_ledger_bytes", "fifod_ledger_segments"} & found.keys(), "no value is better than a wrong one"


# --- what cannot be learned ---

RECORDER_ALONE = {"fifod_up", "fifod_recorder_running", "fifod_recorder_lag_seconds"}


def test_of_a_stopped_daemon_it_tells_that_it_is_down(recording: Recorder, daemon: Daemon, client: Client) -> None:
    daemon.stop()
    found = samples(client)
    assert found.keys() == RECORDER_ALONE and found["fifod_up"] == 0 and found["fifod_recorder_running"] == 1


def test_a_daemon_that_hangs_is_down_and_nobody_waits_long(recording: Recorder, daemon: Daemon, client: Client) -> None:
    assert gateway.SECONDS_FOR_METRICS < 1
    daemon.tell(signal.SIGSTOP)
    try:
        assert samples(client)["fifod_up"] == 0
    finally:
        daemon.tell(signal.SIGCONT)


def test_a_recorder_that_does_not_run_is_told(daemon: Daemon, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "lock_file", lambda: daemon.place / "recorder")
    with Drawer(str(daemon.run)) as drawer:
        drawer.integers(5)
    found = samples(client)
    assert (found["fifod_recorder_running"], found["fifod_recorder_lag_draws"]) == (0, 1)


def test_how_late_the_recorder_is_needs_no_daemon(place: Path, settings: Settings, client: Client) -> None:
    connect(settings, place)
    Ledger(settings.LEDGER_DIR).draw()
    found = samples(client)
    age = max(0.0, time.time() - 1_795_420_800)  # since the time that stands in these records
    assert abs(found["fifod_recorder_lag_seconds"] - age) < 60


def test_without_tables_it_tells_what_the_daemon_knows(recording: Recorder, client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE history_draw RENAME TO gone")
        cursor.execute("ALTER TABLE history_recorderposition RENAME TO lost")
    found = samples(client)
    assert found["fifod_up"] == 1 and "fifod_draws_total" in found
    assert "fifod_recorder_lag_draws" not in found and "fifod_recorder_lag_seconds" not in found


def test_of_a_ledger_that_does_not_follow_no_lag_is_told(recording: Recorder, daemon: Daemon, client: Client) -> None:
    with Drawer(str(daemon.run)) as drawer:
        drawer.integers(5)
    record(recording)
    segment = daemon.segments()[-1]
    segment.write_bytes(segment.read_bytes().replace(b'"serial":1', b'"serial":2'))
    assert "fifod_recorder_lag_seconds" not in samples(client)


def test_what_a_daemon_of_another_version_tells_is_taken_as_it_is(
    place: Path, settings: Settings, client: Client
) -> None:
    connect(settings, place)
    settings.RUNTIME_DIR.mkdir()
    told: dict[str, Any] = {"version": "0.9", "state": "serving", "serialNumber": 7, "refused": {"999": 2}, "new": []}
    with StandIn(
        str(settings.RUNTIME_DIR), lambda stand_in, request: stand_in.write(request, reply(request["id"], told))
    ):
        found = samples(client)
    assert found["fifod_refused_total,code=999,error=RequestError"] == 2 and found["fifod_ledger_head"] == 7
    assert "fifod_draws_total" not in found and "fifod_request_duration_seconds_count" not in found


# --- who is told ---


@pytest.mark.parametrize(
    ("authorization", "challenge"),
    [
        (None, 'Bearer realm="fifod metrics"'),
        ("", 'Bearer realm="fifod metrics"'),
        *(
            (wrong, 'Bearer realm="fifod metrics", error="invalid_token"')
            for wrong in (
                TOKEN,
                "Bearer",
                "Bearer ",
                f"Bearer {TOKEN[:-1]}",
                f"Bearer {TOKEN}x",
                f"Bearer {TOKEN.upper()}",
                f"Bearer {TOKEN} {TOKEN}",
                f"Bearer {TOKEN}, Bearer {TOKEN}",
                f"Basic {TOKEN}",
                f"Bearer\t{TOKEN}",
                f"Bearer {TOKEN}\x00",
                f"Bearer \xff\xfe{TOKEN}",
                "Bearer \ud800",
                f"Bearer {'x' * 100_000}",
                "Bearer " * 10_000,
            )
        ),
    ],
)
def test_without_the_right_token_nothing_is_told(
    shared: Daemon, client: Client, authorization: str | None, challenge: str
) -> None:
    answer = ask(client, authorization)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, challenge)
    assert b"fifod_" not in answer.content and TOKEN.encode() not in answer.content


@pytest.mark.parametrize("authorization", [f"bearer {TOKEN}", f"BEARER   {TOKEN} "])
def test_the_scheme_is_read_as_http_wants_it(shared: Daemon, client: Client, authorization: str) -> None:
    assert ask(client, authorization).status_code == 200


def test_a_login_is_no_token(shared: Daemon, browser: Client) -> None:
    assert ask(browser, None).status_code == 401


def test_no_token_is_taken_from_the_address(shared: Daemon, client: Client) -> None:
    assert client.get(f"/metrics?token={TOKEN}&access_token={TOKEN}").status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_it_takes_get_and_head_only(shared: Daemon, client: Client, method: str) -> None:
    answer = ask(client, method=method)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD") and b"fifod_" not in answer.content


def test_head_gives_no_body_and_asks_for_the_token_too(shared: Daemon, client: Client) -> None:
    answer = ask(client, method="HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert ask(client, None, "HEAD").status_code == 401


def test_it_is_kept_by_nobody_and_allows_no_page_anything(shared: Daemon, client: Client) -> None:
    answer = ask(client)
    assert "no-store" in answer["Cache-Control"] and answer["Content-Security-Policy"].startswith("default-src 'none'")
    assert not answer.cookies


def test_a_new_token_holds_at_once(shared: Daemon, client: Client, token_file: Path) -> None:
    token_file.write_text("n" * 32)
    assert ask(client).status_code == 401
    assert ask(client, f"Bearer {'n' * 32}").status_code == 200


def test_without_a_token_file_there_are_no_metrics(shared: Daemon, client: Client, token_file: Path) -> None:
    token_file.unlink()
    for authorization in (None, f"Bearer {TOKEN}", "Bearer "):
        answer = ask(client, authorization)
        assert answer.status_code == 404 and b"FIFOD_METRICS_TOKEN_FILE" in answer.content


def unfit(file: Path, kind: str) -> None:
    file.unlink()
    match kind:
        case "empty":
            file.touch()
        case "white space":
            file.write_bytes(b" \n" * 40)
        case "short":
            file.write_text("x" * 31 + "\n")
        case "two words":
            file.write_text(f"{TOKEN} {TOKEN}\n")
        case "no ASCII":
            file.write_text("ü" * 40)
        case "FIFO":
            os.mkfifo(file)
        case "directory":
            file.mkdir()
        case "device":
            file.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    "kind", ["empty", "white space", "short", "two words", "no ASCII", "FIFO", "directory", "device"]
)
def test_with_an_unfit_token_it_is_closed_to_all_and_the_log_says_why(
    shared: Daemon, client: Client, token_file: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    content = token_file.read_text()
    unfit(token_file, kind)
    for authorization in (None, "", "Bearer ", f"Bearer {content}".strip(), f"Bearer {'x' * 31}", "Bearer \0"):
        answer = ask(client, authorization)
        assert answer.status_code == 503 and b"FIFOD_METRICS_TOKEN_FILE" in answer.content
        assert str(token_file) not in answer.content.decode(), "whoever asks need not know where it is"
    assert f"the token file {token_file}" in caplog.text


def test_a_token_that_the_site_may_not_read_closes_it(token_file: Path) -> None:
    needs.root()
    token_file.chmod(0o600)

    def read() -> str:
        try:
            return str(bearer.is_admitted(f"Bearer {TOKEN}", token_file))
        except bearer.NoToken as reason:
            return f"{reason.status} {reason}"

    assert in_child(read, STRANGER) == f"503 cannot read the token file {token_file}: Permission denied"


def test_no_token_gets_into_the_log(shared: Daemon, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    ask(client, f"Bearer {TOKEN}")
    ask(client, f"Bearer {TOKEN[:-1]}")
    ask(client, f"Basic {TOKEN}")
    assert "Unauthorized: /metrics" in caplog.text and TOKEN[:-1] not in caplog.text


@pytest.fixture
def port(site: Site, token_file: Path) -> Iterator[int]:
    """A real web server's port; there is no daemon behind it."""
    site.environment["FIFOD_METRICS_TOKEN_FILE"] = str(token_file)
    with site.serving() as address:
        yield int(address.rpartition(":")[2])


def talk(port: int, *lines: bytes) -> bytes:
    """All that a server answers to a request that is written as it is."""
    with socket.create_connection(("127.0.0.1", port), DEADLINE) as connection:
        connection.sendall(b"\r\n".join((*lines, b"Host: 127.0.0.1", b"Connection: close", b"", b"")))
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_over_the_wire_it_gives_and_refuses_the_same(port: int) -> None:
    shown = b"Authorization: Bearer " + TOKEN.encode()
    assert b"\nfifod_up 0.0\n" in talk(port, b"GET /metrics HTTP/1.1", shown)
    head = talk(port, b"HEAD /metrics HTTP/1.1", shown)
    assert head.startswith(b"HTTP/1.1 200 ") and head.endswith(b"\r\n\r\n")
    for wrong in (
        b"X: y",
        shown[:-1],
        b"Authorization: Bearer \xff\xfe",
        b"Authorization: " + b"b" * 20_000,
        shown + b"\r\n" + shown,
    ):
        answer = talk(port, b"GET /metrics HTTP/1.1", wrong)
        assert answer.startswith(b"HTTP/1.1 401 ") and b"fifod_" not in answer, wrong[:60]
