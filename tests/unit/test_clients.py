"""The open reply FIFOs: how many there may be, and which make room for others."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from fifod.channel import Channel
from fifod.clients import Clients, NoRoom
from fifod.config import Limits
from fifod.draw import Reply
from fifod.errors import AlreadyRunning, StartError
from fifod.fifos import NoReader, NotAReplyFifo
from tests import needs
from tests.unit.channels import NEVER

SECOND = 1_000_000_000


class Replies:
    """A directory of reply FIFOs whose clients have opened them, and the daemon's view of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.owner = 1000
        self.clients = Clients(str(path), Limits(clients=4, clients_per_uid=3), lambda uid: self.owner)
        self._ends: list[int] = []

    def fifo(self, number: int) -> str:
        name = f"{number:032d}"
        os.mkfifo(self.path / name)
        self._ends.append(os.open(self.path / name, os.O_RDONLY | os.O_NONBLOCK))
        return name

    def open(self, number: int, owner: int = 1000) -> tuple[Channel, list[Channel]]:
        self.owner = owner
        return self.clients.open(self.fifo(number))

    def close(self) -> None:
        for channel in self.clients.all():
            self.clients.close(channel)
        for end in self._ends:
            os.close(end)
        self.clients.close_directory()


@pytest.fixture
def replies(tmp_path: Path) -> Iterator[Replies]:
    replies = Replies(tmp_path / "replies")
    yield replies
    replies.close()


def busy(channel: Channel) -> None:
    channel.send(Reply(b"x" * 100_000), 0)
    channel.push(NEVER)
    assert channel.is_blocked


def test_a_client_is_found_by_its_name_until_it_is_closed(replies: Replies) -> None:
    channel, surplus = replies.open(1)
    assert surplus == []
    assert replies.clients.find(channel.name) is channel
    assert replies.clients.find("0" * 32) is None
    assert (len(replies.clients), replies.clients.all()) == (1, [channel])
    replies.clients.close(channel)
    assert replies.clients.find(channel.name) is None
    assert len(replies.clients) == 0


def test_its_owner_is_who_owns_the_fifo_as_far_as_that_is_anybodys(replies: Replies) -> None:
    channel, _ = replies.open(1, owner=1007)
    assert channel.uid == channel.caller.uid == 1007


def test_the_idle_one_that_was_asked_for_longest_ago_makes_room(replies: Replies) -> None:
    channels = [replies.open(number, owner=number)[0] for number in range(4)]
    replies.clients.find(channels[0].name)
    busy(channels[1])
    _, surplus = replies.open(5, owner=5)
    assert surplus == [channels[2]]


def test_who_has_as_many_as_he_may_makes_room_for_himself(replies: Replies) -> None:
    replies.open(0, owner=7)
    own = [replies.open(number)[0] for number in range(1, 4)]
    _, surplus = replies.open(5)
    assert surplus == [own[0]]


def test_there_is_no_room_while_all_are_in_use(replies: Replies) -> None:
    channels = [replies.open(number, owner=number)[0] for number in range(4)]
    for channel in channels:
        busy(channel)
    open_before = len(os.listdir("/proc/self/fd"))
    name = replies.fifo(5)
    with pytest.raises(NoRoom):
        replies.clients.open(name)
    assert len(os.listdir("/proc/self/fd")) == open_before + 1
    assert len(replies.clients) == 4


def test_one_that_nobody_has_read_for_long_makes_room_when_none_is_idle(replies: Replies) -> None:
    channels = [replies.open(number, owner=number)[0] for number in range(4)]
    for channel in channels:
        busy(channel)
    channels[2].progress -= 3600 * SECOND
    assert replies.open(5, owner=5)[1] == [channels[2]]


def test_a_new_limit_holds_for_the_next_client(replies: Replies) -> None:
    first, _ = replies.open(1, owner=1)
    replies.clients.configure(Limits(clients=1))
    assert replies.open(2, owner=2)[1] == [first]


def stand_in(path: Path, kind: str, fifo: Path) -> None:
    match kind:
        case "file":
            path.touch()
        case "directory":
            path.mkdir()
        case "link":
            path.symlink_to(fifo)
        case "FIFO with two names":
            path.hardlink_to(fifo)


@pytest.mark.parametrize("kind", ["nothing", "file", "directory", "link", "FIFO with two names"])
def test_only_a_fifo_of_its_own_name_is_opened(replies: Replies, kind: str) -> None:
    name = "f" * 32
    stand_in(replies.path / name, kind, replies.path / replies.fifo(1))
    with pytest.raises(NotAReplyFifo):
        replies.clients.open(name)
    assert len(replies.clients) == 0


def test_a_fifo_that_its_client_has_not_opened_may_be_tried_again(replies: Replies) -> None:
    name = "f" * 32
    os.mkfifo(replies.path / name)
    with pytest.raises(NoReader):
        replies.clients.open(name)


# --- the directory ---


def test_the_directory_is_open_to_all_and_listed_by_none(replies: Replies) -> None:
    assert replies.path.stat().st_mode & 0o7777 == 0o3733


def test_a_directory_that_was_replaced_is_noticed_and_the_new_one_used(replies: Replies, tmp_path: Path) -> None:
    replies.path.rename(tmp_path / "old")
    was_in_place = replies.clients.is_in_place
    replies.clients.reopen()
    assert (was_in_place, replies.clients.is_in_place) == (False, True)
    assert replies.open(1)


def test_what_is_no_directory_cannot_be_used(replies: Replies) -> None:
    shutil.rmtree(replies.path)
    replies.path.touch()
    with pytest.raises(StartError, match="cannot use the directory of reply FIFOs"):
        replies.clients.reopen()
    replies.path.unlink()


def test_a_directory_that_is_somebody_elses_costs_no_descriptor(replies: Replies) -> None:
    needs.root()
    own = replies.path.stat().st_uid
    open_before = len(os.listdir("/proc/self/fd"))
    os.chown(replies.path, 61001, -1)
    for _ in range(3):
        with pytest.raises(StartError, match="it belongs to uid 61001"):
            replies.clients.reopen()
    os.chown(replies.path, own, -1)
    assert len(os.listdir("/proc/self/fd")) == open_before


def test_a_directory_that_another_daemon_has_costs_no_descriptor(replies: Replies) -> None:
    open_before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(AlreadyRunning):
        replies.clients.reopen()
    assert len(os.listdir("/proc/self/fd")) == open_before


def test_fifos_of_clients_that_died_are_removed_and_no_others(replies: Replies) -> None:
    living = replies.fifo(1)
    for name in ("d" * 32, "not a reply name"):
        os.mkfifo(replies.path / name)
    (replies.path / ("e" * 32)).touch()
    made = (replies.path / living).stat().st_ctime
    replies.clients.sweep(made + 30)
    assert len(list(replies.path.iterdir())) == 4
    replies.clients.sweep(made + 3600)
    assert sorted(os.listdir(replies.path)) == sorted([living, "not a reply name", "e" * 32])
