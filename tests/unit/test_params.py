"""Parameters: what is accepted, what each violation is answered with, and what the record then holds."""

from __future__ import annotations

import datetime
import string
from typing import Any

import msgspec
import pytest

from fifod import names
from fifod.checks import unknown_name
from fifod.errors import RequestError
from fifod.params import normalise

TODAY = datetime.date(2026, 11, 23)
LETTERS = string.ascii_letters + string.digits
MANY_CHARACTERS = "".join(chr(0x4E00 + place) for place in range(128))

GOOD: dict[str, dict[str, Any]] = {
    "generateIntegers": {"n": 5, "min": 1, "max": 100},
    "generateIntegerSequences": {"n": 2, "length": 3, "min": 1, "max": 100},
    "generateDecimalFractions": {"n": 3, "decimalPlaces": 6},
    "generateGaussians": {"n": 3, "mean": 0, "standardDeviation": 1, "significantDigits": 8},
    "generateStrings": {"n": 2, "length": 12, "characters": "abc"},
    "generateUUIDs": {"n": 2},
    "generateBlobs": {"n": 1, "size": 256},
    "stream": {},
}


def encoded(method: str, params: dict[str, Any]) -> str:
    return msgspec.json.encode(normalise(method, params, TODAY)).decode()


def refusal(method: str, params: dict[str, Any]) -> tuple[int, object]:
    with pytest.raises(RequestError) as caught:
        normalise(method, params, TODAY)
    assert caught.value.message
    return caught.value.code, caught.value.data


def changed(method: str, **changes: Any) -> dict[str, Any]:
    return {**GOOD[method], **changes}


# --- what is recorded ---


@pytest.mark.parametrize(
    ("method", "recorded"),
    [
        ("generateIntegers", '{"n":5,"min":1,"max":100,"replacement":true,"base":10}'),
        ("generateIntegerSequences", '{"n":2,"length":3,"min":1,"max":100,"replacement":true,"base":10}'),
        ("generateDecimalFractions", '{"n":3,"decimalPlaces":6,"replacement":true}'),
        ("generateGaussians", '{"n":3,"mean":0,"standardDeviation":1,"significantDigits":8}'),
        ("generateStrings", '{"n":2,"length":12,"characters":"abc","replacement":true}'),
        ("generateUUIDs", '{"n":2}'),
        ("generateBlobs", '{"n":1,"size":256,"format":"base64"}'),
        ("stream", "{}"),
    ],
)
def test_parameters_are_recorded_in_random_orgs_order_with_defaults_filled_in(method: str, recorded: str) -> None:
    reversed_order = dict(reversed(GOOD[method].items()))
    assert encoded(method, reversed_order) == recorded


def test_every_drawing_method_has_its_parameters() -> None:
    assert set(GOOD) == set(names.DRAW_METHODS)


@pytest.mark.parametrize(
    ("method", "optional"),
    [
        ("generateIntegers", ("replacement", "base", "pregeneratedRandomization")),
        ("generateIntegerSequences", ("replacement", "base", "pregeneratedRandomization")),
        ("generateDecimalFractions", ("replacement", "pregeneratedRandomization")),
        ("generateGaussians", ("pregeneratedRandomization",)),
        ("generateStrings", ("replacement", "pregeneratedRandomization")),
        ("generateUUIDs", ("pregeneratedRandomization",)),
        ("generateBlobs", ("format", "pregeneratedRandomization")),
    ],
)
def test_null_for_an_optional_parameter_means_its_default(method: str, optional: tuple[str, ...]) -> None:
    assert encoded(method, changed(method, **dict.fromkeys(optional))) == encoded(method, GOOD[method])


def test_characters_are_recorded_unescaped() -> None:
    assert '"characters":"äß😀"' in encoded("generateStrings", changed("generateStrings", characters="äß😀"))


def test_numbers_are_recorded_as_they_came() -> None:
    params = changed("generateGaussians", mean=0.1, standardDeviation=-5)
    assert '"mean":0.1,"standardDeviation":-5,' in encoded("generateGaussians", params)


def test_lists_of_a_multiform_request_are_recorded_as_lists() -> None:
    params = {"n": 2, "length": [5, 1], "min": 1, "max": [69, 26], "replacement": False, "base": [10, 16]}
    recorded = '{"n":2,"length":[5,1],"min":1,"max":[69,26],"replacement":false,"base":[10,16]}'
    assert encoded("generateIntegerSequences", params) == recorded


@pytest.mark.parametrize("source", [{"date": "2010-12-31"}, {"date": "2026-11-23"}, {"id": "x"}, {"id": "ü" * 64}])
def test_the_source_of_a_repeatable_draw_is_recorded(source: dict[str, str]) -> None:
    params = changed("generateUUIDs", pregeneratedRandomization=source)
    assert msgspec.json.decode(encoded("generateUUIDs", params))["pregeneratedRandomization"] == source


# --- limits ---

LIMITS: list[tuple[str, str, int, int]] = [
    ("generateIntegers", "n", 1, 1_000_000),
    ("generateIntegers", "min", -1_000_000_000, 1_000_000_000),
    ("generateIntegers", "max", -1_000_000_000, 1_000_000_000),
    ("generateIntegerSequences", "n", 1, 1_000),
    ("generateIntegerSequences", "length", 1, 10_000),
    ("generateIntegerSequences", "min", -1_000_000_000, 1_000_000_000),
    ("generateIntegerSequences", "max", -1_000_000_000, 1_000_000_000),
    ("generateDecimalFractions", "n", 1, 10_000),
    ("generateDecimalFractions", "decimalPlaces", 1, 14),
    ("generateGaussians", "n", 1, 10_000),
    ("generateGaussians", "mean", -1_000_000, 1_000_000),
    ("generateGaussians", "standardDeviation", -1_000_000, 1_000_000),
    ("generateGaussians", "significantDigits", 2, 14),
    ("generateStrings", "n", 1, 10_000),
    ("generateStrings", "length", 1, 32),
    ("generateUUIDs", "n", 1, 1_000),
    ("generateBlobs", "n", 1, 100),
    ("generateBlobs", "size", 1, 1_048_576),
]
LIMIT_NAMES = [f"{method}-{name}" for method, name, _, _ in LIMITS]


def roomy(method: str) -> dict[str, Any]:
    """Parameters beside which any limit of another can be reached."""
    fitting: dict[str, dict[str, Any]] = {
        "generateIntegers": {"min": -1_000_000_000, "max": 1_000_000_000},
        "generateIntegerSequences": {"n": 1, "length": 1, "min": -1_000_000_000, "max": 1_000_000_000},
        "generateBlobs": {"size": 8},
    }
    return changed(method, **fitting.get(method, {}))


@pytest.mark.parametrize(("method", "name", "low", "high"), LIMITS, ids=LIMIT_NAMES)
def test_both_ends_of_a_range_are_accepted(method: str, name: str, low: int, high: int) -> None:
    smallest = 8 if name == "size" else low
    for value in (smallest, high):
        recorded = msgspec.json.decode(encoded(method, {**roomy(method), name: value}))
        assert recorded[name] == value


@pytest.mark.parametrize(("method", "name", "low", "high"), LIMITS, ids=LIMIT_NAMES)
def test_a_number_outside_its_range_is_202_with_the_range(method: str, name: str, low: int, high: int) -> None:
    for value in (low - 1, high + 1, -(10**4000), 10**4000):
        assert refusal(method, {**roomy(method), name: value}) == (202, [name, low, high])


@pytest.mark.parametrize(("method", "name", "low", "high"), LIMITS, ids=LIMIT_NAMES)
@pytest.mark.parametrize("value", [True, "5", None, {}, [[]]], ids=repr)
def test_what_is_no_number_is_200(method: str, name: str, low: int, high: int, value: object) -> None:
    assert refusal(method, {**GOOD[method], "n": 1, name: value}) == (200, [name])


@pytest.mark.parametrize(("method", "name", "low", "high"), LIMITS, ids=LIMIT_NAMES)
def test_a_fraction_is_200_where_an_integer_is_needed(method: str, name: str, low: int, high: int) -> None:
    if name in ("mean", "standardDeviation"):
        assert encoded(method, {**GOOD[method], name: 5.0}) != encoded(method, GOOD[method])
    else:
        assert refusal(method, {**GOOD[method], name: 5.0}) == (200, [name])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1_000_000.0000001, -1e300])
def test_a_mean_that_is_not_within_its_range_is_202(value: float) -> None:
    params = changed("generateGaussians", mean=value)
    assert refusal("generateGaussians", params) == (202, ["mean", -1_000_000, 1_000_000])


def test_one_value_may_be_the_whole_range() -> None:
    assert encoded("generateIntegers", {"n": 3, "min": 7, "max": 7})


# --- each other violation ---

REPEATABLE = "pregeneratedRandomization"
VIOLATIONS: list[tuple[str, str, dict[str, Any], int, list[object]]] = [
    ("min above max", "generateIntegers", {"min": 2, "max": 1}, 300, ["min", "max"]),
    ("min above max in a list", "generateIntegerSequences", {"min": [1, 101]}, 300, ["min", "max"]),
    ("more different integers than there are", "generateIntegers", {"n": 101, "replacement": False}, 301, [101, 100]),
    (
        "more different integers than there are in one sequence",
        "generateIntegerSequences",
        {"length": [3, 101], "replacement": [True, False]},
        301,
        [101, 100],
    ),
    (
        "more different decimals than there are",
        "generateDecimalFractions",
        {"n": 11, "decimalPlaces": 1, "replacement": False},
        301,
        [11, 10],
    ),
    (
        "more different strings than there are",
        "generateStrings",
        {"n": 10, "length": 2, "replacement": False},
        301,
        [10, 9],
    ),
    ("replacement is a number", "generateIntegers", {"replacement": 1}, 200, ["replacement"]),
    ("replacement is a text", "generateDecimalFractions", {"replacement": "false"}, 200, ["replacement"]),
    ("a base that is none", "generateIntegers", {"base": 3}, 201, ["base"]),
    ("a base with 4000 digits", "generateIntegers", {"base": 10**4000}, 201, ["base"]),
    ("base is true", "generateIntegers", {"base": True}, 200, ["base"]),
    ("base is a text", "generateIntegers", {"base": "16"}, 200, ["base"]),
    ("a base in a list that is none", "generateIntegerSequences", {"base": [10, 12]}, 201, ["base"]),
    ("a list for one integer", "generateIntegers", {"min": [1]}, 200, ["min"]),
    ("a list that is too long", "generateIntegerSequences", {"length": [1, 1, 1]}, 203, ["length", 3, 2]),
    ("a list that is too short", "generateIntegerSequences", {"min": [1]}, 204, ["min", 1, 2]),
    ("an empty list", "generateIntegerSequences", {"max": []}, 204, ["max", 0, 2]),
    ("a length out of range in a list", "generateIntegerSequences", {"length": [1, 0]}, 202, ["length", 1, 10_000]),
    ("true in a list of lengths", "generateIntegerSequences", {"length": [1, True]}, 200, ["length"]),
    ("too many values in equal sequences", "generateIntegerSequences", {"length": 5_001}, 304, [10_002, 10_000]),
    (
        "too many values in unequal sequences",
        "generateIntegerSequences",
        {"length": [10_000, 1]},
        304,
        [10_001, 10_000],
    ),
    ("no characters", "generateStrings", {"characters": ""}, 204, ["characters", 0, 1]),
    ("129 characters", "generateStrings", {"characters": MANY_CHARACTERS + "a"}, 203, ["characters", 129, 128]),
    ("a character twice", "generateStrings", {"characters": "abca"}, 201, ["characters"]),
    ("characters as a list", "generateStrings", {"characters": ["a"]}, 200, ["characters"]),
    ("a control character", "generateStrings", {"characters": "a\x1b"}, 201, ["characters"]),
    ("a line separator", "generateStrings", {"characters": "a\u2028"}, 201, ["characters"]),
    ("a character that turns the text round", "generateStrings", {"characters": "a\u202e"}, 201, ["characters"]),
    ("a size that is no whole bytes", "generateBlobs", {"size": 12}, 201, ["size"]),
    ("blobs that are too large together", "generateBlobs", {"n": 2, "size": 524_296}, 304, [1_048_592, 1_048_576]),
    ("a format that is none", "generateBlobs", {"format": "base32"}, 201, ["format"]),
    ("format is a number", "generateBlobs", {"format": 16}, 200, ["format"]),
    ("a source that is a text", "generateUUIDs", {REPEATABLE: "2026-01-01"}, 200, [REPEATABLE]),
    ("a source with nothing in it", "generateUUIDs", {REPEATABLE: {}}, 200, [REPEATABLE]),
    ("a source with both", "generateUUIDs", {REPEATABLE: {"id": "x", "date": "2026-01-01"}}, 200, [REPEATABLE]),
    ("a source of another kind", "generateUUIDs", {REPEATABLE: {"seed": "x"}}, 200, [REPEATABLE]),
    ("an id that is a number", "generateUUIDs", {REPEATABLE: {"id": 7}}, 200, [REPEATABLE]),
    ("an empty id", "generateUUIDs", {REPEATABLE: {"id": ""}}, 204, [REPEATABLE, 0, 1]),
    ("an id of 65 characters", "generateUUIDs", {REPEATABLE: {"id": "x" * 65}}, 203, [REPEATABLE, 65, 64]),
    ("an id with a newline", "generateUUIDs", {REPEATABLE: {"id": "a\nb"}}, 201, [REPEATABLE]),
    ("a day in the future", "generateUUIDs", {REPEATABLE: {"date": "2026-11-24"}}, 201, [REPEATABLE]),
    ("a day that is none", "generateUUIDs", {REPEATABLE: {"date": "2026-02-30"}}, 200, [REPEATABLE]),
    ("a day without hyphens", "generateUUIDs", {REPEATABLE: {"date": "20260230"}}, 200, [REPEATABLE]),
    ("a day by its week", "generateUUIDs", {REPEATABLE: {"date": "2026-W02-1"}}, 200, [REPEATABLE]),
    ("a day with a time", "generateUUIDs", {REPEATABLE: {"date": "2026-01-01T00:00"}}, 200, [REPEATABLE]),
]


@pytest.mark.parametrize(
    ("method", "changes", "code", "data"),
    [violation[1:] for violation in VIOLATIONS],
    ids=[violation[0] for violation in VIOLATIONS],
)
def test_a_violation_has_its_code_and_data(method: str, changes: dict[str, Any], code: int, data: list[object]) -> None:
    assert refusal(method, changed(method, **changes)) == (code, data)


@pytest.mark.parametrize("method", GOOD)
def test_each_required_parameter_is_missed_by_name(method: str) -> None:
    for name in GOOD[method]:
        rest = {other: value for other, value in GOOD[method].items() if other != name}
        assert refusal(method, rest) == (-32602, [name])


@pytest.mark.parametrize("method", GOOD)
def test_an_unknown_parameter_is_refused_by_name(method: str) -> None:
    assert refusal(method, changed(method, x=1)) == (-32602, ["x"])


def test_an_unknown_name_is_shown_cut_to_what_a_person_can_read() -> None:
    assert refusal("stream", {"x" * 4000: 1}) == (-32602, ["x" * 40])


@pytest.mark.parametrize(
    ("method", "wrong", "right"),
    [
        ("generateIntegers", "replacment", "replacement"),
        ("generateBlobs", "Format", "format"),
        ("generateGaussians", "deviation", "standardDeviation"),
    ],
)
def test_an_unknown_parameter_is_told_the_nearest_one(method: str, wrong: str, right: str) -> None:
    with pytest.raises(RequestError, match=f"did you mean {right}"):
        normalise(method, changed(method, **{wrong: 1}), TODAY)


def test_nothing_is_suggested_where_nothing_is_near() -> None:
    assert unknown_name("method", "zzzzzz", names.DRAW_METHODS) == "there is no method 'zzzzzz'"


# --- what just fits ---


@pytest.mark.parametrize(
    ("method", "changes"),
    [
        ("generateIntegers", {"n": 100, "replacement": False}),
        ("generateIntegerSequences", {"n": 2, "length": 5_000}),
        ("generateIntegerSequences", {"n": 2, "length": [9_999, 1]}),
        ("generateIntegerSequences", {"n": 1_000, "length": [10] * 1_000}),
        ("generateDecimalFractions", {"n": 10, "decimalPlaces": 1, "replacement": False}),
        ("generateStrings", {"n": 9, "length": 2, "replacement": False}),
        ("generateStrings", {"n": 10_000, "length": 32, "characters": MANY_CHARACTERS}),
        ("generateStrings", {"n": 1, "length": 1, "characters": "a", "replacement": False}),
        ("generateBlobs", {"n": 100, "size": 10_480}),
    ],
)
def test_what_just_fits_is_accepted(method: str, changes: dict[str, Any]) -> None:
    assert encoded(method, changed(method, **changes))


def test_uniqueness_is_counted_in_each_sequence_not_across_them() -> None:
    params = {"n": 2, "length": [5, 1], "min": [1, 1], "max": [5, 1], "replacement": [False, False]}
    assert encoded("generateIntegerSequences", params)
