"""`fifod-client classic`, against bridges that do what they should and against others."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fifod.classic.client import Asker
from fifod.errors import FifodError, NotRunning, ProtocolError, TimedOut, UsageError
from tests import needs
from tests.children import in_child
from tests.client.classic_standin import TOP, Standin
from tests.client.conftest import command
from tests.waiting import DEADLINE, readable

Serve = Callable[[str], Standin]
SHORT = ("--timeout", "0.5")


@pytest.fixture
def serve(place: Path) -> Iterator[Serve]:
    """Starts the stand-in of a test."""
    standins: list[Standin] = []

    def start(behaviour: str) -> Standin:
        standins.append(Standin(place, behaviour))
        return standins[-1]

    yield start
    for standin in standins:
        standin.__exit__()


@pytest.fixture
def paths(place: Path) -> dict[str, str]:
    """Where a bridge would be."""
    names = {"FIFO1": "fifo1", "FIFO2": "fifo2", "DIR": ""}
    return {f"FIFOD_CLASSIC_{name}": str(place / path) for name, path in names.items()}


def classic(standin: Standin, *arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return command("classic", *arguments, env=standin.paths, **options)


def complaint(done: subprocess.CompletedProcess[bytes]) -> str:
    """The one line on standard error, and nothing on standard output."""
    assert done.stdout == b"" and done.stderr.count(b"\n") == 1, done
    return done.stderr.decode()


# --- a bridge that does what it should ---


def test_it_prints_the_values_and_nothing_else(serve: Serve) -> None:
    standin = serve("good")
    done = classic(standin, "3")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"1\n2\n3\n", b"")
    pid, n = standin.hear()["question"]
    assert pid > 1 and n == 3 and standin.hear() == {"acknowledged": True}


def test_it_sums_up(serve: Serve) -> None:
    done = classic(serve("good"), "4", "--summary")
    assert done.stdout == b"1\n2\n3\n4\ncount 4\nsum 10\nmean 2.5\n"


def test_it_takes_a_full_answer(serve: Serve) -> None:
    done = classic(serve("good"), "100")
    assert done.stdout.decode().split() == [str(value) for value in range(1, 101)]


def test_it_tells_each_step_with_its_time(serve: Serve) -> None:
    standin = serve("good")
    done = classic(standin, "2", "--trace")
    assert (done.returncode, done.stdout) == (0, b"1\n2\n")
    told = [re.fullmatch(r" *(\d+) µs  (.*)", line) for line in done.stderr.decode().splitlines()]
    times = [int(line[1]) for line in told if line]
    asked = standin.hear()["question"][0]
    assert [line and line[2] for line in told] == [
        f"question written: pid {asked}, n 2",
        "sleeping until SIGUSR1 comes",
        f"woken by SIGUSR1 from {standin.pid}",
        "answer read: 2 values",
        f"acknowledgement sent: SIGUSR1 to {standin.pid}",
    ]
    assert times == sorted(times)


@pytest.mark.parametrize("n", ["0", "-5", "101", "500", "2147483647"])
def test_a_count_that_is_not_served_is_sent_as_it_is(serve: Serve, n: str) -> None:
    standin = serve("good")
    done = classic(standin, n)
    assert done.returncode == 65 and f"n must be from 1 to 100, not {n}" in complaint(done)
    assert standin.hear()["question"][1] == int(n)


@pytest.mark.parametrize("n", [2**31, -(2**31) - 1, 10**30])
def test_a_count_beyond_an_int_is_not_sent(serve: Serve, n: int) -> None:
    done = classic(serve("good"), str(n))
    assert done.returncode == 64 and f"cannot ask for {n} values" in complaint(done)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "give either N or --interactive"),
        (["5", "--interactive"], "give either N or --interactive"),
        (["five"], "'five' is not a whole number"),
        (["5", "--pid", "0"], "0 is not the PID of a bridge"),
        (["5", "--pid", "-1"], "-1 is not the PID of a bridge"),
        (["5", "--pid", "4194305"], "4194305 is not the PID of a bridge"),
        (["5", "--timeout", "0"], "'0' is not a time"),
    ],
)
def test_wrong_arguments_are_refused(paths: dict[str, str], arguments: list[str], reason: str) -> None:
    done = command("classic", *arguments, env=paths)
    assert done.returncode == 64 and reason in complaint(done)


def test_it_asks_the_process_that_is_named(serve: Serve, place: Path) -> None:
    standin = serve("good")
    (place / "classic.pid").unlink()
    assert classic(standin, "1", "--pid", str(standin.pid)).stdout == b"1\n"


# --- a bridge that is not there, or another's ---


def test_without_a_bridge_it_says_how_to_start_one(paths: dict[str, str]) -> None:
    done = command("classic", "5", env=paths)
    assert done.returncode == 69 and "start it (fifod-classic, or FIFOD_CLASSIC=1 ./deploy/try)" in complaint(done)


def test_fifos_that_nobody_reads_are_left_over(paths: dict[str, str], place: Path) -> None:
    for name in ("fifo1", "fifo2"):
        os.mkfifo(place / name, 0o600)
    done = command("classic", "5", env=paths)
    assert done.returncode == 69 and f"nobody reads {place / 'fifo1'}" in complaint(done)


def test_what_is_no_fifo_is_not_written_to(paths: dict[str, str], place: Path) -> None:
    (place / "fifo1").write_bytes(b"kept")
    done = command("classic", "5", env=paths)
    assert done.returncode == 69 and "fifo1 is not a FIFO" in complaint(done)
    assert (place / "fifo1").read_bytes() == b"kept"


def test_without_a_pid_file_it_names_the_option(serve: Serve, place: Path) -> None:
    standin = serve("good")
    (place / "classic.pid").unlink()
    assert "name it by --pid PID" in complaint(classic(standin, "5"))


@pytest.mark.parametrize("uid", [None, 61001])
def test_anothers_fifos_are_not_used(serve: Serve, paths: dict[str, str], uid: int | None) -> None:
    needs.root()
    owner = 61002 if uid is None else 0
    for path in serve("good").fifos:
        os.chown(path, owner, owner)
    told = refusal(paths, uid)
    assert told.startswith("NoPermission: ")
    assert f"fifo1: it belongs to uid {owner}, and a bridge serves its own user's processes only" in told


def test_one_that_may_not_be_opened_has_no_permission(serve: Serve, paths: dict[str, str]) -> None:
    needs.root()
    for path in serve("good").fifos:
        os.chown(path, 61001, 61001)
        path.chmod(0)
    assert "NoPermission: cannot open" in refusal(paths, 61001)


def refusal(paths: dict[str, str], uid: int | None) -> str:
    """The error that a user's question gets."""

    def ask() -> str:
        os.environ.update(paths)
        try:
            return f"no error, but {Asker().ask(5)}"
        except FifodError as error:
            return f"{type(error).__name__}: {error}"

    return str(in_child(ask, uid))


# --- bridges that misbehave ---


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("silent", "no wake-up; the log of the bridge says why"),
        ("only answers", "no wake-up"),
        ("only signals", "woken by the bridge before there was an answer in"),
        ("strangers only", "woken by SIGUSR1 from "),
    ],
)
def test_it_waits_no_longer_than_it_is_told(serve: Serve, behaviour: str, reason: str) -> None:
    done = classic(serve(behaviour), "5", "--timeout", "3.5")
    assert done.returncode == 75 and f"did not answer within 3.5 seconds: {reason}" in complaint(done)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("an impossible count", "it says that it holds 101 values, not 0 to 100"),
        ("a negative count", "it says that it holds -1 values"),
        ("three bytes", "it has 3 bytes, not 404"),
        ("another's answer", "the answer holds 9 values for a question about 5: it is another's"),
        ("values out of range", "the answer holds values that are not from 1 to 100"),
    ],
)
def test_nonsense_is_no_answer(serve: Serve, behaviour: str, reason: str) -> None:
    done = classic(serve(behaviour), "5")
    assert done.returncode == 76 and reason in complaint(done)


def test_a_wake_up_without_an_answer_is_slept_on(serve: Serve) -> None:
    standin = serve("hasty")
    done = classic(standin, "2", "--trace")
    assert (done.returncode, done.stdout) == (0, b"1\n2\n")
    assert b"woken by the bridge before there was an answer in" in done.stderr


def test_a_strangers_signal_is_told_and_slept_on(serve: Serve) -> None:
    standin = serve("strangers first")
    done = classic(standin, "2", "--trace")
    assert (done.returncode, done.stdout) == (0, b"1\n2\n")
    standin.hear()
    stranger = standin.hear()["stranger"]
    assert f"woken by SIGUSR1 from {stranger}, which is not the bridge ({standin.pid}): sleeping again" in (
        done.stderr.decode()
    )


def test_a_bridge_that_dies_is_not_waited_for(serve: Serve) -> None:
    standin = serve("dies")
    done = classic(standin, "5", "--timeout", "600")
    assert done.returncode == 69 and f"it ({standin.pid}) ended before it answered" in complaint(done)


def test_what_a_bridge_answered_before_it_died_is_good(serve: Serve) -> None:
    assert classic(serve("dies after the signal"), "2").stdout == b"1\n1\n"


@pytest.mark.parametrize("arguments", [["5"], ["5", "--pid", str(os.getpid()), *SHORT]])
def test_signals_that_never_stop_harm_nothing(serve: Serve, arguments: list[str]) -> None:
    done = classic(serve("signals on"), *arguments)
    assert done.returncode == (0 if len(arguments) == 1 else 75)


@pytest.mark.parametrize("descriptor", [0, 1, 2])
def test_nothing_but_questions_goes_into_the_fifo_when_a_standard_stream_is_closed(
    serve: Serve, descriptor: int
) -> None:
    standin = serve("good")
    streams = dict.fromkeys(("stdin", "stdout", "stderr"))
    for _ in range(2):
        done = classic(standin, "1", "--trace", **streams, preexec_fn=lambda: os.close(descriptor))
        assert done.returncode == (74 if descriptor == 1 else 0)
        assert standin.hear()["question"][1] == 1 and standin.hear() == {"acknowledged": True}


def test_a_closed_standard_input_ends_the_conversation(serve: Serve) -> None:
    assert classic(serve("good"), "--interactive", stdin=None, preexec_fn=lambda: os.close(0)).returncode == 0


def test_a_question_that_does_not_fit_is_not_waited_for_for_ever(serve: Serve) -> None:
    standin = serve("silent")
    os.kill(standin.pid, signal.SIGSTOP)
    descriptor = os.open(standin.fifos[0], os.O_WRONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(BlockingIOError):
            while os.write(descriptor, bytes(4096)):
                pass
        while True:
            os.write(descriptor, bytes(8))
    except BlockingIOError:
        pass
    finally:
        os.close(descriptor)
    done = classic(standin, "5", *SHORT)
    assert done.returncode == 75 and "stayed full of questions that nobody read" in complaint(done)


# --- interactively ---


def test_it_asks_again_and_again(serve: Serve) -> None:
    done = classic(serve("good"), "--interactive", input=b"2\n3\n")
    assert (done.returncode, done.stdout.decode()) == (
        0,
        "1\n2\ncount 2\nsum 3\nmean 1.5\n1\n2\n3\ncount 3\nsum 6\nmean 2\n",
    )
    assert done.stderr.decode().count("how many values, 1 to 100? ") == 3


@pytest.mark.parametrize(
    "answer", ["abc", "0", "101", "-1", "1.5", str(10**30), "9" * 5000, "\N{ARABIC-INDIC DIGIT FIVE}", "1_0", "\x1b[2J"]
)
def test_a_wrong_answer_is_said_and_asked_again(serve: Serve, answer: str) -> None:
    done = classic(serve("good"), "--interactive", input=f"{answer}\n1\n".encode())
    assert (done.returncode, done.stdout) == (0, b"1\ncount 1\nsum 1\nmean 1\n")
    assert b"is not a whole number from 1 to 100\n" in done.stderr and b"\x1b" not in done.stderr


def test_bytes_that_are_no_text_are_a_wrong_answer(serve: Serve) -> None:
    done = classic(serve("good"), "--interactive", input=b"\xff\xfe\0\n1\n")
    assert done.stdout.startswith(b"1\n") and b"is not a whole number" in done.stderr


@pytest.mark.parametrize("typed", [b"", b"\n", b"  \n5\n"])
def test_an_empty_line_or_the_end_of_input_ends_it(serve: Serve, typed: bytes) -> None:
    done = classic(serve("good"), "--interactive", input=typed)
    assert (done.returncode, done.stdout) == (0, b"")


def test_each_exchange_is_traced_from_its_own_start(serve: Serve) -> None:
    done = classic(serve("good"), "--interactive", "--trace", input=b"1\n1\n")
    assert done.stderr.decode().count("µs  question written: pid ") == 2


def test_a_bridge_that_is_gone_ends_it(serve: Serve) -> None:
    done = classic(serve("dies"), "--interactive", input=b"1\n1\n")
    assert done.returncode == 69 and done.stdout == b""


@pytest.mark.parametrize("arguments", [["--interactive"], ["5"]])
def test_ctrl_c_ends_it(serve: Serve, arguments: list[str]) -> None:
    standin = serve("silent")
    process = subprocess.Popen(
        [sys.executable, "-m", "fifod.cli", "classic", "--trace", *arguments],
        env={**os.environ, **standin.paths},
        cwd=TOP,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stderr
        assert readable(process.stderr.fileno()), "it says nothing"
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE) == 130
    finally:
        process.kill()
        process.communicate(timeout=DEADLINE)


# --- from Python ---


@pytest.fixture
def environment(paths: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, path in paths.items():
        monkeypatch.setenv(name, path)


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [("good", None), ("silent", TimedOut), ("three bytes", ProtocolError), ("dies", NotRunning)],
)
def test_handler_mask_and_descriptors_are_as_before(
    serve: Serve, behaviour: str, outcome: type[Exception] | None
) -> None:
    def mine(*_: object) -> None:
        pass

    serve(behaviour)
    former = signal.signal(signal.SIGUSR1, mine)
    before = (signal.pthread_sigmask(signal.SIG_BLOCK, ()), sorted(os.listdir("/proc/self/fd")))
    try:
        with Asker(timeout=0.3 if outcome is TimedOut else DEADLINE) as asker:
            if outcome is None:
                assert asker.ask(3) == [1, 2, 3]
            else:
                with pytest.raises(outcome):
                    asker.ask(3)
        assert signal.getsignal(signal.SIGUSR1) is mine
        assert (signal.pthread_sigmask(signal.SIG_BLOCK, ()), sorted(os.listdir("/proc/self/fd"))) == before
    finally:
        signal.signal(signal.SIGUSR1, former)


@pytest.mark.usefixtures("environment")
def test_a_signal_that_is_pending_at_the_end_does_not_kill(serve: Serve) -> None:
    serve("good")

    def ask() -> list[int]:
        assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL
        with Asker() as asker:
            values = asker.ask(2)
            os.kill(os.getpid(), signal.SIGUSR1)
        return values

    assert in_child(ask) == [1, 2]


@pytest.mark.usefixtures("environment")
def test_a_signal_from_before_the_question_is_forgotten(serve: Serve) -> None:
    serve("good")
    steps: list[str] = []
    with Asker(told=lambda _, step: steps.append(step)) as asker:
        os.kill(os.getpid(), signal.SIGUSR1)
        assert asker.ask(2) == [1, 2]
    assert steps[0] == f"a SIGUSR1 from {os.getpid()}, from before the question, was forgotten"


@pytest.mark.usefixtures("environment")
def test_a_bridge_that_dies_just_before_the_question_is_not_running(serve: Serve) -> None:
    standin = serve("good")
    with Asker(told=lambda *_: standin.__exit__()) as asker:
        os.kill(os.getpid(), signal.SIGUSR1)
        with pytest.raises(NotRunning, match=r"nobody reads .*fifo1 any more"):
            asker.ask(2)


@pytest.mark.usefixtures("environment")
def test_many_questions_one_after_another(serve: Serve) -> None:
    serve("good")
    with Asker() as asker:
        assert [len(asker.ask(n)) for n in range(1, 101)] == list(range(1, 101))


@pytest.mark.usefixtures("environment")
def test_a_number_beyond_an_int_is_refused_before_anything_is_opened(paths: dict[str, str]) -> None:
    with pytest.raises(UsageError), Asker() as asker:
        asker.ask(2**31)
