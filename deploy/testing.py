"""`./deploy/test`: sets up, then runs every check and test; with arguments, pytest alone with these arguments."""

import os
import shutil
import signal
import subprocess
import sys
import time

from deploy import machine
from deploy.environment import ROOT, Environment
from deploy.newest import newest_django
from deploy.problem import Problem, explain
from deploy.progress import Progress, fail

LIMIT = 4500
SECONDS_FOR_A_SUMMARY = 60
SCRATCH = ROOT / "var" / "test"
LOCKS = ["requirements.lock", "requirements-dev.lock"]
# What tests use beside Python: the command, and Debian's package that has it.
TOOLS = {
    "cc": "gcc",
    "chattr": "e2fsprogs",
    "chromium": "chromium",
    "debootstrap": "debootstrap",
    "git": "git",
    "msgfmt": "gettext",
    "xgettext": "gettext",
    "openssl": "openssl",
    "groff": "groff-base",
    "pv": "pv",
    "rngtest": "rng-tools5",
    "slirp4netns": "slirp4netns",
    "strace": "strace",
    "sudo": "sudo",
    "systemd-nspawn": "systemd-container",
}
# Servers, which Debian starts when it installs them and again with the machine: they are only unpacked, for the tests.
SERVERS = {"caddy": "caddy", "nginx": "nginx"}
UNPACKED = SCRATCH / "programs"
UNPACK = """\
cd "$1"; into=$2; shift 2
apt-get -q download "$@"
for package in *.deb; do dpkg -x "$package" "$into"; done
"""
PROGRAMS = (UNPACKED / "usr" / "bin", UNPACKED / "usr" / "sbin")


def main() -> int:
    """Run the command; the exit status."""
    try:
        SCRATCH.mkdir(parents=True, exist_ok=True)
        progress = Progress(SCRATCH / "setup.log")
        environment = Environment(LOCKS)
        environment.make(progress)
        install_tools(progress)
        unpack_servers(progress)
        if sys.argv[1:]:
            return run(environment, ["pytest", *sys.argv[1:]])
        return run_everything(environment, progress)
    except Problem as problem:
        return fail("deploy/test", str(problem))
    except OSError as error:
        return fail("deploy/test", explain(error))
    except KeyboardInterrupt:
        return fail("deploy/test", "stopped")


def install_tools(progress: Progress) -> None:
    """Install what tests use, if that can be done; what stays missing makes tests skip by name."""
    missing = [package for command, package in TOOLS.items() if not shutil.which(command)]
    if not missing:
        return
    try:
        machine.install(missing, progress)
    except Problem as problem:
        progress.say(f"  Going on without {', '.join(missing)}: {problem}")


def unpack_servers(progress: Progress) -> None:
    """Get the programs of servers without installing them, which needs no root."""
    places = os.pathsep.join([os.environ["PATH"], "/usr/sbin", *map(str, PROGRAMS)])
    missing = [package for command, package in SERVERS.items() if not shutil.which(command, path=places)]
    if not missing:
        return
    packages = SCRATCH / "packages"
    shutil.rmtree(packages, ignore_errors=True)
    packages.mkdir()
    try:
        command = ["sh", "-euc", UNPACK, "sh", str(packages), str(UNPACKED), *missing]
        progress.run(f"Unpacking {', '.join(missing)} of Debian for the tests", command)
    except Problem as problem:
        progress.say(f"  Going on without {', '.join(missing)}: {problem}")
    finally:
        shutil.rmtree(packages, ignore_errors=True)


def run_everything(environment: Environment, progress: Progress) -> int:
    """Run all checks, the tests last, so that their summary ends the output; the exit status."""
    parts = {
        "format": ["ruff", "format", "--check", "."],
        "lint": ["ruff", "check", "."],
        "types": ["mypy", *typed_paths()],
    }
    failed = [name for name, command in parts.items() if announced(name, environment, command) != 0]
    if not newest_django(progress, SCRATCH):
        failed.append("web tests with the newest Django")
    if announced("tests", environment, ["pytest", "--durations=15"]) != 0:
        failed.append("tests")
    if failed:
        return fail("deploy/test", f"failed: {', '.join(failed)}")
    return 0


def typed_paths() -> list[str]:
    """Everything of Python in this repository."""
    return [name for name in ("fifod", "webui", "deploy", "tests", "manage.py") if (ROOT / name).exists()]


def announced(name: str, environment: Environment, command: list[str]) -> int:
    """Run one of the checks under a heading; its exit status."""
    print(f"\n== {name} ==", flush=True)
    start = time.monotonic()
    status = run(environment, command)
    print(f"== {name}: {'passed' if status == 0 else 'FAILED'} after {time.monotonic() - start:.0f} s ==", flush=True)
    return status


def run(environment: Environment, module: list[str]) -> int:
    """Run a Python module of the environment with arguments; its exit status."""
    temporary = SCRATCH / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    # mypy ends without tidying up, so what it and its plugins make has a place that is emptied here.
    tidy = {"TMPDIR": str(temporary)} if module[0] == "mypy" else {}
    path = f"{environment.python.parent}{os.pathsep}{os.environ['PATH']}"
    command = [str(environment.python), "-m", *module]
    child = subprocess.Popen(command, env={**os.environ, **tidy, "PATH": path})
    try:
        return child.wait(LIMIT)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGINT)  # upon which pytest tells what has failed so far
        raise Problem(f"{module[0]} did not end within {LIMIT} s") from None
    finally:
        _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    """See to it that it ends, also when it takes no notice of an interrupt."""
    try:
        child.wait(SECONDS_FOR_A_SUMMARY)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


if __name__ == "__main__":
    sys.exit(main())
