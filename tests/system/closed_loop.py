"""A client of the library in a closed loop, run as a program on a machine: it asks again as soon as it has its reply.

It goes on until its standard input ends, and then prints what it asked for and what came, one JSON list a request.
"""

import json
import os
import select
import sys
import time

from fifod.client import Client, FifodError


def main(timeout: float, pause: float) -> None:
    """Ask until told to stop; `pause` is what passes between a reply and the next request."""
    asked: list[tuple[str, object, int, str]] = []
    with Client(timeout=timeout) as client:
        while not select.select([sys.stdin], [], [], pause)[0]:
            asked.append(_draw(client))
            if len(asked) == 1:
                print("asking", flush=True)
    for request in asked:
        print(json.dumps(request))


def _draw(client: Client) -> tuple[str, object, int, str]:
    """One draw: key, values or what went wrong, serial number, hash."""
    key = os.urandom(16).hex()
    began = time.monotonic()
    try:
        reply = client.integers(2, 1, 1_000_000, key=key)
    except FifodError as error:
        return key, f"{type(error).__name__} after {time.monotonic() - began:.1f} s: {error}", 0, ""
    return key, reply.data, reply.serial_number, reply.hash


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
