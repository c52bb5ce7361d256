"""The site's settings for tests and type checks.

The state directory is gone again once they are read: the database of tests is in memory, and what needs a ledger or a
daemon sets its own directories.
"""

import os
import tempfile

for _name in (
    "FIFOD_DATABASE",
    "FIFOD_SECRET_KEY_FILE",
    "FIFOD_WEB_HOSTS",
    "FIFOD_WEB_TLS",
    "FIFOD_METRICS_TOKEN_FILE",
):
    os.environ.pop(_name, None)

with tempfile.TemporaryDirectory(prefix="fifod-web-") as _directory:
    os.environ["FIFOD_STATE_DIR"] = _directory
    os.environ["FIFOD_RUNTIME_DIR"] = f"{_directory}/run"
    from webui.settings import *  # noqa: F403

# Hashing passwords as for real takes most of the time of a test that logs somebody in.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
