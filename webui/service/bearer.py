"""The bearer: who shows the token of the metrics may read them (RFC 6750).

The token is read at each request, so that a new one holds at once. Without one that is worth its name nobody gets in.
"""

import hashlib
import hmac
import os
import re
import stat
from pathlib import Path

_MIN_LENGTH = 32
_MAX_BYTES = 4096
_TOKEN = re.compile(rb"[!-~]+")


class NoToken(Exception):
    """There is no token that could be shown; the text says why, for the log."""

    status = 503


class NoTokenFile(NoToken):
    """The metrics are off."""

    status = 404


def is_admitted(authorization: str, token_file: Path) -> bool:
    """Whether an Authorization header shows the token that the file holds. Raises NoToken."""
    token = _read(token_file)
    scheme, _, shown = authorization.partition(" ")
    # Digests: comparing them takes as long for a short guess as for a long one.
    same = hmac.compare_digest(_digest(shown.strip().encode(errors="surrogatepass")), _digest(token))
    return same and scheme.lower() == "bearer"


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _read(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise NoTokenFile(f"there is no token file {path}") from None
    except OSError as error:
        raise NoToken(f"cannot read the token file {path}: {error.strerror}") from None
    try:
        return _checked(path, descriptor)
    except OSError as error:
        raise NoToken(f"cannot read the token file {path}: {error.strerror}") from None
    finally:
        os.close(descriptor)


def _checked(path: Path, descriptor: int) -> bytes:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise NoToken(f"cannot read the token file {path}: it is no regular file")
    token = os.read(descriptor, _MAX_BYTES).strip()
    if len(token) < _MIN_LENGTH or not _TOKEN.fullmatch(token):
        raise NoToken(f"the token file {path} must hold one word of {_MIN_LENGTH} to {_MAX_BYTES} ASCII characters")
    return token
