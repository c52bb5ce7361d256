"""Where an installation has its files, and which of them come out of a release."""

from pathlib import Path

HOME = Path("/opt/fifod")
RELEASES = HOME / "releases"
CURRENT = HOME / "current"
PACKAGES = HOME / "packages"
SERVING = HOME / "serving"

ETC = Path("/etc/fifod")
CONFIG = ETC / "fifod.toml"
WEB_ENV = ETC / "web.env"
METRICS_TOKEN = ETC / "metrics.token"
STATE = Path("/var/lib/fifod")
WEB_STATE = Path("/var/lib/fifod-web")
RUNTIME = Path("/run/fifod")
JOURNAL_SOCKET = Path("/run/fifod-journal")
BRIDGES = Path("/run/fifod-classic")
LOG = Path("/var/log/fifod-install.log")

UNITS = Path("/usr/local/lib/systemd/system")
SYSUSERS = Path("/usr/local/lib/sysusers.d/fifod.conf")
TMPFILES = Path("/usr/local/lib/tmpfiles.d/fifod.conf")
RULES = Path("/etc/polkit-1/rules.d/50-fifod.rules")
MANUALS = Path("/usr/local/share/man")
COMPLETION = Path("/usr/local/share/bash-completion/completions/fifod-client")
MANAGE = Path("/usr/local/sbin/fifod-manage")
BIN = Path("/usr/local/bin")
OPERATORS_UNITS = Path("/etc/systemd/system")
PORT = OPERATORS_UNITS / "fifod-web.socket.d" / "port.conf"

COMMANDS = {BIN / name: CURRENT / ".venv" / "bin" / name for name in ("fifod", "fifod-classic", "fifod-client")}
USERS = ("fifod", "fifod-web")
GROUPS = ("fifod", "fifod-web", "fifod-ledger")
UNIT_NAMES = ("fifod*.service", "fifod*.socket", "fifod*.target", "run-fifod*.mount")
# Directories that few machines have; they go when nothing is left in them.
SHARED = (UNITS, SYSUSERS.parent, TMPFILES.parent, COMPLETION.parent, *(MANUALS / f"man{n}" for n in (1, 5, 8)))


def files_of(root: Path) -> dict[Path, Path]:
    """The files that an installation has outside its release, each with the one in the release that it is a copy of."""
    deploy = root / "deploy"
    units = {UNITS / unit.name: unit for unit in sorted((deploy / "systemd").glob("*.*"))}
    manuals = {MANUALS / f"man{page.suffix[1:]}" / page.name: page for page in sorted((deploy / "man").glob("*.[158]"))}
    fixed = {
        SYSUSERS: deploy / "sysusers.conf",
        TMPFILES: deploy / "tmpfiles.conf",
        RULES: deploy / "fifod.rules",
        COMPLETION: deploy / "completions" / "fifod-client",
        MANAGE: deploy / "fifod-manage",
    }
    return {target: source for target, source in {**fixed, **units, **manuals}.items() if source.exists()}


def installed_units() -> list[str]:
    """The names of fifod's units on this machine."""
    return sorted(unit.name for pattern in UNIT_NAMES for unit in UNITS.glob(pattern))


def installed_files() -> list[Path]:
    """All files that an installation put outside its release, whatever release it was."""
    manuals = [page for folder in MANUALS.glob("man[158]") for page in folder.glob("fifod*.[158]")]
    others = [SYSUSERS, TMPFILES, RULES, COMPLETION, MANAGE, *COMMANDS, *manuals]
    return [*(UNITS / name for name in installed_units()), *filter(is_there, others)]


def is_there(path: Path) -> bool:
    """Whether there is anything by that name, be it a link that leads nowhere."""
    return path.is_symlink() or path.exists()


def make_parents(path: Path) -> None:
    """Make the folders above a file, readable by all whatever the umask."""
    for folder in reversed(path.parents):
        if not folder.exists():
            folder.mkdir(mode=0o755)


def write(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file whole or not at all, never with a wider mode than it is to have."""
    make_parents(path)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode & 0o600)
    draft.write_bytes(content)
    draft.chmod(mode)
    draft.replace(path)


def link_commands() -> None:
    """Point the commands at the release in use; it may be an older one that lacks some."""
    for name, target in COMMANDS.items():
        is_ours = name.is_symlink() and name.readlink() == target
        if target.exists() and not is_ours:
            link(name, str(target))
        elif is_ours and not target.exists():
            name.unlink()


def link(path: Path, target: str) -> None:
    """Point a symbolic link somewhere, atomically."""
    make_parents(path)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(path)
