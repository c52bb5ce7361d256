"""Names and limits that daemon, client, ledger and pages share."""

from __future__ import annotations

import os
import re

RECIPE = "fifod-1"
PIPE_BUF = 4096
"""The longest request line in bytes with its newline: the kernel never splits a write of that size (pipe(7))."""

REPLY_NAME = re.compile(r"[A-Za-z0-9_-]{22,64}")
"""The bare name of a reply FIFO: 22 characters of base64url hold 128 bits, 32 of hex do too."""

INTEGERS = "generateIntegers"
SEQUENCES = "generateIntegerSequences"
DECIMALS = "generateDecimalFractions"
GAUSSIANS = "generateGaussians"
STRINGS = "generateStrings"
UUIDS = "generateUUIDs"
BLOBS = "generateBlobs"
STREAM = "stream"
DRAW_METHODS = (INTEGERS, SEQUENCES, DECIMALS, GAUSSIANS, STRINGS, UUIDS, BLOBS, STREAM)

STATUS = "getStatus"
RESULT = "getResult"
DRAWS = "listDraws"
CHAIN = "getChain"
QUERY_METHODS = (STATUS, RESULT, DRAWS, CHAIN)

FIFO, CLASSIC = "fifo", "classic"
"""Transports: a request's own FIFO, or that of the classic bridge, which asks for its clients."""

ARCHIVE = "archiveLedger"
OPERATOR_METHODS = (ARCHIVE,)
"""For root and the daemon's own user."""

RECORDED = "recorded"
"""The file in the runtime directory in which the recorder notes the newest draw that it has recorded."""

MAX_INTEGERS = 1_000_000
MAX_VALUES = 10_000
MAX_SEQUENCES = 1_000
MAX_UUIDS = 1_000
MAX_BLOBS = 100
MAX_BLOB_BITS = 1_048_576
MAX_BOUND = 1_000_000_000
MAX_DIGITS = 14
MAX_STRING_LENGTH = 32
MAX_CHARACTERS = 128
MAX_LISTED = 1_000
MAX_PURPOSE_BYTES = 400
MAX_USER_BYTES = 200
INT32 = range(-(2**31), 2**31)
"""What a C program can say in an int: PIDs and counts of the classic bridge's clients."""
DEFAULT_KEPT = 1_000_000
"""So many of the newest draws stay in the ledger when older ones are archived."""
MAX_IN_FLIGHT = 256
"""Requests that one reply FIFO may have unanswered; more are dropped unanswered."""


def classic_client(pid: object) -> str:
    """What a person is told about who asked through the classic bridge."""
    return f"a client of the classic bridge; the number of its process as it said itself: {pid}"


def runtime_dir() -> str:
    """The directory of the request FIFO and the reply FIFOs."""
    return os.environ.get("FIFOD_RUNTIME_DIR") or "/run/fifod"


def state_dir() -> str:
    """The directory that holds the ledger and the host key."""
    return os.environ.get("FIFOD_STATE_DIR") or "/var/lib/fifod"


def config_file() -> str:
    """The configuration file that is read when none is named."""
    return os.environ.get("FIFOD_CONFIG") or "/etc/fifod/fifod.toml"
