"""Who watches a client is told each step, and the bytes that went over the pipes."""

from __future__ import annotations

from collections.abc import Callable

from fifod.client import Client
from tests.client.standin import Request, StandIn, result

Serve = Callable[[Callable[[StandIn, Request], None]], StandIn]


def test_it_is_told_each_step_in_order_with_the_bytes(runtime: str, serve: Serve) -> None:
    told: list[tuple[str, bytes]] = []
    standin = serve(lambda standin, request: standin.write(request, result(request)))
    with Client(runtime, timeout=20, watch=lambda step, data: told.append((step, data))) as client:
        client.integers(1)
    [request] = standin.requests
    assert [step for step, _ in told] == ["made", "written", "readable", "read", "closed"]
    data = dict(told)
    assert data["written"] == standin.raw and data["read"] == result(request)


def test_it_is_told_when_the_other_end_was_closed_and_the_request_went_again(runtime: str, serve: Serve) -> None:
    told: list[str] = []

    def behave(standin: StandIn, request: Request) -> None:
        if len(standin.requests) == 1:
            standin.write(request, b"")
            standin.hang_up(request["reply"])
        else:
            standin.write(request, result(request))

    serve(behave)
    with Client(runtime, timeout=20, watch=lambda step, data: told.append(step)) as client:
        client.integers(1)
    assert told[:2] == ["made", "written"] and told.count("written") == 2 and "renewed" in told
