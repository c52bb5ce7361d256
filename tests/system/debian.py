"""A minimal Debian 12 with hardly more than python3, made by debootstrap, to do with as one likes.

It reaches packages the way this machine does: its mirrors, keys, certificates and pip configuration are lent to it.
"""

import os
import shutil
import subprocess
from pathlib import Path

from tests.system.checkout import ROOT

RELEASE = "bookworm"
SCRATCH = ROOT / "var" / "test"
TRIAL = ("python3", "sudo")
SYSTEMD = ("python3", "systemd", "systemd-sysv")
LENT_FILES = ["/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/xdg/pip"]
LENT_FOLDERS = [
    "/etc/apt",
    "/etc/ssl",
    "/usr/share/keyrings",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
]
LENT_VARIABLES = ("PIP_", "SSL_", "REQUESTS_CA_BUNDLE", "http_proxy", "https_proxy", "no_proxy")
PERSON = "person"

# Everything is mounted where only this process and its children see it, and goes away with them.
MOUNT = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
echo mounted
exec sleep infinity
"""


def base(packages: tuple[str, ...] = TRIAL) -> Path:
    """The system with some packages that all copies start from, made when it is first needed."""
    cache = SCRATCH / f"debian-{RELEASE}-{'-'.join(packages)}"
    if not (cache / "complete").exists():
        shutil.rmtree(cache, ignore_errors=True)
        downloads = SCRATCH / "downloads"
        for folder in (cache, downloads):
            folder.mkdir(parents=True, exist_ok=True)
        command = [
            "debootstrap",
            "--variant=minbase",
            f"--include={','.join(packages)}",
            f"--cache-dir={downloads}",
            RELEASE,
            str(cache / "root"),
            *mirror(),
        ]
        with (cache / "debootstrap.log").open("w") as log:
            subprocess.run(command, stdout=log, stderr=log, check=True, timeout=600)
        lend_to(cache / "root")
        (cache / "complete").touch()
    return cache / "root"


def mirror() -> list[str]:
    """The mirror that this machine takes that release from, if it is of that release; else debootstrap's own choice."""
    asked = ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)", "Created-By: Packages"]
    lines = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.splitlines()
    return [line.split()[0] for line in lines if line.endswith(f" {RELEASE}")][:1]


def lend_to(root: Path) -> None:
    """Give a system the ways to packages that this machine has."""
    foreign = [
        source
        for source in Path("/etc/apt").glob("sources.list*/*")
        if not any(site in source.read_text() for site in mirror())
    ]
    for name in LENT_FOLDERS:
        if Path(name).is_dir():
            shutil.copytree(name, f"{root}{name}", symlinks=True, dirs_exist_ok=True)
    for source in foreign:
        Path(f"{root}{source}").unlink()
    for name in LENT_FILES:
        if Path(name).exists():
            target = Path(f"{root}{name}")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(name, target) if Path(name).is_dir() else shutil.copy(name, target)


def environment(user: str) -> list[str]:
    """The command that runs another with nothing in its environment but a home, a path and the ways to packages."""
    home = "/root" if user == "root" else f"/home/{user}"
    lent = [f"{name}={value}" for name, value in os.environ.items() if name.startswith(LENT_VARIABLES)]
    return ["env", "-i", f"HOME={home}", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *lent]


class Debian:
    """One throw-away copy of the minimal Debian, with a person in it who may use sudo."""

    def __init__(self, mount_point: Path) -> None:
        self.root = mount_point / "root"
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", MOUNT, "sh"]
        self._holder = subprocess.Popen([*namespaces, str(mount_point), str(base())], stdout=subprocess.PIPE, text=True)
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "mounted\n"
        [inner] = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children").read_text().split()
        self._enter = ["nsenter", f"--target={inner}", "--mount", "--pid"]
        self.run("useradd", "--create-home", "--shell", "/bin/bash", PERSON)
        self.run(
            "sh", "-c", f"echo '{PERSON} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/{PERSON}; chmod 440 /etc/sudoers.d/*"
        )

    def command(self, *words: str, user: str = "root", folder: str = "/") -> list[str]:
        """The command line that does something inside."""
        identity = [f"--userspec={user}:{user}"]
        shell = ["sh", "-c", 'cd "$0" && exec "$@"', folder, *words]
        return [*self._enter, "chroot", *identity, str(self.root), *environment(user), *shell]

    def run(self, *words: str, user: str = "root", folder: str = "/") -> str:
        """Do something inside; what it prints."""
        done = subprocess.run(
            self.command(*words, user=user, folder=folder), capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def add(self, folder: Path, name: str, owner: str) -> None:
        """Copy a folder of this machine into it."""
        packed = subprocess.run(["tar", "-c", "-C", str(folder), "."], capture_output=True, check=True)
        unpack = self.command("sh", "-c", f"mkdir -p {name} && tar -x -C {name} && chown -R {owner} {name}")
        subprocess.run(unpack, input=packed.stdout, check=True, timeout=120)

    def close(self) -> None:
        """End everything that runs inside, and with it all that was mounted."""
        self._holder.kill()
        self._holder.wait()
        assert self._holder.stdout is not None
        self._holder.stdout.close()
