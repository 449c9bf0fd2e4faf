"""The small transforms."""

from typing import Any

import pytest

from tests.plugins.conftest import Bench

ORDERS = [{"id": 1, "total": 30}, {"id": 2, "total": 10}, {"id": 3, "total": 20}]
NAMES = {"orders": ORDERS}
ITEMS = "{{ orders }}"


async def test_set_fields_gives_these_fields_with_their_types(bench: Bench) -> None:
    output = await bench.output(
        "data/set-fields", {"fields": {"n": "{{ len(orders) }}", "t": "{{ orders[0].id }}!"}}, names=NAMES
    )

    assert output == {"n": 3, "t": "1!"}


@pytest.mark.parametrize(
    ("action", "inputs", "output"),
    [
        ("filter", {"condition": "item.total > 15 and index < 2"}, [ORDERS[0]]),
        ("sort", {"by": "item.total"}, [ORDERS[1], ORDERS[2], ORDERS[0]]),
        ("sort", {"by": "item.total", "order": "descending"}, [ORDERS[0], ORDERS[2], ORDERS[1]]),
        ("limit", {"count": 2}, ORDERS[:2]),
        ("limit", {"count": "{{ 1 }}"}, ORDERS[:1]),
        ("split", {"size": 2}, [ORDERS[:2], ORDERS[2:]]),
        ("aggregate", {"operation": "sum", "value": "item.total"}, 60),
        ("aggregate", {"operation": "average", "value": "item.total"}, 20),
        ("aggregate", {"operation": "min", "value": "item.total"}, 10),
        ("aggregate", {"operation": "max", "value": "item.total"}, 30),
        ("aggregate", {"operation": "count"}, 3),
        ("aggregate", {"operation": "list", "value": "item.id"}, [1, 2, 3]),
    ],
)
async def test_a_list_is_shaped(bench: Bench, action: str, inputs: dict[str, Any], output: Any) -> None:
    assert await bench.output(f"data/{action}", {"items": ITEMS, **inputs}, names=NAMES) == output


async def test_a_list_may_be_written_as_json(bench: Bench) -> None:
    assert await bench.output("data/sort", {"items": "[3, 1, 2]"}) == [1, 2, 3]
    assert await bench.output("data/sort", {"items": [3, 1, "{{ 2 }}"]}) == [1, 2, 3]


@pytest.mark.parametrize(
    ("action", "inputs", "field"),
    [
        ("filter", {"items": "{{ orders[0] }}", "condition": "True"}, "items"),
        ("filter", {"items": ITEMS, "condition": "item.total"}, "condition"),
        ("filter", {"items": ITEMS, "condition": "item.nope > 1"}, "condition"),
        ("sort", {"items": ITEMS}, "by"),
        ("limit", {"items": ITEMS, "count": -1}, "count"),
        ("limit", {"items": ITEMS, "count": 1.5}, "count"),
        ("split", {"items": ITEMS, "size": 0}, "size"),
        ("aggregate", {"items": [], "operation": "average"}, "items"),
        ("aggregate", {"items": ITEMS, "operation": "sum"}, "value"),
        ("aggregate", {"items": ITEMS, "operation": "{{ 'median' }}"}, "operation"),
        ("set-fields", {"fields": "{{ orders }}"}, "fields"),
    ],
)
async def test_what_does_not_fit_fails_at_its_field(
    bench: Bench, action: str, inputs: dict[str, Any], field: str
) -> None:
    error = await bench.error(f"data/{action}", inputs, names=NAMES)

    assert error["type"] != "internal"
    assert error["field"] == field


async def test_a_hundred_thousand_entries_are_filtered_in_one_go(bench: Bench) -> None:
    many = [{"n": number, "text": "x" * 20} for number in range(100_000)]

    kept = await bench.output("data/filter", {"items": "{{ many }}", "condition": "item.n < 10"}, names={"many": many})

    assert len(kept) == 10


async def test_a_list_of_texts_is_a_list(bench: Bench) -> None:
    assert await bench.output("data/limit", {"items": ["a", "b"], "count": 1}) == ["a"]


async def test_each_field_has_a_uuid_of_its_own(bench: Bench) -> None:
    output = await bench.output("data/set-fields", {"fields": {"a": "{{ uuid() }}", "b": "{{ uuid() }}"}})

    assert output["a"] != output["b"]


@pytest.mark.parametrize("order", ["ascending", "descending"])
async def test_a_long_list_is_sorted_and_equal_entries_keep_their_order(bench: Bench, order: str) -> None:
    many = [{"key": place * 7919 % 1_000, "place": place} for place in range(25_000)]

    output = await bench.asked(
        "data/sort", {"items": "{{ many }}", "by": "item.key", "order": order}, names={"many": many}
    )

    assert output == sorted(many, key=lambda item: item["key"], reverse=order == "descending")
