"""A stream passes FIPS 140-2's tests of randomness, as rngtest makes them."""

from __future__ import annotations

import re
import subprocess

from fifod.checker import Stream
from tests import needs
from tests.statistics.samples import lame_bytes, seed

BLOCKS, BLOCK = 2000, 2500


def failures(raw: bytes) -> int:
    """How many blocks of 20,000 bits fail; of good ones, about 8 of 10,000 do."""
    needs.commands("rngtest")
    command = ["rngtest", f"--blockcount={BLOCKS}"]
    told = subprocess.run(command, input=raw, capture_output=True, timeout=60, check=False).stderr.decode()
    found = {name: int(count) for name, count in re.findall(r"FIPS 140-2 (successes|failures): (\d+)", told)}
    assert sum(found.values()) == BLOCKS, told
    return found["failures"]


def test_a_stream_passes_rngtest() -> None:
    # rngtest takes its first 32 bits for a start value. Chance brings more than ten failures once in 100,000 times.
    assert failures(Stream(seed("rngtest")).take(BLOCKS * BLOCK + 4)) <= 10


def test_rngtest_finds_lame_bytes() -> None:
    assert failures(lame_bytes("rngtest", BLOCKS * BLOCK + 4)) > 100
