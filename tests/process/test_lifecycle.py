"""Start, stop, signals, configuration: what a daemon says and with which status it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import needs
from tests.children import in_child
from tests.daemons import Daemon
from tests.pipes import Neighbour, Pipe, code, result
from tests.process.conftest import QUICK
from tests.waiting import DEADLINE

STRANGER, OTHER = 61001, 61002
GOOD = {"n": 1, "min": 1, "max": 6}


def refuses_to_start(daemon: Daemon, *words: str, status: int = 3) -> None:
    """It ends at once, with one line that holds these words."""
    daemon.spawn()
    assert daemon.wait() == status, daemon.log
    [line] = daemon.log.splitlines()
    assert line.startswith("fifod: error: ") and all(word in line for word in words), line


# --- start ---


def test_it_makes_what_it_needs(daemon: Daemon) -> None:
    assert {path.name for path in daemon.run.iterdir()} == {"requests", "replies", "fifod.pid"}
    assert {path.name for path in daemon.state.iterdir()} >= {"ledger", "host.key"}
    daemon.wait_for_log(f"serving requests at {daemon.run}/requests")


def test_its_pid_file_holds_its_number_and_a_newline_and_goes_with_it(daemon: Daemon) -> None:
    path = daemon.run / "fifod.pid"
    assert path.read_text() == f"{daemon.process.pid}\n"
    daemon.stop()
    assert not path.exists()


def test_a_pid_file_of_a_dead_daemon_is_no_obstacle(daemon: Daemon) -> None:
    path = daemon.run / "fifod.pid"
    daemon.kill()
    assert path.exists()
    daemon.start()
    assert path.read_text() == f"{daemon.process.pid}\n"


def test_a_pid_file_that_is_another_daemons_is_left_alone(daemon: Daemon) -> None:
    path = daemon.run / "fifod.pid"
    path.write_text("1\n")
    assert daemon.stop() == 0
    assert path.read_text() == "1\n"


def file_there(path: Path) -> None:
    path.write_text("precious")


def link_there(path: Path) -> None:
    os.mkfifo(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def directory_there(path: Path) -> None:
    path.mkdir()


def foreign_fifo_there(path: Path) -> None:
    needs.root()
    os.mkfifo(path, 0o622)
    os.chown(path, STRANGER, STRANGER)


def readable_fifo_there(path: Path) -> None:
    os.mkfifo(path)
    path.chmod(0o644)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (file_there, "it is not a FIFO"),
        (link_there, "symbolic links"),
        (directory_there, "directory"),
        (foreign_fifo_there, "it belongs to uid 61001"),
        (readable_fifo_there, "its mode 0644 lets anyone read"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_stands_in_the_fifos_place_is_named_and_left(
    place: Path, make: Callable[[Path], None], words: str
) -> None:
    daemon = Daemon(place, QUICK)
    daemon.run.mkdir()
    path = daemon.run / "requests"
    make(path)
    before = os.lstat(path)
    refuses_to_start(daemon, str(path), words)
    assert os.lstat(path)[:6] == before[:6]


def test_a_foreign_directory_of_reply_fifos_is_refused(place: Path) -> None:
    needs.root()
    daemon = Daemon(place, QUICK)
    replies = daemon.run / "replies"
    replies.mkdir(parents=True)
    os.chown(replies, STRANGER, STRANGER)
    refuses_to_start(daemon, str(replies), "it belongs to uid 61001")


def test_a_file_in_place_of_a_directory_is_refused(place: Path) -> None:
    daemon = Daemon(place, QUICK)
    daemon.run.write_text("")
    refuses_to_start(daemon, str(daemon.run), "not a directory")


@pytest.mark.parametrize("which", ["run", "state"])
def test_a_directory_that_may_not_be_written_is_named(place: Path, which: str) -> None:
    needs.root()
    daemon = Daemon(place, QUICK).belong_to(STRANGER)
    directory = getattr(daemon, which)
    directory.mkdir(mode=0o755)
    refuses_to_start(daemon, str(directory), "Permission denied")


def test_it_serves_as_an_ordinary_user(place: Path) -> None:
    needs.root()
    with Daemon(place, QUICK).belong_to(STRANGER) as daemon:
        assert in_child(lambda: draw_and_tell_drawer(daemon), OTHER) == f"unix:{OTHER}"
        assert in_child(lambda: draw_and_tell_drawer(daemon), STRANGER) == f"unix:{STRANGER}"
        assert daemon.stop() == 0


def draw_and_tell_drawer(daemon: Daemon) -> str:
    with Pipe(daemon.run) as pipe:
        serial = pipe.draw()["serialNumber"]
        answer = result(pipe.ask("getResult", {"serialNumber": serial}))
        body: str = answer["body"].partition('"drawer":"')[2].partition('"')[0]
        return body


# --- stop ---


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_what_was_sent_and_ends_with_0(daemon: Daemon, number: int) -> None:
    pipes = [Pipe(daemon.run) for _ in range(5)]
    for pipe in pipes:
        pipe.draw()
    daemon.tell(signal.SIGSTOP)
    for _ in range(60):
        for pipe in pipes:
            pipe.submit("generateIntegers", GOOD)
    daemon.tell(number)
    daemon.tell(signal.SIGCONT)
    answers = [result(pipe.receive())["serialNumber"] for pipe in pipes for _ in range(60)]
    assert daemon.wait() == 0
    assert sorted(answers) == list(range(6, 306))
    assert "Traceback" not in daemon.log and daemon.log.splitlines()[-1].startswith("fifod: info: stopped after ")
    for pipe in pipes:
        pipe.close()


def test_it_finishes_a_large_reply_before_it_ends(daemon: Daemon, pipe: Pipe) -> None:
    pipe.submit("generateIntegers", {"n": 300_000, "min": 1, "max": 10**9})
    start = pipe.read(100)
    daemon.tell(signal.SIGTERM)
    data = start + pipe.read_to_end()
    assert daemon.wait() == 0
    assert data.endswith(b"}\n") and data.count(b",") > 299_999
    assert daemon.bodies("undelivered") == []


def test_a_client_that_reads_nothing_cannot_keep_it_from_ending(daemon: Daemon, pipe: Pipe) -> None:
    pipe.submit("generateIntegers", {"n": 300_000, "min": 1, "max": 10**9})
    pipe.read(100)
    assert daemon.stop() == 0
    assert daemon.bodies("undelivered") == [{"draw": 1, "reason": "the daemon stops"}]


def test_a_flood_cannot_keep_it_from_ending(daemon: Daemon, pipe: Pipe) -> None:
    pipe.draw()

    def flood() -> None:
        with Pipe(daemon.run) as flooder:
            flooder.hang_up()
            while True:
                flooder.submit("generateIntegers", GOOD)

    flooder = os.fork()
    if flooder == 0:
        try:
            flood()
        finally:
            os._exit(0)
    try:
        pipe.draw()
        assert daemon.stop() == 0
    finally:
        os.kill(flooder, signal.SIGKILL)
        os.waitpid(flooder, 0)


def test_many_signals_are_one(daemon: Daemon, pipe: Pipe) -> None:
    daemon.tell(signal.SIGSTOP)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        daemon.tell(number)
    daemon.tell(signal.SIGCONT)
    assert daemon.wait() == 0
    assert "Traceback" not in daemon.log


# A signal that comes when the lock is marked and nothing is served yet.
EARLY = (
    "import os, sys; from fifod import __main__ as program; prepare = program._prepare;"
    " program._prepare = lambda *given: os.kill(os.getpid(), {number}) or prepare(*given); sys.exit(program.main())"
)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_while_it_starts_it_does_so_without_a_word_in_the_ledger(place: Path, number: int) -> None:
    daemon = Daemon(place, QUICK)
    daemon.program = ("-c", EARLY.format(number=int(number)))
    daemon.spawn()
    assert daemon.wait() == 0
    assert "Traceback" not in daemon.log and daemon.log.splitlines()[-1] == "fifod: info: stopped after 0 draws"
    with Daemon(place, QUICK) as next_one, Pipe(next_one.run) as pipe:
        pipe.draw()
        assert next_one.bodies("note") == []


def test_told_to_reload_while_it_starts_it_does_so_then(place: Path) -> None:
    daemon = Daemon(place, QUICK)
    daemon.program = ("-c", EARLY.format(number=int(signal.SIGHUP)))
    with daemon.start(), Pipe(daemon.run) as pipe:
        daemon.wait_for_log("configuration read again")
        pipe.draw()


# --- configuration ---


def test_hup_takes_over_a_new_configuration(daemon: Daemon, pipe: Pipe) -> None:
    assert pipe.status()["durability"] == "process"
    daemon.config.write_text('durability = "disk"\n[limits]\ndraws_per_minute = 2\n')
    daemon.tell(signal.SIGHUP)
    daemon.wait_for_log("configuration read again")
    status = pipe.status()
    assert (status["durability"], status["quota"]["draws"], status["pid"]) == ("disk", 2, daemon.process.pid)
    assert [code(pipe.ask("generateIntegers", {**GOOD, "n": 0})), "result" in pipe.ask("generateIntegers", GOOD)]


@pytest.mark.parametrize("text", ['durabilty = "disk"\n', "not TOML", 'durability = "tape"\n', None])
def test_hup_with_a_bad_configuration_changes_nothing(daemon: Daemon, text: str | None) -> None:
    with Neighbour(daemon.run):
        if text is None:
            daemon.config.unlink()
        else:
            daemon.config.write_text(text)
        daemon.tell(signal.SIGHUP)
        daemon.wait_for_log("the configuration in use stays")
        with Pipe(daemon.run) as pipe:
            assert pipe.status()["durability"] == "process"
    assert "Traceback" not in daemon.log


def check(path: Path, text: str | bytes) -> tuple[int, str, str]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    command = [sys.executable, "-m", "fifod", "--check", "--config", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, cwd=Path(__file__).parents[2])
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "",
        'durability = "disk"\nauditors = [0, 1000]\nfront_ends = [33]\n',
        "[limits]\ndraws_per_minute = 1\nvalues_per_minute = 1\nclients = 1\nclients_per_uid = 1\n",
        "[ledger]\nsegment_mib = 1\n",
    ],
)
def test_check_accepts_a_good_configuration_and_starts_nothing(place: Path, text: str) -> None:
    path = place / "fifod.toml"
    assert check(path, text) == (0, f"{path}: the configuration is good\n", "")
    assert os.listdir(place) == ["fifod.toml"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("durabilty = 1", "there is no setting 'durabilty'; did you mean durability?"),
        ("[limits]\ndraws_a_minute = 5", "did you mean limits.draws_per_minute?"),
        ("[ledgre]\nsegment_mib = 5", "did you mean ledger?"),
        ('durability = "tape"', 'durability must be "disk" or "process", not \'tape\''),
        ("durability = true", 'durability must be "disk" or "process"'),
        ("auditors = 5", "auditors must be a list of uids"),
        ("auditors = [true]", "auditors must be a list of uids"),
        ("auditors = [-1]", "auditors must be a list of uids"),
        ("auditors = [4294967295]", "auditors must be a list of uids"),
        ('front_ends = ["www-data"]', "front_ends must be a list of uids"),
        ("limits = 5", "limits must be a table"),
        ("[limits]\nclients = 0", "limits.clients must be a whole number from 1"),
        ("[limits]\nclients = 1.5", "limits.clients must be a whole number from 1"),
        ("[limits]\nclients = true", "limits.clients must be a whole number from 1"),
        ("[ledger]\nsegment_mib = 0", "ledger.segment_mib must be a whole number from 1"),
        ("= 5", "it is not TOML"),
        (b"\xff\xfe", "it is not TOML"),
        ('durability = "disk"\ndurability = "disk"', "it is not TOML"),
    ],
)
def test_check_names_what_is_wrong(place: Path, text: str | bytes, words: str) -> None:
    path = place / "fifod.toml"
    status, stdout, stderr = check(path, text)
    assert (status, stdout) == (3, "")
    [line] = stderr.splitlines()
    assert str(path) in line and words in line


def test_a_bad_configuration_stops_the_start_and_makes_nothing(place: Path) -> None:
    daemon = Daemon(place, "colour = 'red'\n")
    refuses_to_start(daemon, "fifod.toml", "there is no setting 'colour'")
    assert os.listdir(place) == ["fifod.toml"]


def test_a_configuration_that_is_named_must_be_there(place: Path) -> None:
    daemon = Daemon(place)
    daemon.config.unlink()
    refuses_to_start(daemon, "fifod.toml", "No such file")


def test_it_goes_on_when_its_supervisor_has_gone(daemon: Daemon) -> None:
    """The address to notify leads nowhere any more, and that is no reason to end badly."""
    assert daemon.stop() == 0
    assert "Traceback" not in daemon.log


def test_a_runtime_directory_has_one_daemon(daemon: Daemon, pipe: Pipe) -> None:
    """Also when the second would have a ledger of its own: each would take some of the requests."""
    second = Daemon(daemon.place, QUICK, FIFOD_STATE_DIR=str(daemon.place / "other"))
    refuses_to_start(second, "another fifod serves", str(daemon.run), status=75)
    second.end()
    assert (daemon.run / "fifod.pid").read_text() == f"{daemon.process.pid}\n"
    assert pipe.draw()["serialNumber"] == 1


def test_newest_records_that_were_changed_are_named_at_the_start(daemon: Daemon, pipe: Pipe) -> None:
    pipe.draw(purpose="audit")
    daemon.stop()
    [segment] = daemon.segments()
    segment.write_bytes(segment.read_bytes().replace(b"audit", b"audix"))
    daemon.start()
    daemon.wait_for_log("newest records do not hold together")
