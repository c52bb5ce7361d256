"""The live view's event stream, from a real server: what it holds for whom, and how it begins and ends."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fifod.client import Client
from tests.daemons import Daemon, reachable_directory, remove
from tests.waiting import DEADLINE
from tests.web.conftest import CONFIG
from tests.web.sites import Site
from tests.web.visitors import Listener, Visitor, make_people

ROLES = {"alice": ["member"], "bob": ["member"], "vera": ["auditor"], "otto": ["operator"], "nobody": []}
PUBLIC = {"serial", "time", "method", "transport"}


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Daemon, Site, str]]:
    """Daemon and site, for tests that leave them as they were."""
    place = reachable_directory()
    site = Site(place / "state", place / "run")
    site.manage("migrate", "-v0")
    make_people(site, **ROLES)
    with Daemon(place, CONFIG) as daemon, site.serving() as address:
        yield daemon, site, address
    remove(place)


@pytest.fixture(scope="module")
def people(running: tuple[Daemon, Site, str]) -> dict[str, Visitor]:
    """All of them, logged in."""
    return {name: Visitor(running[2], name) for name in ROLES}


@pytest.fixture
def runtime_dir(running: tuple[Daemon, Site, str]) -> str:
    return str(running[0].run)


def draw_for(runtime_dir: str, user: str, purpose: str) -> int:
    """A draw as the site makes it on behalf of an account."""
    with Client(runtime_dir, user=user) as client:
        return client.integers(3, purpose=purpose).serial_number


def own_name(visitor: Visitor, runtime_dir: str, site: Site, name: str) -> str:
    [[number]] = site.rows("SELECT id FROM auth_user WHERE username = ?", name)
    return f"{number}:{name}"


def test_a_draw_made_in_a_shell_comes_with_its_time_and_nothing_more(
    people: dict[str, Visitor], runtime_dir: str, running: tuple[Daemon, Site, str]
) -> None:
    with people["alice"].listening() as stream, Client(runtime_dir) as client:
        stream.wait_for("hello")
        reply = client.integers(5, purpose="not for others")
        [draw] = stream.draws(1)
    heads = {head.get("serial"): head for head, _, _ in running[0].records()}
    assert draw == {
        "serial": reply.serial_number,
        "time": heads[reply.serial_number]["time"],
        "method": "generateIntegers",
        "transport": "fifo",
    }


@pytest.mark.parametrize("name", ["alice", "bob", "vera", "otto"])
def test_of_others_draws_nobody_learns_more(
    people: dict[str, Visitor], runtime_dir: str, running: tuple[Daemon, Site, str], name: str
) -> None:
    owner = own_name(people["alice"], runtime_dir, running[1], "alice")
    with people[name].listening() as stream:
        stream.wait_for("hello")
        serial = draw_for(runtime_dir, owner, "a secret wish")
        [draw] = stream.draws(1)
    with people[name].listening() as again:
        [shown] = [draw for draw in again.wait_for("hello").data["draws"] if draw["serial"] == serial]
    assert draw == shown
    if name == "alice":
        assert set(draw) == PUBLIC | {"own", "purpose", "received"} and draw["purpose"] == "a secret wish"
    else:
        assert set(draw) == PUBLIC
        assert b"secret wish" not in stream.raw + again.raw and b"alice" not in stream.raw + again.raw


def test_strangers_are_led_to_the_login_and_who_may_nothing_is_refused(
    people: dict[str, Visitor], running: tuple[Daemon, Site, str]
) -> None:
    answer, _ = Visitor(running[2]).get("/live/events")
    assert (answer.status, answer.headers["Location"]) == (302, "/login/?next=/live/events")
    assert people["nobody"].get("/live/events")[0].status == 403
    assert people["nobody"].get("/live/")[0].status == 403


def test_it_is_only_for_reading(people: dict[str, Visitor]) -> None:
    answer, _ = people["alice"].post("/live/events", page="/")
    assert answer.status == 405


def test_its_headers_are_those_of_every_page_and_nothing_keeps_it(people: dict[str, Visitor]) -> None:
    page, _ = people["alice"].get("/live/")
    with people["alice"].listening() as stream:
        headers = stream.answer.headers
    assert headers["Content-Type"] == "text/event-stream" and headers["X-Accel-Buffering"] == "no"
    assert "no-store" in headers["Cache-Control"] and "private" in headers["Cache-Control"]
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options"):
        assert headers[name] == page.headers[name], name


def test_an_unknown_host_is_refused(people: dict[str, Visitor]) -> None:
    with people["alice"].listening(Host="elsewhere.example") as stream:
        assert stream.answer.status == 400


def hello(stream: Listener) -> list[int]:
    return [draw["serial"] for draw in stream.wait_for("hello").data["draws"]]


def test_who_comes_back_gets_what_was_drawn_meanwhile(people: dict[str, Visitor], runtime_dir: str) -> None:
    serials = [draw_for(runtime_dir, "9:eve", "again") for _ in range(30)]
    with people["bob"].listening(Last_Event_ID=str(serials[2])) as stream:
        assert hello(stream) == serials[3:]
    with people["bob"].listening(f"?after={serials[-2]}") as stream:
        assert hello(stream) == serials[-1:]
    with people["bob"].listening(f"?after={serials[-1]}") as stream:
        assert hello(stream) == []


@pytest.mark.parametrize("told", ["x", "-1", "9" * 30, "1;2", "%00"])
def test_who_comes_back_with_nonsense_gets_the_newest(people: dict[str, Visitor], runtime_dir: str, told: str) -> None:
    serial = draw_for(runtime_dir, "9:eve", "again")
    with people["bob"].listening(Last_Event_ID=told) as stream:
        assert hello(stream)[-1] == serial


def test_each_event_has_the_number_of_its_newest_draw(people: dict[str, Visitor], runtime_dir: str) -> None:
    with people["bob"].listening() as stream:
        stream.wait_for("hello")
        serial = draw_for(runtime_dir, "9:eve", "again")
        assert stream.wait_for("draws").number == str(serial)


def test_it_tells_how_the_daemon_and_its_queue_are(people: dict[str, Visitor]) -> None:
    with people["bob"].listening() as stream:
        queue = stream.wait_for("hello").data["queue"]
    assert (queue["daemon"], queue["capacity"]) == ("running", 65536)


def test_there_is_room_for_many_and_then_it_says_so(people: dict[str, Visitor]) -> None:
    with ExitStack() as streams:
        for _ in range(20):
            streams.enter_context(people["otto"].listening()).wait_for("hello")
        refused, words = people["otto"].get("/live/events")
        assert refused.status == 503 and b"this account has 20 live views open" in words
        assert refused.headers["Content-Security-Policy"] and "no-store" in refused.headers["Cache-Control"]
        streams.enter_context(people["bob"].listening()).wait_for("hello")


# --- what ends it ---


def change(site: Site, statement: str) -> None:
    site.manage("shell", "-v0", "-c", f"from django.contrib.auth.models import User\n{statement}")


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("closed", "User.objects.filter(username='closed').update(is_active=False)"),
        ("demoted", "User.objects.get(username='demoted').groups.clear()"),
        ("renewed", "u = User.objects.get(username='renewed'); u.set_password('another-horse-9'); u.save()"),
    ],
)
def test_who_may_no_more_sees_no_more(running: tuple[Daemon, Site, str], name: str, statement: str) -> None:
    _, site, address = running
    make_people(site, **{name: ["member"]})
    with Visitor(address, name).listening() as stream:
        stream.wait_for("hello")
        change(site, statement)
        assert stream.wait_for("end").data == {"why": "access"}
        assert stream.next() is None


def test_who_logs_out_sees_no_more(running: tuple[Daemon, Site, str]) -> None:
    _, site, address = running
    make_people(site, leaving=["member"])
    visitor = Visitor(address, "leaving")
    with visitor.listening() as stream:
        stream.wait_for("hello")
        visitor.post("/logout/", page="/")
        assert stream.wait_for("end").data == {"why": "access"}
        assert stream.next() is None


def test_a_server_that_is_told_to_stop_does_not_wait_for_streams(place: Path) -> None:
    site = Site(place / "state", place / "run")
    site.manage("migrate", "-v0")
    make_people(site, alice=["member"])
    with Daemon(place, CONFIG), site.serving() as address, Visitor(address, "alice").listening() as stream:
        stream.wait_for("hello")
        site.server.send_signal(signal.SIGTERM)
        assert stream.wait_for("end").data == {"why": "stopping"}
        assert stream.next() is None
        site.server.wait(DEADLINE)


# --- what becomes of the daemon and the ledger meanwhile ---


def test_it_goes_on_when_the_daemon_was_restarted(place: Path) -> None:
    site = Site(place / "state", place / "run")
    site.manage("migrate", "-v0")
    make_people(site, alice=["member"])
    with Daemon(place, CONFIG) as daemon, site.serving() as address, Visitor(address, "alice").listening() as stream:
        stream.wait_for("hello")
        daemon.stop()
        assert stream.wait_for("queue").data["daemon"] in ("stopped", "absent")
        daemon.start()
        serial = draw_for(str(daemon.run), "9:eve", "after the restart")
        assert [draw["serial"] for draw in stream.draws(1)] == [serial]
