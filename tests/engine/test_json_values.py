"""What may be kept and what may not."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.json_values import NotJson, Room, size_of, to_json, write_json


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ((1, (2,)), [1, [2]]),
        ({1: "a", 2.5: "b"}, {"1": "a", "2.5": "b"}),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        ({"a": [None, True, 1, 1.5, "ü"]}, {"a": [None, True, 1, 1.5, "ü"]}),
    ],
)
def test_values_become_json(value: Any, kept: Any) -> None:
    assert to_json(value) == kept


class Hostile:
    """Raises whenever somebody wants to show it."""

    def __repr__(self) -> str:
        raise RuntimeError

    __str__ = __repr__


loop: list[Any] = []
loop.append(loop)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        (b"x", r"holds bytes, which can't be kept: make it text, as in \.decode\(\)"),
        ({3, 1, 2}, r"holds a set, which can't be kept: make it a list, as in sorted\(…\)"),
        ({"a": frozenset()}, "a frozenset, .* a list"),
        (Decimal(1), "Decimal"),
        (object(), "object"),
        (print, "builtin_function"),
        (Hostile(), "a Hostile"),
        ({Hostile(): 1}, "key that is a Hostile"),
        ({None: 1}, "key None"),
        ({(1,): 1}, "key that is a tuple"),
        ("\ud800", "lone surrogate"),
        ({"a\0": 1}, "NUL"),
        (2**2000, "300 digits"),
        (loop, "levels deep"),
    ],
)
def test_what_json_cannot_hold_is_refused_with_its_name(value: Any, words: str) -> None:
    with pytest.raises(NotJson, match=words):
        to_json([value])


BIG = [{"id": number, "tags": ["a", None], "price": 1.5} for number in range(10_000)]


def test_what_is_json_already_is_not_copied() -> None:
    value = {"items": BIG, "moment": date(2026, 1, 2)}

    kept = to_json(value)

    assert to_json(BIG) is BIG
    assert kept["items"] is BIG
    assert kept["moment"] == "2026-01-02"


@pytest.mark.parametrize(
    "value", [BIG, {"a": BIG, "ü\n": [BIG, {}]}, ["x" * 3_000_000, []], [[]] * 30_000, "a\n" * 2_000_000, {}, 1]
)
def test_a_value_is_written_in_pieces_as_in_one(value: Any) -> None:
    pieces = list(write_json(value))

    assert "".join(pieces) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert size_of(value) == sum(map(len, pieces))


@pytest.mark.parametrize("entry", [1, "text", {"key": None}])
def test_a_small_value_that_holds_the_same_again_and_again_is_refused(entry: Any) -> None:
    value = [entry]
    for _ in range(60):
        value = [value, value]

    with pytest.raises(NotJson, match="far too large"):
        to_json(value, Room(10_000))


def test_several_values_may_have_to_share_the_room() -> None:
    room = Room(1_000)
    to_json("x" * 900, room)

    with pytest.raises(NotJson):
        to_json("x" * 900, room)
