"""What fifod-client does when something is not as it should be: one line that helps, and a status of sysexits.h."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from fifod import __version__, fifos
from fifod.cli import COMMANDS, main
from fifod.client import Client
from fifod.errors import NotFound
from tests import needs
from tests.children import in_child
from tests.client.conftest import TOP, Run, command
from tests.client.standin import Request, StandIn, result
from tests.daemons import Daemon
from tests.waiting import DEADLINE

Serve = Callable[[Callable[[StandIn, Request], None]], StandIn]


def complaint(done: subprocess.CompletedProcess[bytes]) -> str:
    """The one line on standard error, with nothing on standard output."""
    text = done.stderr.decode()
    assert done.stdout in (b"", None) and text.count("\n") == 1 and text.startswith("fifod-client: "), done
    return text


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        ([], 64, "say what to draw"),
        (["integer"], 64, "did you mean integers?"),
        (["xyzzy"], 64, "see fifod-client --help"),
        (["uuids"], 64, "uuids: the following arguments are required: N; see fifod-client uuids --help"),
        (["uuids", "many"], 64, "'many' is not a whole number"),
        (["uuids", "9" * 5000], 64, "is not a whole number"),
        (["uuids", "1", "2"], 64, "unrecognized arguments: 2"),
        (["5", "--uniq"], 64, "unrecognized arguments: --uniq"),
        (["5", "--json", "--summary"], 64, "not allowed with"),
        (["5", "--timeout", "0"], 64, "it must be more than 0"),
        (["5", "--timeout", "nan"], 64, "is not a number"),
        (["5", "--timeout", "1e9"], 64, "is not a time"),
        (["gaussians", "1", "--mean", "inf"], 64, "is not a number"),
        (["sequences", "1"], 64, "--length"),
        (["sequences", "1", "--length", "1,x"], 64, "'x' is not a whole number"),
        (["show"], 64, "SERIAL"),
        (["history", "-n", "0"], 64, "from 1"),
        (["verify", "--expect", "5:abc"], 64, "is not a serial number, a colon and a hash"),
        (["integers", "0"], 65, "integers: n must be from 1 to 1000000"),
        (["0"], 65, "integers: n must be from 1 to 1000000"),
        (["-5"], 65, "integers: n must be from 1 to 1000000"),
        (["integers", "1", "--min", "2", "--max", "1"], 65, "integers: min"),
        (["integers", "7", "--max", "6", "--unique"], 65, "different values"),
        (["blobs", "1", "--size", "7"], 65, "blobs: size"),
        (["blobs", "1", "--format", "octal"], 65, "blobs: format"),
        (["sequences", "2", "--length", "1,2,3"], 65, "sequences: length"),
        (["strings", "1", "--characters", "aa"], 65, "strings: characters"),
        (["show", "999999"], 65, "show: there is no draw with serial number 999999"),
        (["5", "--purpose", "a\tb"], None, "purpose"),
        (["5", "--purpose", "x" * 401], None, "purpose"),
        (["5", "--purpose", "x" * 5000], 64, "shorten its texts"),
        ([b"strings", b"1", b"--characters", b"a\xff"], 64, "--characters: the text holds bytes that are not UTF-8"),
        ([b"5", b"--purpose", b"a\xff"], 64, "--purpose: the text holds bytes that are not UTF-8"),
        (["5.5"], 64, "'5.5' is not a whole number"),
        (["show", "5", "\x1b[31m"], 64, "\\x1b[31m"),
    ],
    ids=lambda value: repr(value)[:50] if isinstance(value, list) else None,
)
def test_wrong_arguments_get_one_line_and_no_draw(
    run: Run, daemon: Daemon, arguments: list[str], status: int | None, reason: str
) -> None:
    before = len(daemon.bodies("draw"))
    done = run(*arguments)
    assert reason in complaint(done)
    assert done.returncode == (status or done.returncode) and done.returncode in (64, 65)
    assert len(daemon.bodies("draw")) == before


@pytest.mark.parametrize(
    "arguments",
    [["5"], ["uuids", "1"], ["pick", "1", "/etc/passwd"], ["stream"], ["status"], ["history"], ["show", "1"]],
)
def test_without_a_daemon_it_says_what_to_do(tmp_path: Path, arguments: list[str]) -> None:
    done = command(*arguments, env={"FIFOD_RUNTIME_DIR": str(tmp_path)})
    assert done.returncode == 69
    assert "systemctl start fifod" in complaint(done) and str(tmp_path) in complaint(done)


def test_a_daemon_that_has_gone_is_not_waited_for(place: Path) -> None:
    daemon = Daemon(place)
    with daemon:
        daemon.stop()
    done = command("5", env=daemon.environment)
    assert done.returncode == 69 and "nobody reads its request FIFO" in complaint(done)


def test_a_silent_daemon_is_a_time_out(serve: Serve, runtime: str) -> None:
    serve(lambda standin, request: None)
    done = command("uuids", "1", "--timeout", "0.2", env={"FIFOD_RUNTIME_DIR": runtime})
    assert done.returncode == 75 and "fifod-client history" in complaint(done)


@pytest.mark.parametrize("arguments", [["status"], ["history"], ["show", "1"]])
def test_a_question_that_times_out_has_made_no_draw(serve: Serve, runtime: str, arguments: list[str]) -> None:
    serve(lambda standin, request: None)
    done = command(*arguments, "--timeout", "0.2", env={"FIFOD_RUNTIME_DIR": runtime})
    assert done.returncode == 75 and "try again later" in complaint(done) and "the draw" not in complaint(done)


def test_what_is_no_reply_is_named(serve: Serve, runtime: str) -> None:
    serve(lambda standin, request: standin.write(request, b"\x1b[31mhello\n"))
    # It must have heard that before it gives up.
    done = command("uuids", "1", "--timeout", "3", env={"FIFOD_RUNTIME_DIR": runtime})
    assert done.returncode == 76 and "hello" in complaint(done) and "\x1b" not in complaint(done)


@pytest.mark.parametrize(("code", "status"), [(101, 75), (402, 75), (-32603, 70), (999, 65)])
def test_each_refusal_has_its_exit_status(serve: Serve, runtime: str, code: int, status: int) -> None:
    serve(lambda standin, request: standin.write(request, b'{"error":{"code":%d,"message":"no"},"id":1}\n' % code))
    done = command("uuids", "1", env={"FIFOD_RUNTIME_DIR": runtime})
    assert done.returncode == status and complaint(done) == "fifod-client: uuids: no\n"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("what", ["requests", "replies"])
def test_a_stranger_is_told_what_he_may_not(serve: Serve, runtime: str, what: str) -> None:
    needs.root()
    serve(lambda standin, request: None)
    os.chmod(os.path.join(runtime, what), 0o700)

    def try_as_stranger() -> list[object]:
        from contextlib import redirect_stderr
        from io import StringIO

        from fifod.cli import main

        os.environ["FIFOD_RUNTIME_DIR"] = runtime
        told = StringIO()
        with redirect_stderr(told):
            status = main(["5"])
        return [status, told.getvalue()]

    status, told = in_child(try_as_stranger, uid=65534)
    assert status == 77 and what in told and told.count("\n") == 1


def test_another_user_draws_and_sees_only_his_own(daemon: Daemon, run: Run) -> None:
    needs.root()
    run("uuids", "1")
    theirs = len(daemon.bodies("draw"))

    def draw_and_look() -> list[object]:
        with Client(str(daemon.run), timeout=DEADLINE) as client:
            mine = client.uuids(1).serial_number
            with pytest.raises(NotFound):
                client.result(theirs)
            return [mine, [draw["serialNumber"] for draw in client.draws()["draws"]]]

    mine, listed = in_child(draw_and_look, uid=65533)
    assert listed == [mine] and mine == theirs + 1
    assert daemon.bodies("draw")[-1]["drawer"] == "unix:65533"


def test_a_reader_that_has_enough_is_no_error(run: Run, daemon: Daemon) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    for arguments in (["100000"], ["--help"], ["uuids", "--help"], ["history"], ["stream"]):
        done = run(*arguments, stdout=theirs)
        told = [line for line in done.stderr.splitlines() if b"this stream is draw" not in line]
        assert (done.returncode, told) == (0, []), done
    os.close(theirs)


def test_closed_or_full_standard_output_is_an_error(run: Run) -> None:
    done = run("5", stdout=None, preexec_fn=lambda: os.close(1))
    assert done.returncode == 74 and "standard output is closed" in complaint(done)
    with open("/dev/full", "wb") as full:
        done = run("5", stdout=full)
    assert done.returncode == 74 and "No space left" in complaint(done)


def test_closed_standard_error_does_not_matter(run: Run) -> None:
    done = run("5", stderr=None, preexec_fn=lambda: os.close(2))
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 5
    assert run("0", stderr=None, preexec_fn=lambda: os.close(2)).returncode == 65


def test_an_interrupt_is_quiet(serve: Serve, runtime: str) -> None:
    interrupt: list[int] = []
    serve(lambda standin, request: os.kill(interrupt[0], signal.SIGINT))
    ready, go = os.pipe()
    waiting = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import os; os.read({ready}, 1)\nimport sys; from fifod.cli import main; sys.exit(main(['5']))",
        ],
        env={**os.environ, "FIFOD_RUNTIME_DIR": runtime, "PYTHONPATH": str(TOP)},
        stderr=subprocess.PIPE,
        pass_fds=[ready],
    )
    interrupt.append(waiting.pid)
    os.write(go, b"x")
    _, told = waiting.communicate(timeout=DEADLINE)
    os.close(ready)
    os.close(go)
    assert (waiting.returncode, told) == (130, b"")
    assert os.listdir(fifos.replies_path(runtime)) == []


def test_a_bare_number_loads_nothing_slow(daemon: Daemon) -> None:
    # Scripts start it again and again: each of these would cost about a tenth of the start, or far more.
    slow = {"argparse", "typing", "dataclasses", "inspect", "pathlib", "logging", "msgspec", "decimal", "subprocess"}
    script = "import sys; from fifod.cli import main; main(['5']); print(*sys.modules, file=sys.stderr)"
    line = [sys.executable, "-c", script]
    done = subprocess.run(line, env=daemon.environment, cwd=TOP, capture_output=True, text=True, timeout=DEADLINE)
    assert len(done.stdout.splitlines()) == 5
    bare = subprocess.run([sys.executable, "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True)
    assert (set(done.stderr.split()) - set(bare.stdout.split())) & slow == set()


def test_help_teaches(run: Run) -> None:
    text = run("--help").stdout.decode()
    assert all(f"  {name} " in text for name in COMMANDS)
    for part in ("examples:", "exit status", "environment:", "FIFOD_RUNTIME_DIR"):
        assert part in text
    assert all(len(line) <= 120 for line in text.splitlines())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_help(run: Run, name: str) -> None:
    done = run(name, "--help")
    assert done.returncode == 0 and f"usage: fifod-client {name}" in done.stdout.decode()


def test_the_version(run: Run) -> None:
    assert run("--version").stdout.decode() == f"fifod-client {__version__}\n"


def on_terminal(run: Run, *arguments: str) -> tuple[str, str]:
    """What a person sees: both outputs are terminals."""
    shown = []
    pairs = [os.openpty(), os.openpty()]
    run(*arguments, stdout=pairs[0][1], stderr=pairs[1][1])
    for ours, theirs in pairs:
        os.write(theirs, b"end")
        text = b""
        while not text.endswith(b"end"):
            text += os.read(ours, 65536)
        shown.append(text.decode().removesuffix("end"))
        os.close(ours)
        os.close(theirs)
    return shown[0], shown[1]


@pytest.mark.parametrize("name", ["strings", "blobs"])
def test_a_person_is_told_of_secret_draws(run: Run, name: str) -> None:
    assert "--secret" in on_terminal(run, name, "1")[1]
    assert "nobody can" not in on_terminal(run, name, "1", "--secret")[1]
    assert "--secret" not in on_terminal(run, "uuids", "1")[1]


@pytest.mark.parametrize("arguments", [["5"], ["uuids", "1"], ["shuffle", "/etc/passwd"], ["5", "--secret"]])
def test_a_person_is_told_which_draw_it_was(run: Run, daemon: Daemon, arguments: list[str]) -> None:
    told = on_terminal(run, *arguments)[1].splitlines()
    head, _, head_bytes = list(daemon.records())[-1]
    assert told[-1] == f"fifod-client: draw {head['serial']}, hash {hashlib.sha256(head_bytes).hexdigest()}"


@pytest.mark.parametrize("arguments", [["5"], ["5", "--json"], ["shuffle", "/etc/passwd"]])
def test_values_that_cannot_be_written_can_be_shown_later(run: Run, daemon: Daemon, arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = run(*arguments, stdout=full)
    serial = len(daemon.bodies("draw"))
    assert f"draw {serial} was made, see fifod-client show {serial}\n" in complaint(done)


def test_a_file_name_cannot_command_the_terminal(run: Run, tmp_path: Path) -> None:
    for arguments in (["pick", "1", "\x1b[31m"], ["verify", "\x1b[31m"], ["verify", b"\xff\x07"]):
        done = run(*arguments)
        assert done.returncode == 66 and complaint(done).removesuffix("\n").isprintable()


def test_a_stream_that_stood_still_is_not_taken_for_a_daemon_that_stops(
    serve: Serve, runtime: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def end_at_once(standin: StandIn, request: Request) -> None:
        standin.write(request, result(request) + b"random")
        standin.hang_up(request["reply"])

    serve(end_at_once)
    monkeypatch.setenv("FIFOD_RUNTIME_DIR", runtime)
    assert main(["stream"]) == 69
    assert "it stops" in capfd.readouterr().err
    monkeypatch.setattr("fifod.cli.streaming.time.monotonic", count(0, 1000).__next__)
    assert main(["stream", "--timeout", "80000"]) == 75
    assert "for ten seconds nothing was taken" in capfd.readouterr().err
