"""The operator's files in /etc/fifod: written once, then never touched, only compared with what a release knows."""

import grp
import os
import pwd
import re
import secrets
import tomllib
from pathlib import Path

from deploy import places
from deploy.steps import Steps

UID = "@UID@"
TABLE = re.compile(r"\[([a-z_]+)\]")
SETTING = re.compile(r"#?\s*([a-z_]+) = ")
PORT_TEXT = """\
# Written by deploy/install --port.
[Socket]
ListenStream=
ListenStream=127.0.0.1:{port}
"""
TOKEN_BYTES = 32


def write_missing(root: Path, steps: Steps) -> None:
    """Write what is not there yet."""
    if not places.CONFIG.exists():
        steps.do(f"Writing {places.CONFIG}, with every setting explained", lambda: _write_config(root))
    if not places.WEB_ENV.exists():
        template = root / "deploy" / "web.env"
        steps.do(f"Writing {places.WEB_ENV}", lambda: places.write(places.WEB_ENV, template.read_bytes()))
    if not places.METRICS_TOKEN.exists():
        steps.do(f"Making a token for /metrics, {places.METRICS_TOKEN}", _write_token)


def _write_config(root: Path) -> None:
    text = (root / "deploy" / "fifod.toml").read_text()
    places.write(places.CONFIG, text.replace(UID, str(web_uid())).encode())


def _write_token() -> None:
    places.write(places.METRICS_TOKEN, f"{secrets.token_urlsafe(TOKEN_BYTES)}\n".encode(), 0o600)
    os.chown(places.METRICS_TOKEN, 0, grp.getgrnam("fifod-web").gr_gid)
    places.METRICS_TOKEN.chmod(0o640)


def web_uid() -> int:
    """The uid of the web site's user."""
    return pwd.getpwnam("fifod-web").pw_uid


def advice(root: Path) -> list[str]:
    """What the operator might want to change in fifod.toml: settings that are new, a front end that is not named."""
    text = places.CONFIG.read_text()
    lines = []
    if new := settings_in((root / "deploy" / "fifod.toml").read_text()) - settings_in(text):
        lines.append(
            f"{places.CONFIG} does not mention {', '.join(sorted(new))}: see {places.CURRENT}/deploy/fifod.toml"
        )
    if web_uid() not in tomllib.loads(text).get("front_ends", []):
        lines.append(f"{places.CONFIG}: front_ends lacks {web_uid()} (fifod-web), so the web site cannot draw")
    return lines


def settings_in(text: str) -> set[str]:
    """The names of all settings in a configuration, those in comments too."""
    found, prefix = set(), ""
    for line in text.splitlines():
        if table := TABLE.match(line):
            prefix = f"{table[1]}."
        elif setting := SETTING.match(line):
            found.add(prefix + setting[1])
    return found


def chosen_port() -> int | None:
    """The port that --port chose at an earlier time."""
    found = re.search(r"ListenStream=127\.0\.0\.1:(\d+)", places.PORT.read_text()) if places.PORT.exists() else None
    return int(found[1]) if found else None


def choose_port(port: int) -> None:
    """Have systemd listen on this port for the web site, from its next start on."""
    places.write(places.PORT, PORT_TEXT.format(port=port).encode())
