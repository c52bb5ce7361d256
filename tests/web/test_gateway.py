"""Each thread keeps its way to the daemon: what would go wrong if it kept a bad one."""

import signal
import threading

import pytest
from django.contrib.auth.models import User

from fifod import names
from fifod.errors import NotRunning, RequestError, TimedOut
from fifod.reply import Reply
from tests.daemons import Daemon
from webui import gateway

DIE = {"n": 1, "min": 1, "max": 6}


def draw(account: User) -> Reply:
    """Draw one number."""
    return gateway.draw(account, names.INTEGERS, DIE)


def ways(daemon: Daemon) -> set[str]:
    """The reply FIFOs that there are."""
    return {path.name for path in (daemon.run / "replies").iterdir()}


def test_a_thread_keeps_its_reply_fifo(daemon: Daemon, alice: User, bob: User) -> None:
    first = draw(alice)
    kept = ways(daemon)
    assert len(kept) == 1
    assert gateway.status()["serialNumber"] == first.serial_number
    assert draw(bob).serial_number == first.serial_number + 1
    assert ways(daemon) == kept
    users = [body["user"] for body in daemon.bodies("draw")]
    assert users == [gateway.record_name(alice), gateway.record_name(bob)]


def test_another_daemon_is_found(daemon: Daemon, alice: User) -> None:
    first = draw(alice)
    daemon.stop()
    daemon.start()
    assert draw(alice).serial_number == first.serial_number + 1
    daemon.kill()
    daemon.start()
    assert draw(alice).serial_number == first.serial_number + 2
    assert len(ways(daemon)) == 1


def test_a_stopped_daemon_is_told(daemon: Daemon, alice: User) -> None:
    draw(alice)
    daemon.stop()
    with pytest.raises(NotRunning, match="is not running"):
        draw(alice)


def test_a_refused_draw_does_no_harm_to_the_next(daemon: Daemon, alice: User) -> None:
    draw(alice)
    kept = ways(daemon)
    with pytest.raises(RequestError):
        gateway.draw(alice, names.INTEGERS, {**DIE, "n": 0})
    assert draw(alice).serial_number == 2
    assert ways(daemon) == kept


def test_an_answer_that_comes_too_late_is_taken_for_no_other(
    daemon: Daemon, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(alice)
    before = ways(daemon)
    daemon.tell(signal.SIGSTOP)
    try:
        with monkeypatch.context() as patience, pytest.raises(TimedOut):
            patience.setattr(gateway, "SECONDS_FOR_A_DRAW", 0.1)
            draw(alice)
    finally:
        daemon.tell(signal.SIGCONT)
    reply = draw(bob)
    assert daemon.bodies("draw")[reply.serial_number - 1]["user"] == gateway.record_name(bob)
    assert not ways(daemon) & before


def test_threads_that_end_leave_no_reply_fifo(daemon: Daemon, alice: User) -> None:
    drawn: list[Reply] = []
    threads = [threading.Thread(target=lambda: drawn.append(draw(alice))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drawn) == 5
    assert ways(daemon) == set()
