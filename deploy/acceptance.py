"""Whether what was installed works: one real draw by a user without rights, and what the web site says."""

import json
import pwd
import subprocess
import time
from typing import Any

from deploy import health, places, services
from deploy.problem import Problem

NOBODY = "nobody"
WITHIN = 60.0
TRIES = 3
PURPOSE = "check of the installation"


def draw() -> str:
    """Draw one number from 1 to 100 as nobody; say which, with its serial number and hash."""
    user = pwd.getpwnam(NOBODY)
    words = ["integers", "1", "--min", "1", "--max", "100", "--purpose", PURPOSE, "--json", "--timeout", "30"]
    done = subprocess.run(
        [str(places.BIN / "fifod-client"), *words],
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
        env={"PATH": "/usr/bin:/bin"},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Problem(f"the draw that was to check it failed: {done.stderr.strip()}")
    return _told(json.loads(done.stdout))


def _told(reply: dict[str, Any]) -> str:
    [value] = reply["random"]["data"]
    return f"It drew {value} from 1 to 100 as serial number {reply['serialNumber']}, hash {reply['hash']}"


def wait_for_web(port: int) -> None:
    """Wait until the web site says that all is well; raise Problem if it does not come to that."""
    end = time.monotonic() + WITHIN
    while unwell := health.unwell(found := health.report(port)):
        if time.monotonic() > end:
            words = [found.get(name, {}).get("message") or found.get(name, {}).get("state") for name in sorted(unwell)]
            told = f"{', '.join(sorted(unwell))}: {'; '.join(str(word) for word in words)}" if found else "no answer"
            raise Problem(f"http://127.0.0.1:{port}/healthz does not say that all is well ({told})")
        for unit in services.OTHERS:
            if services.restarts(unit) >= TRIES:
                raise Problem(f"{unit} ends again and again: {services.last_words(unit)}")
        time.sleep(0.1)
