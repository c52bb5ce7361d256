"""The site's settings for tests: all state in a directory that goes away with the test run."""

import atexit
import os
import shutil
import tempfile

_DIRECTORY = tempfile.mkdtemp(prefix="fifod-web-")
atexit.register(shutil.rmtree, _DIRECTORY, ignore_errors=True)
os.environ["FIFOD_STATE_DIR"] = _DIRECTORY
os.environ["FIFOD_RUNTIME_DIR"] = f"{_DIRECTORY}/run"
for _name in ("FIFOD_DATABASE", "FIFOD_SECRET_KEY_FILE", "FIFOD_WEB_HOSTS", "FIFOD_WEB_TLS"):
    os.environ.pop(_name, None)

from webui.settings import *  # noqa: E402, F403

# Hashing passwords as for real takes most of the time of a test that logs somebody in.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
