"""How long an answer may lie."""

from __future__ import annotations

from fifod.classic.patience import PATIENCE, Patience


def test_everybody_begins_with_all_the_time() -> None:
    assert Patience().seconds("4711 1") == PATIENCE


def test_it_is_less_after_each_answer_that_was_let_lie_but_never_none() -> None:
    patience = Patience()
    seconds = []
    for _ in range(2000):
        seconds.append(patience.seconds("4711 1"))
        patience.has_not_read("4711 1")
    assert seconds[:4] == [PATIENCE, PATIENCE / 2, PATIENCE / 4, PATIENCE / 8]
    assert seconds == sorted(seconds, reverse=True)
    assert seconds[-1] == 0.1


def test_it_is_of_one_process_alone() -> None:
    patience = Patience()
    patience.has_not_read("4711 1")
    assert patience.seconds("4711 2") == PATIENCE


def test_who_reads_has_all_the_time_again() -> None:
    patience = Patience()
    for _ in range(3):
        patience.has_not_read("4711 1")
    patience.has_read("4711 1")
    assert patience.seconds("4711 1") == PATIENCE


def test_it_remembers_a_hundred_processes_those_of_late() -> None:
    patience = Patience()
    patience.has_not_read("of late")
    for number in range(99):
        patience.has_not_read(f"{number} 1")
    patience.has_not_read("of late")
    patience.has_not_read("one more")
    assert patience.seconds("0 1") == PATIENCE
    assert patience.seconds("of late") == PATIENCE / 4
    assert patience.seconds("one more") == PATIENCE / 2
