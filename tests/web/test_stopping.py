"""What a site that is told to stop leaves behind."""

import signal
from pathlib import Path

import pytest

from tests.daemons import Daemon
from tests.waiting import DEADLINE
from tests.web.sites import CONFIG, Site
from tests.web.visitors import Visitor, make_people


@pytest.mark.parametrize("stands_still", [False, True], ids=["the daemon serves", "the daemon stands still"])
def test_it_leaves_no_reply_fifo(place: Path, stands_still: bool) -> None:
    site = Site(place / "state", place / "run")
    site.manage("migrate", "-v0")
    make_people(site, alice=["member"])
    with Daemon(place, CONFIG) as daemon, site.serving() as address:
        alice = Visitor(address, "alice")
        alice.get("/healthz")  # which asks the daemon through a reply FIFO that stays
        with alice.listening() as stream:
            stream.wait_for("hello")
            alice.post("/live/clients/", page="/live/", name="Ann")
            daemon.tell(signal.SIGSTOP if stands_still else signal.SIGCONT)
            alice.post("/live/clients/send/", page="/live/", client="1", n="5", min="1", max="6")
            while stream.wait_for("client").data["steps"][0]["step"] != "written":
                pass
            before = len(replies(daemon))
            site.server.send_signal(signal.SIGTERM)
            assert site.server.wait(DEADLINE) == -signal.SIGTERM
        assert before == 2 and not replies(daemon)
        daemon.tell(signal.SIGCONT)


def replies(daemon: Daemon) -> list[Path]:
    """The reply FIFOs that there are."""
    return [*(daemon.run / "replies").iterdir()]
