"""What the log must never hold, whatever goes wrong."""

from __future__ import annotations

import json

from tests.daemons import Daemon
from tests.pipes import Pipe, result

KEY = "5ecade5ecade5ecade5ecade5ecade00"


def test_the_log_holds_no_values_seeds_keys_or_reply_names(daemon: Daemon, pipe: Pipe) -> None:
    answers = [
        result(pipe.ask("generateIntegers", {"n": 2, "min": 10**8, "max": 10**9}, secret=True, key=KEY)),
        result(pipe.ask("generateUUIDs", {"n": 1}, purpose="Zanzibar")),
    ]
    pipe.ask("generateIntegers", {"n": 0}, key=KEY)
    pipe.ask("generateUUIDs", {"n": 1}, key=KEY)
    pipe.ask("n\x1b[31monsense", {"Xylophone": 1})
    gone = "0123456789abcdef" * 2
    pipe.write(b"\n" + json.dumps({"jsonrpc": "2.0", "method": "getStatus", "id": 1, "reply": gone}).encode() + b"\n")
    pipe.write(b"\n{rubbish Quagmire\n")
    daemon.wait_for_log("request dropped: a line is not JSON")
    with Pipe(daemon.run) as other:
        other.submit("generateIntegers", {"n": 100_000, "min": 1, "max": 10**9})
        other.hang_up()
    assert daemon.stop() == 0
    values = [str(value) for answer in answers for value in answer["random"]["data"]]
    seeds = [body["seed"] for body in daemon.bodies("draw") if "seed" in body]
    assert len(seeds) >= 1
    private = [*values, *seeds, answers[0]["seed"], KEY, pipe.name, other.name, gone]
    private += ["Zanzibar", "Xylophone", "Quagmire", "onsense", "\x1b"]
    assert [text for text in private if text in daemon.log] == []
