"""The live view's page as it comes from the server: what works without script, and commands that work as they stand."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client

from fifod.client import Client as Caller
from tests import needs
from tests.daemons import Daemon
from tests.waiting import DEADLINE
from tests.web.pages import draw, text


def commands_of(browser: Client) -> list[str]:
    found = re.findall(r"<pre tabindex=\"0\"><code>(.*?)</code></pre>", browser.get("/live/").content.decode(), re.S)
    return [unescape(line) for line in found]


def command(browser: Client, word: str) -> str:
    return next(line for line in commands_of(browser) if word in line)


def shell(line: str, daemon: Daemon) -> str:
    done = subprocess.run(
        ["bash", "-eu", "-c", line],
        env={**os.environ, **daemon.environment, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_script_it_says_so_and_shows_ones_newest_draws(
    browser: Client, shared: Daemon, record: Callable[[Daemon], None]
) -> None:
    serial = draw(browser)
    record(shared)
    page = browser.get("/live/")
    assert re.search(r"<noscript>.*needs JavaScript.*</noscript>", page.content.decode(), re.S)
    assert f"Draw {serial}" in text(page)


def test_others_draws_are_not_among_them(
    browser: Client, shared: Daemon, record: Callable[[Daemon], None], bob: User
) -> None:
    with Caller(str(shared.run), user=f"{bob.pk}:{bob.username}") as caller:
        serial = caller.integers(1, purpose="not yours").serial_number
    record(shared)
    page = text(browser.get("/live/"))
    assert "not yours" not in page and f"Draw {serial} " not in page


def test_nothing_in_it_is_inline(browser: Client, shared: Daemon) -> None:
    page = browser.get("/live/").content.decode()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script>", page)


def test_each_part_of_the_picture_has_its_note(browser: Client, shared: Daemon) -> None:
    page = browser.get("/live/").content.decode()
    for part in set(re.findall(r'href="#note-(\w+)"', page)) | {"clients", "replies"}:
        assert f'id="note-{part}"' in page


# --- the commands ---


def test_the_modes_are_those_that_the_notes_tell(browser: Client, shared: Daemon) -> None:
    assert shell(command(browser, "ls -l "), shared).startswith("prw--w--w-")
    assert shell(command(browser, "ls -ld"), shared).startswith("drwx-ws-wt")


def test_the_daemon_is_found(browser: Client, shared: Daemon) -> None:
    pid = shell(command(browser, "cat "), shared)
    assert int(pid) == shared.pid
    assert "fifod" in shell(command(browser, "ps -o"), shared)


def test_a_shell_is_a_client(browser: Client, shared: Daemon) -> None:
    before = sorted(os.listdir(shared.run / "replies"))
    assert re.search(r'"data":\[\d+(,\d+){4}\]', shell(command(browser, "mkfifo"), shared))
    assert sorted(os.listdir(shared.run / "replies")) == before


def test_the_ledger_can_be_looked_at(browser: Client, shared: Daemon) -> None:
    shell(command(browser, "mkfifo"), shared)
    assert '"kind":"draw"' in shell(command(browser, "tail -q").replace("cut -f1", "cut -f1 | tail -n 1"), shared)


def test_calls_that_strace_is_told_to_show_exist(browser: Client, shared: Daemon) -> None:
    needs.commands("strace")
    line = command(browser, "strace -tt").removeprefix("sudo ").partition(" -p ")[0]
    assert shell(f"{line} true 2>&1", shared)


@pytest.mark.parametrize("word", ["fuser", "sudo ls", "fifod-client integers", "fifod-client history"])
def test_what_is_run_by_root_or_another_program_is_at_least_a_command(
    browser: Client, shared: Daemon, word: str
) -> None:
    line = command(browser, word)
    if shutil.which(line.split()[0]):
        subprocess.run(["bash", "-n", "-c", line], check=True, timeout=DEADLINE)
