"""Tries from inside a service's sandbox what it must not be able to do, and prints what it could, as JSON."""

import contextlib
import errno
import json
import mmap
import os
import socket
import stat
import subprocess
from pathlib import Path

FAMILIES = ["AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK", "AF_ALG"]
KINDS = [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, socket.SOCK_RAW]
NOT_WALKED = ("/proc", "/sys")
# What runs from here is known: the program itself, and libraries, beside which systemd has programs of its own.
LIBRARIES = ("/opt/fifod/", "/usr/lib/")
ABSTRACT = "\0fifod-probe"


def main() -> None:
    """Try all of it."""
    folders, files = walk()
    writable = [folder for folder in folders if can_create_in(folder)]
    found = {
        # First, since who listens on a socket may end once it was found.
        "processes of others": [number for number in processes() if is_of_others(number)],
        "processes of the user": [number for number in processes() if not is_of_others(number)],
        "processes to change": [number for number in processes() if opens_memory(number)],
        "writable": writable,
        "sockets": [path for path in [*filter(is_socket, files), ABSTRACT] if connects(path)],
        "families": [name for name in FAMILIES if any(opens(name, kind) for kind in KINDS)],
        "programs": sorted({os.path.realpath(path) for path in files if is_program(path)}),
        "ways around": ways_around(writable),
        "memory to write and run": has_memory(mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC),
        "devices": [name for name in os.listdir("/dev") if is_device(f"/dev/{name}")],
    }
    print(json.dumps(found).replace(json.dumps(ABSTRACT), '"abstract"'))


def walk() -> tuple[list[str], list[str]]:
    """All directories, and all else, that there is."""
    folders, files = [], []
    for folder, inner, names in os.walk("/"):
        if folder == "/":
            inner[:] = [name for name in inner if f"/{name}" not in NOT_WALKED]
        folders += [os.path.join(folder, name) for name in inner]
        files += [os.path.join(folder, name) for name in names]
    return folders, files


def is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.lstat(path).st_mode)
    except OSError:
        return False


def is_program(path: str) -> bool:
    """Whether the kernel would run it, be it from where programs may be run or not."""
    return os.path.isfile(path) and not os.path.realpath(path).startswith(LIBRARIES) and os.access(path, os.X_OK)


def can_create_in(folder: str) -> bool:
    path = os.path.join(folder, f"probe-{os.getpid()}")
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        os.unlink(path)
    except OSError:
        return False
    return True


def connects(path: str) -> bool:
    for kind in KINDS:
        try:
            with socket.socket(socket.AF_UNIX, kind) as end:
                end.connect(path)
                return True
        except OSError as error:
            if error.errno != errno.EPROTOTYPE:
                return False
    return False


def opens(family: str, kind: socket.SocketKind) -> bool:
    try:
        socket.socket(getattr(socket, family), kind).close()
    except OSError:
        return False
    return True


def has_memory(protection: int) -> bool:
    try:
        mmap.mmap(-1, mmap.PAGESIZE, prot=protection).close()
    except OSError:
        return False
    return True


def runs(*command: str) -> bool:
    nothing = subprocess.DEVNULL
    try:
        subprocess.run(command, stdin=nothing, stdout=nothing, stderr=nothing, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def ways_around(writable: list[str]) -> list[str]:
    """Ways around a ban on programs that work."""
    found = ["the loader"] if runs("/lib64/ld-linux-x86-64.so.2", "/bin/true") else []
    found += [f"a copy in {folder}" for folder in writable if runs_from(folder, Path("/bin/true").read_bytes())]
    found += [f"a script in {folder}" for folder in writable if runs_from(folder, b"#!/usr/bin/python3\n")]
    with contextlib.suppress(OSError):
        descriptor = os.memfd_create("probe")
        os.write(descriptor, Path("/bin/true").read_bytes())
        found += ["memory"] if runs(f"/proc/{os.getpid()}/fd/{descriptor}") else []
    return found


def runs_from(folder: str, program: bytes) -> bool:
    path = os.path.join(folder, f"probe-{os.getpid()}")
    try:
        with open(path, "wb") as file:
            file.write(program)
            os.fchmod(file.fileno(), 0o755)
        return runs(path)
    except OSError:
        return False
    finally:
        os.unlink(path)


def processes() -> list[str]:
    """All other processes that are to be seen."""
    return [name for name in os.listdir("/proc") if name.isdecimal() and int(name) != os.getpid()]


def is_of_others(number: str) -> bool:
    try:
        return os.stat(f"/proc/{number}").st_uid != os.getuid()
    except OSError:
        return False


def opens_memory(number: str) -> bool:
    """Whether what a process has in its memory could be changed from here."""
    try:
        os.close(os.open(f"/proc/{number}/mem", os.O_RDWR))
    except OSError:
        return False
    return True


def is_device(path: str) -> bool:
    mode = os.lstat(path).st_mode
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode)


if __name__ == "__main__":
    main()
