"""fifod and the checker, which share no code, give the same values."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fifod import checker, recipe
from tests.statistics.requests import KINDS

VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_bytes(), parse_float=Decimal)["vectors"]
REQUESTS = 10_000


def as_recorded(params: dict[str, Any]) -> dict[str, Any]:
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in params.items()}


@pytest.mark.parametrize("method", KINDS)
def test_it_agrees_with_the_checker_on_ten_thousand_random_requests(method: str) -> None:
    chance = random.Random(f"agreement on {method}")
    for _ in range(REQUESTS):
        params, seed = KINDS[method](chance), chance.randbytes(32)
        got, right = recipe.values(method, params, seed), checker.values(method, params, seed)
        assert list(checker.differences(right, got)) == [], (params, seed.hex())


@pytest.mark.parametrize("replacement", [True, False])
def test_it_agrees_with_the_checker_over_many_blocks(replacement: bool) -> None:
    params: dict[str, object] = {"n": 200_000, "min": 1, "max": 200_000, "replacement": replacement, "base": 10}
    assert recipe.values("generateIntegers", params, bytes(32)) == checker.values("generateIntegers", params, bytes(32))


@pytest.mark.parametrize(
    "number", [n for n, vector in enumerate(VECTORS, 1) if vector["method"] != "stream"], ids=lambda n: f"vector {n}"
)
def test_it_gives_the_values_of_each_test_vector(number: int) -> None:
    vector = VECTORS[number - 1]
    got = recipe.values(vector["method"], as_recorded(vector["params"]), bytes.fromhex(vector["seed"]))
    assert list(checker.differences(vector["data"], got)) == []


def test_vectors_are_there_for_every_method() -> None:
    assert {vector["method"] for vector in VECTORS} == {*KINDS, "stream"}
    assert VECTORS[0]["seed"] == bytes(range(32)).hex()
