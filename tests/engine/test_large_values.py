"""Names that stand for values in files: expressions read them as if they were in memory, but only what they need."""

from collections.abc import Iterable
from pathlib import Path as Folder
from typing import Any

import pytest

from engine.errors import ExpressionError
from engine.expression import evaluate, evaluate_each, run_code
from engine.files import FolderFiles, Stored, stored_from
from engine.reader import Path
from engine.sandbox import Sandbox
from engine.sdk import steps_by_action
from plugins import load_plugins
from tests.engine.build import node, workflow
from tests.engine.conftest import Engine

PEOPLE = [{"id": number, "name": f"Person {number}", "tags": ["a", "b"]} for number in range(20_000)]
TOO_MANY = [{"id": number, "name": f"Person {number}", "tags": ["a", "b"]} for number in range(80_000)]


class CountedFiles(FolderFiles):
    """Notes what is asked for."""

    def __init__(self, folder: Folder) -> None:
        super().__init__(folder)
        self.asked: list[Path] = []
        self.batches: list[tuple[int, int]] = []

    async def read(self, stored: Stored, paths: Iterable[Path]) -> Any:
        self.asked += (paths := list(paths))
        return await super().read(stored, paths)

    async def read_entries(self, stored: Stored, start: int, stop: int) -> list[Any]:
        self.batches.append((start, stop))
        return await super().read_entries(stored, start, stop)


@pytest.fixture
async def files(tmp_path: Folder) -> CountedFiles:
    return CountedFiles(tmp_path)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("company.people[3].name", "Person 3"),
        ("company.people[-1].id", 19_999),
        ("company.people[3].id + company.size", 10),
        ("len(company.people)", 20_000),
        ("len(company)", 3),
        ("[p.id for p in company.people[-2:]]", [19_998, 19_999]),
        ("company.people[:3][0].id", 0),
        ("sum(p.id for p in company.people)", 199_990_000),
        ("company.text[:3].upper()", "XXX"),
        ("'people' in company", True),
    ],
)
async def test_an_expression_reads_a_large_value(
    files: CountedFiles, sandbox: Sandbox, source: str, value: Any
) -> None:
    names = {"company": await files.put("ex_1", {"people": PEOPLE, "size": 7, "text": "x" * 300_000})}

    assert await evaluate(source, names, sandbox, files) == value


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("people.name", "people is a list, so it has no field 'name'; take an entry first, as in people[0]"),
        ("people[20_000].name", "people has no entry 20000; it has 20000"),
        ("people[3].nme + 'x'", "people[3] has no field 'nme'; it has: id, name, tags"),
        ("peple", "There is no 'peple' here; there is: people"),
    ],
)
async def test_a_large_value_is_explained_like_any_other(
    files: CountedFiles, sandbox: Sandbox, source: str, message: str
) -> None:
    names = {"people": await files.put("ex_1", PEOPLE)}

    with pytest.raises(ExpressionError) as caught:
        await evaluate(source, names, sandbox, files)

    assert message in caught.value.message


async def test_only_the_large_values_that_are_read_are_asked_for(files: CountedFiles, sandbox: Sandbox) -> None:
    people = await files.put("ex_1", PEOPLE)

    await evaluate("people[3].name + str(small)", {"people": people, "other": people, "small": 1}, sandbox, files)

    assert files.asked == [(3, "name")]


async def test_code_and_expressions_for_each_entry_read_large_values(files: CountedFiles, sandbox: Sandbox) -> None:
    names = {"people": await files.put("ex_1", PEOPLE)}

    assert await run_code("names = people[1].name\nnames + '!'", names, sandbox, files, seconds=5) == "Person 1!"
    assert await evaluate_each("item + len(people) + index", [5, 6], names, sandbox, files) == [20_005, 20_007]


async def test_a_value_of_many_levels_is_passed_on_in_pieces(sandbox: Sandbox) -> None:
    value = {"a": {"b": [PEOPLE, {"c": PEOPLE}, 1], "é": "x" * 3_000_000}, "d": dict.fromkeys(map(str, range(30_000)))}

    assert await run_code(
        "v = value\n[v.a.b[0] == v.a.b[1].c, v.a.b[1].c[-1].id, v.a.b[2], len(v.a['é']), list(v.d)[-1]]",
        {"value": value},
        sandbox,
        seconds=10,
    ) == [True, 19_999, 1, 3_000_000, "29999"]


async def test_what_does_not_fit_in_the_sandbox_says_so_and_the_next_goes_on(sandbox: Sandbox) -> None:
    with pytest.raises(ExpressionError, match="more than 64 MiB of memory: take less at a time"):
        await evaluate("sorted(people)", {"people": TOO_MANY}, sandbox)

    assert await evaluate("1 + 1", {}, sandbox) == 2


async def test_a_long_list_goes_through_in_batches_that_know_their_place(sandbox: Sandbox) -> None:
    values = await evaluate_each("item.id == index and len(item.tags) == 2", TOO_MANY, {}, sandbox)

    assert values == [True] * 80_000


async def test_an_entry_late_in_a_long_list_is_named_when_it_fails(sandbox: Sandbox) -> None:
    items = [*PEOPLE, {"nme": "x"}]

    with pytest.raises(ExpressionError, match="Entry 20000: item has no field 'name'; it has: nme"):
        await evaluate_each("item.name == 'x'", items, {}, sandbox)


async def test_a_large_output_is_a_preview_in_the_log_and_whole_for_the_steps_that_read_it(engine: Engine) -> None:
    ends = await engine.run(
        workflow(
            node("copy", inputs={"value": "{{ lead }}"}),
            node("last", inputs={"value": "{{ copy[-1].id + len(lead) }}"}),
            edges="lead>copy copy>last",
        ),
        input=PEOPLE,
    )
    copied = next(
        event for event in await engine.log(ends.id) if event.node_id == "copy" and event.status == "succeeded"
    )

    assert ends.result == 39_999
    assert len(copied.output) == 20
    assert copied.files
    assert copied.files["input"]["kind"] == "object"
    assert await engine.files.read_all(stored_from(copied.files["output"])) == PEOPLE


async def test_iterations_that_begin_together_have_their_entries_read_once_and_not_all_in_one_go(
    engine: Engine, files: CountedFiles
) -> None:
    engine.files = files
    engine.steps |= steps_by_action(load_plugins())
    ends = await engine.run(
        workflow(
            node("each", "logic/for-each", inputs={"items": "{{ lead }}", "concurrency": 10}),
            node("body", inputs={"value": "{{ item.id }}"}, parent="each"),
            edges="lead>each",
        ),
        input=[{"id": number, "text": "x" * 100_000} for number in range(20)],
    )

    assert ends.result == list(range(20))
    assert files.batches == [(0, 9), (9, 18), (18, 27)]


async def test_an_execution_whose_large_output_cannot_be_saved_ends_with_what_to_do(engine: Engine) -> None:
    engine.files = FolderFiles(Folder("/nowhere"))

    ended = await engine.run(workflow(node("copy", inputs={"value": "{{ lead }}"}), edges="lead>copy"), input=PEOPLE)

    assert ended.status == "failed"
    assert ended.error
    assert ended.error["type"] == "files_unavailable"
    assert "folder for large values is missing: bring it back" in ended.error["message"]
