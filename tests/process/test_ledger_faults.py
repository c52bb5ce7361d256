"""A ledger that cannot be written, or is not what it was: draws are refused, nothing is lost, service resumes."""

from __future__ import annotations

import hashlib
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import needs
from tests.daemons import Daemon
from tests.pipes import Pipe, code, result
from tests.process.conftest import QUICK
from tests.waiting import DEADLINE

GOOD = {"n": 1, "min": 1, "max": 6}
DURABILITIES = ['durability = "process"\n', 'durability = "disk"\n']


def fill_segments(pipe: Pipe, draws: int) -> None:
    """Draw, a hundred at a time."""
    for _ in range(draws // 100):
        for _ in range(100):
            pipe.submit("generateIntegers", GOOD, purpose="p" * 400)
        for _ in range(100):
            result(pipe.receive())


def serials(daemon: Daemon) -> list[int]:
    return [head["serial"] for head, _, _ in daemon.records() if head["kind"] == "draw"]


def holds(daemon: Daemon) -> str:
    """What the stand-alone checker says of the ledger."""
    checker = Path(__file__).parents[2] / "fifod" / "checker.py"
    command = [sys.executable, str(checker), "ledger", str(daemon.ledger)]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE).stdout


@contextmanager
def on_small_disk(place: Path, config: str) -> Iterator[Daemon]:
    """A daemon whose state lies on a file system of 512 KiB that only it sees."""
    needs.namespaces()
    daemon = Daemon(place, config)
    daemon.state.mkdir()
    script = f'mount -t tmpfs -o size=512k,mode=755 none "{daemon.state}" && exec "$@"'
    with daemon.start(prefix=("unshare", "--mount", "sh", "-c", script, "sh")):
        daemon.ledger = Path(f"/proc/{daemon.pid}/root{daemon.ledger}")
        yield daemon


@pytest.mark.parametrize("config", DURABILITIES)
def test_a_full_disk_refuses_draws_until_there_is_room(place: Path, config: str) -> None:
    with on_small_disk(place, config) as daemon, Pipe(daemon.run) as pipe:
        filler = daemon.ledger.parent / "filler"
        drawn = [pipe.draw()["serialNumber"]]
        with filler.open("wb", buffering=0) as file:
            while _write(file.fileno()):
                pass
        answers = [pipe.ask("generateIntegers", GOOD) for _ in range(40)]
        drawn += [answer["result"]["serialNumber"] for answer in answers if "result" in answer]
        refused = [answer for answer in answers if "error" in answer]
        assert refused and {code(answer) for answer in refused} == {101}
        assert "No space left on device" in refused[0]["error"]["message"]
        assert pipe.status()["state"].startswith("refusing: ")
        assert result(pipe.ask("getResult", {"serialNumber": 1}))["serialNumber"] == 1
        filler.unlink()
        drawn += [pipe.draw()["serialNumber"] for _ in range(20)]
        assert pipe.status()["state"] == "serving"
        assert drawn == list(range(1, len(drawn) + 1)) == serials(daemon)
        daemon.wait_for_log("drawing again")
        assert daemon.log.count("refusing draws") == 1 and daemon.log.count("drawing again") == 1
        assert "all of it holds" in holds(daemon)


def _write(descriptor: int) -> int:
    for size in (4096, 1):
        try:
            return os.write(descriptor, b"x" * size)
        except OSError:
            continue
    return 0


def test_many_requests_at_once_on_a_full_disk_are_all_refused_or_all_recorded(place: Path) -> None:
    with on_small_disk(place, QUICK) as daemon, Pipe(daemon.run) as pipe:
        answers = []
        for _ in range(20):
            for _ in range(100):
                pipe.submit("generateIntegers", GOOD, purpose="p" * 400)
            answers += [pipe.receive() for _ in range(100)]
        drawn = [answer["result"]["serialNumber"] for answer in answers if "result" in answer]
        assert 100 < len(drawn) < 2000
        assert sorted(drawn) == serials(daemon) == list(range(1, len(drawn) + 1))


def test_a_disk_that_is_full_at_the_start_is_named(place: Path) -> None:
    needs.namespaces()
    daemon = Daemon(place, QUICK)
    daemon.state.mkdir()
    script = f'mount -t tmpfs -o size=4k none "{daemon.state}" && yes >"{daemon.state}/filler"; exec "$@"'
    daemon.spawn(prefix=("unshare", "--mount", "sh", "-c", script, "sh"))
    assert daemon.wait() != 0
    assert "No space left on device" in daemon.log and "Traceback" not in daemon.log


def test_a_read_only_state_directory_is_named_at_the_start(place: Path) -> None:
    needs.namespaces()
    with Daemon(place, QUICK) as daemon:
        daemon.stop()
        script = (
            f'mount --bind "{daemon.state}" "{daemon.state}" && mount -o remount,bind,ro "{daemon.state}" && exec "$@"'
        )
        daemon.spawn(prefix=("unshare", "--mount", "sh", "-c", script, "sh"))
        assert daemon.wait() == 3
        assert "Read-only file system" in daemon.log and "Traceback" not in daemon.log


@pytest.mark.parametrize("config", DURABILITIES)
def test_a_segment_that_becomes_read_only_refuses_draws_until_it_can_be_written(place: Path, config: str) -> None:
    needs.root()
    needs.commands("chattr")
    with Daemon(place, config) as daemon, Pipe(daemon.run) as pipe:
        pipe.draw()
        [segment] = daemon.segments()
        needs.require(subprocess.run(["chattr", "+i", segment]).returncode == 0, "a file system with chattr +i")
        try:
            assert [code(pipe.ask("generateIntegers", GOOD)) for _ in range(3)] == [101] * 3
        finally:
            subprocess.run(["chattr", "-i", segment], check=True)
        assert pipe.draw()["serialNumber"] == 2


def test_a_limit_of_file_size_refuses_draws_and_cuts_what_was_written_short(daemon: Daemon, pipe: Pipe) -> None:
    """The kernel writes up to the limit first: that torn rest must go."""
    pipe.draw()
    [segment] = daemon.segments()
    size = segment.stat().st_size
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))
    assert code(pipe.ask("generateIntegers", GOOD)) == 101
    assert code(pipe.ask("generateIntegers", GOOD)) == 101
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert pipe.draw()["serialNumber"] == 2
    assert serials(daemon) == [1, 2]


def test_draws_stop_when_the_newest_segment_is_removed_and_go_on_when_it_is_back(daemon: Daemon, pipe: Pipe) -> None:
    pipe.draw()
    [segment] = daemon.segments()
    kept = daemon.place / "kept"
    os.link(segment, kept)
    kept.chmod(0o640)
    segment.unlink()
    # A file with another name left: whether it is still the ledger's is for the one who removed it to say.
    answer = pipe.ask("generateIntegers", GOOD)
    if "result" in answer:
        assert kept.read_bytes().count(b'"serial":2') == 1
    kept.rename(segment)
    assert pipe.draw()["serialNumber"] in (2, 3)
    assert serials(daemon) == list(range(1, pipe.status()["serialNumber"] + 1))


def test_nothing_is_drawn_into_a_segment_that_was_removed(daemon: Daemon, pipe: Pipe) -> None:
    pipe.draw()
    [segment] = daemon.segments()
    content = segment.read_bytes()
    segment.unlink()
    for _ in range(3):
        answer = pipe.ask("generateIntegers", GOOD)
        assert code(answer) == 101 and "cannot write the ledger" in answer["error"]["message"]
    assert pipe.status()["state"].startswith("refusing")
    segment.write_bytes(content)
    assert pipe.draw()["serialNumber"] == 2
    assert serials(daemon) == [1, 2]


def test_draws_go_on_without_an_older_segment_and_the_loss_shows(place: Path) -> None:
    with Daemon(place, QUICK + "[ledger]\nsegment_mib = 1\n") as daemon, Pipe(daemon.run) as pipe:
        fill_segments(pipe, 2500)
        first, *others = daemon.segments()
        assert len(others) >= 1
        first.unlink()
        assert pipe.draw()["serialNumber"] == 2501
        assert code(pipe.ask("getResult", {"serialNumber": 1})) == 303
        assert len(result(pipe.ask("listDraws", {"n": 1000}))["draws"]) == 1000
        assert daemon.stop() == 0
        assert "Traceback" not in daemon.log
        daemon.spawn()
        assert daemon.wait() == 3
        assert "are missing from its beginning" in daemon.log and "Traceback" not in daemon.log


def test_a_segment_missing_in_the_middle_is_found_by_the_checker(place: Path) -> None:
    with Daemon(place, QUICK + "[ledger]\nsegment_mib = 1\n") as daemon, Pipe(daemon.run) as pipe:
        fill_segments(pipe, 4000)
        assert "all of it holds" in holds(daemon)
        daemon.segments()[1].unlink()
        assert "prev is not the hash" in holds(daemon)
        assert pipe.draw()["serialNumber"] == 4001


def test_a_ledger_directory_that_is_gone_refuses_draws_and_does_not_end_it(place: Path) -> None:
    with Daemon(place, QUICK + "[ledger]\nsegment_mib = 1\n") as daemon, Pipe(daemon.run) as pipe:
        fill_segments(pipe, 1500)
        aside = daemon.place / "aside"
        daemon.ledger.rename(aside)
        for _ in range(3):
            pipe.ask("generateIntegers", GOOD)
            assert code(pipe.ask("getResult", {"serialNumber": 1})) == -32603
        pipe.submit("listDraws")
        pipe.submit("getChain", {"serialNumber": 1, "n": 5})
        aside.rename(daemon.ledger)
        with Pipe(daemon.run) as fresh:
            last = fresh.draw()["serialNumber"]
        assert serials(daemon) == list(range(1, last + 1))
        assert "Traceback" not in daemon.log


def test_a_segment_that_is_due_while_the_directory_is_gone_waits(place: Path) -> None:
    """The next segment cannot be begun: that is a refusal, not the end."""
    with Daemon(place, QUICK + "[ledger]\nsegment_mib = 1\n") as daemon, Pipe(daemon.run) as pipe:
        fill_segments(pipe, 1000)
        while daemon.segments()[-1].stat().st_size < 1 << 20:
            pipe.draw(purpose="p" * 400)
        aside = daemon.place / "aside"
        daemon.ledger.rename(aside)
        assert [code(pipe.ask("generateIntegers", GOOD)) for _ in range(3)] == [101] * 3
        aside.rename(daemon.ledger)
        last = pipe.draw()["serialNumber"]
        assert len(daemon.segments()) == 2 and serials(daemon) == list(range(1, last + 1))


TORN: dict[str, Callable[[bytes], bytes]] = {
    "half a line behind the last": lambda content: content + b'{"v":1,"kind":"draw","ser',
    "a line without its newline": lambda content: content[:-1],
    "zeros behind the last": lambda content: content + b"\0" * 5000,
    "half of the last line": lambda content: content[:-200],
    "a long torn line": lambda content: content + b"x" * 3_000_000,
}


@pytest.mark.parametrize("tear", TORN.values(), ids=TORN)
def test_a_torn_last_line_is_cut_and_noted_and_whole_lines_stand(
    daemon: Daemon, tear: Callable[[bytes], bytes]
) -> None:
    with Pipe(daemon.run) as pipe:
        for _ in range(5):
            pipe.draw()
    daemon.kill()
    [segment] = daemon.segments()
    torn = tear(segment.read_bytes())
    segment.write_bytes(torn)
    whole = torn[: torn.rfind(b"\n") + 1]
    daemon.start()
    with Pipe(daemon.run) as pipe:
        serial = pipe.draw()["serialNumber"]
    assert segment.read_bytes().startswith(whole)
    assert {"note": "repair", "bytesCut": len(torn) - len(whole)} in daemon.bodies("note")
    assert serials(daemon) == list(range(1, serial + 1))
    assert serial == whole.count(b'"kind":"draw"') + 1
    assert "all of it holds" in holds(daemon)


def test_a_crash_is_noted_and_a_clean_stop_is_not(daemon: Daemon) -> None:
    assert daemon.stop() == 0
    daemon.start()
    with Pipe(daemon.run) as pipe:
        pipe.draw()
    assert daemon.bodies("note") == []
    daemon.kill()
    daemon.start()
    with Pipe(daemon.run) as pipe:
        pipe.draw()
    assert [body["note"] for body in daemon.bodies("note")] == ["restart"]


def test_a_ledger_of_a_newer_format_is_refused_and_left_alone(daemon: Daemon) -> None:
    daemon.stop()
    [segment] = daemon.segments()
    newer = segment.read_bytes().replace(b'{"v":1,', b'{"v":2,')
    segment.write_bytes(newer)
    daemon.spawn()
    assert daemon.wait() == 3
    assert "use a newer fifod" in daemon.log and segment.read_bytes() == newer


@pytest.mark.parametrize("content", [b"", b"\n", b"hello\n", b"{}\t{}\n", b"\0" * 500 + b"\n"])
def test_a_file_that_is_no_ledger_is_refused_and_left_alone(daemon: Daemon, content: bytes) -> None:
    daemon.stop()
    [segment] = daemon.segments()
    segment.write_bytes(content)
    daemon.spawn()
    assert daemon.wait() == 3
    assert "cannot continue the ledger" in daemon.log and "Traceback" not in daemon.log
    assert segment.read_bytes() == content


def test_a_damaged_record_is_refused_to_its_drawer_alone(daemon: Daemon, pipe: Pipe) -> None:
    for _ in range(3):
        pipe.draw()
    [segment] = daemon.segments()
    content = segment.read_bytes()
    at = content.index(b'"serial":2')
    at = content.index(b"\t", at)
    segment.write_bytes(content[: at + 1] + b"#" + content[at + 2 :])
    assert code(pipe.ask("getResult", {"serialNumber": 2})) == -32603
    assert result(pipe.ask("getResult", {"serialNumber": 1}))["serialNumber"] == 1
    pipe.draw()
    assert "Traceback" not in daemon.log


def test_files_have_their_modes(daemon: Daemon, pipe: Pipe) -> None:
    pipe.draw()
    modes = {
        daemon.ledger: 0o2750,
        daemon.ledger / "lock": 0o600,
        daemon.state / "host.key": 0o600,
        daemon.segments()[0]: 0o640,
    }
    assert {path: stat.S_IMODE(path.stat().st_mode) for path in modes} == modes


def test_the_ledger_begins_with_its_identity_and_commits_to_the_host_key(daemon: Daemon, pipe: Pipe) -> None:
    head, body, _ = next(iter(daemon.records()))
    assert head["kind"] == "ledger" and len(body["identity"]) == 64
    assert body["keyCommitment"] == hashlib.sha256((daemon.state / "host.key").read_bytes()).hexdigest()
    assert pipe.draw()["ledger"] == body["identity"] == pipe.status()["ledger"]


def test_a_host_key_of_the_wrong_size_is_refused(daemon: Daemon) -> None:
    daemon.stop()
    (daemon.state / "host.key").write_bytes(b"short")
    daemon.spawn()
    assert daemon.wait() == 3
    assert "restore it from a back-up" in daemon.log


def test_segments_follow_each_other_and_name_the_one_before(place: Path) -> None:
    with Daemon(place, QUICK + "[ledger]\nsegment_mib = 1\n") as daemon, Pipe(daemon.run) as pipe:
        fill_segments(pipe, 2500)
        names = [segment.name for segment in daemon.segments()]
        assert [body["previous"] for body in daemon.bodies("segment")] == names[:-1]
        assert serials(daemon) == list(range(1, 2501))
        daemon.kill()
        daemon.start()
        with Pipe(daemon.run) as fresh:
            assert fresh.draw()["serialNumber"] == 2501


def test_a_clock_that_goes_back_an_hour_is_recorded_as_it_is_and_verifies(daemon: Daemon) -> None:
    """Times are what the clock said; the order is the chain's. The daemon is started anew with a clock of its own."""
    with Pipe(daemon.run) as pipe:
        pipe.draw()
    daemon.stop()
    back = daemon.place / "back"
    back.mkdir()
    (back / "sitecustomize.py").write_text(
        "import time\nnow = time.time_ns\ntime.time_ns = lambda: now() - 3600 * 10**9\n"
    )
    daemon.environment["PYTHONPATH"] = str(back)
    daemon.start()
    with Pipe(daemon.run) as pipe:
        assert pipe.draw()["serialNumber"] == 2
    times = [head["time"] for head, _, _ in daemon.records() if head["kind"] == "draw"]
    assert times[1] < times[0]
    assert "all of it holds" in holds(daemon)
    command = [sys.executable, "-m", "fifod.cli", "verify"]
    done = subprocess.run(command, env=daemon.environment, capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 0, done.stderr
