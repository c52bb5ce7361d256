"""Counted log lines: the first at once, the rest as a number."""

from __future__ import annotations

import logging

import pytest

from fifod.log import CountedLog

NOW = 10**15
INTERVAL = CountedLog.INTERVAL_NS


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def test_the_first_of_a_kind_is_said_at_once(said: pytest.LogCaptureFixture) -> None:
    log = CountedLog()
    log.warn("one", NOW)
    log.warn("another", NOW)
    assert said.messages == ["one", "another"]
    assert {record.levelname for record in said.records} <= {"WARNING", "warning"}


def test_a_million_more_are_one_line_when_the_interval_is_over(said: pytest.LogCaptureFixture) -> None:
    log = CountedLog()
    for number in range(100_001):
        log.warn("one", NOW + number)
    assert said.messages == ["one"]
    log.flush(NOW + INTERVAL - 1)
    assert said.messages == ["one"]
    log.flush(NOW + INTERVAL)
    assert said.messages == ["one", "one: 100000 more times"]


def test_each_interval_begins_anew(said: pytest.LogCaptureFixture) -> None:
    log = CountedLog()
    for number in range(3):
        log.warn("one", NOW + number * INTERVAL)
    assert said.messages == ["one"] * 3


def test_nothing_is_said_where_nothing_more_came(said: pytest.LogCaptureFixture) -> None:
    log = CountedLog()
    log.warn("one", NOW)
    log.flush(NOW + INTERVAL)
    log.flush(NOW + 2 * INTERVAL)
    assert said.messages == ["one"]


def test_a_text_with_a_per_cent_sign_is_said_as_it_is(said: pytest.LogCaptureFixture) -> None:
    CountedLog().warn("100 % %s of it", NOW)
    assert said.messages == ["100 % %s of it"]
