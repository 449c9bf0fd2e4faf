"""The file store: what it gives back, how little it reads, and what it says when it can't."""

import errno
import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.errors import FilesUnavailable
from engine.files import FolderFiles, Stored, describe, keep, stored_from
from engine.reader import Entries

PEOPLE = [{"id": number, "name": f"Person {number} é", "tags": ["a", None]} for number in range(6_000)]
NOTE = "Ünïcode\n" * 100_000
VALUE = {"status": 200, "body": {"people": PEOPLE, "count": 6_000}, "note": NOTE, "none": None}


@pytest.fixture
def files(tmp_path: Path) -> FolderFiles:
    return FolderFiles(tmp_path)


@pytest.mark.parametrize("value", [VALUE, PEOPLE, NOTE, [], {}, [NOTE], [[PEOPLE], []], {"é\n": PEOPLE}, "", 1, None])
async def test_what_is_put_comes_back(files: FolderFiles, value: Any) -> None:
    stored = await files.put("ex_1", value)

    assert await files.read_all(stored) == value


@pytest.mark.parametrize(
    ("path", "part"),
    [
        (("status",), {"status": 200, "body": None, "note": None, "none": None}),
        (("nope",), dict.fromkeys(VALUE)),
        (("body", "count"), {**dict.fromkeys(VALUE), "body": {"people": None, "count": 6_000}}),
    ],
)
async def test_only_what_is_on_a_path_is_read_of_an_object(files: FolderFiles, path: Any, part: Any) -> None:
    stored = await files.put("ex_1", VALUE)

    assert await files.read(stored, [path]) == part


@pytest.mark.parametrize(
    ("path", "indexes"),
    [
        ((0,), [0]),
        ((-1, "name"), [5_999]),
        ((6_000,), []),
        (("name",), []),
        ((Entries(0, 0),), []),
        ((Entries(5_998),), [5_998, 5_999]),
        ((Entries(None, -5_999),), [0]),
    ],
)
async def test_only_what_is_on_a_path_is_read_of_a_list(files: FolderFiles, path: Any, indexes: list[int]) -> None:
    stored = await files.put("ex_1", PEOPLE)

    part = await files.read(stored, [path])

    assert [(place, entry) for place, entry in enumerate(part) if entry] == [
        (index, PEOPLE[index]) for index in indexes
    ]
    assert len(part) == len(PEOPLE)


async def test_a_list_is_read_in_batches(files: FolderFiles) -> None:
    stored = await files.put("ex_1", PEOPLE)

    assert await files.read_entries(stored, 10, 12) == PEOPLE[10:12]
    assert await files.read_entries(stored, 5_999, 7_000) == PEOPLE[-1:]
    assert await files.read_entries(stored, 7_000, 7_001) == []


async def test_a_stored_value_may_be_part_of_another(files: FolderFiles) -> None:
    people = await files.put("ex_1", PEOPLE)
    results = await files.put("ex_1", [people, {"all": people}, 3])

    assert await files.read_entries(results, 0, 3) == [PEOPLE, {"all": PEOPLE}, 3]
    assert (await files.read(results, [(1, "all", -1)]))[1]["all"][-1] == PEOPLE[-1]


async def test_the_same_value_is_kept_once(files: FolderFiles, tmp_path: Path) -> None:
    assert await files.put("ex_1", PEOPLE) == await files.put("ex_1", list(PEOPLE))

    assert len(list((tmp_path / "ex_1").iterdir())) == 1


async def test_a_value_in_another_is_kept_for_nothing(files: FolderFiles, tmp_path: Path) -> None:
    await files.put("ex_1", PEOPLE)
    await files.put("ex_1", {"items": PEOPLE, "condition": "item.id > 5"})

    small, large = sorted(path.stat().st_size for path in (tmp_path / "ex_1").iterdir())

    assert small < 1_000 < 100_000 < large


async def test_what_describes_a_value_leads_to_it_again(files: FolderFiles) -> None:
    stored = await files.put("ex_1", PEOPLE)

    description = json.loads(json.dumps(describe(stored)))

    assert stored_from(description, stored.preview) == stored
    assert (stored.kind, stored.count) == ("list", 6_000)
    assert stored.size == pytest.approx(len(json.dumps(PEOPLE, ensure_ascii=False)), rel=0.2)


async def test_a_preview_is_the_beginning_of_each_part(files: FolderFiles) -> None:
    preview: Any = (await files.put("ex_1", VALUE)).preview

    assert list(preview) == list(VALUE)
    assert preview["status"] == 200
    assert preview["note"].endswith("…")
    assert preview["body"]["people"][0]["id"] == 0
    assert len(json.dumps(preview)) < 8_000


async def test_only_a_large_value_goes_to_a_file(files: FolderFiles) -> None:
    stored = await keep(files, "ex_1", PEOPLE)

    assert await keep(files, "ex_1", PEOPLE[:100]) == PEOPLE[:100]
    assert isinstance(stored, Stored)
    assert await keep(files, "ex_1", stored) is stored
    assert isinstance(await keep(files, "ex_1", {"small": stored}), Stored)


async def test_the_values_of_an_execution_are_deleted_together(files: FolderFiles, tmp_path: Path) -> None:
    await files.put("ex_1", PEOPLE)
    other = await files.put("ex_2", PEOPLE)

    await files.delete("ex_1")
    await files.delete("ex_1")

    assert not (tmp_path / "ex_1").exists()
    assert await files.read(other, [(0,)])


async def test_a_folder_that_is_missing_is_an_error_that_says_so(files: FolderFiles, tmp_path: Path) -> None:
    stored = await files.put("ex_1", PEOPLE)
    shutil.rmtree(tmp_path)

    for work in (files.put("ex_1", PEOPLE), files.read_all(stored)):
        with pytest.raises(FilesUnavailable, match="folder for large values is missing") as caught:
            await work
        assert caught.value.retryable


async def test_a_full_disk_is_an_error_and_leaves_no_half_file(
    files: FolderFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(FilesUnavailable, match="no room left"):
        await files.put("ex_1", PEOPLE)

    assert list((tmp_path / "ex_1").iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"x" * 7, b"x" * 100])
async def test_a_damaged_file_is_an_error_that_says_so(files: FolderFiles, tmp_path: Path, damage: bytes) -> None:
    stored = await files.put("ex_1", PEOPLE)
    (tmp_path / "ex_1" / stored.id).write_bytes(damage)

    with pytest.raises(FilesUnavailable):
        await files.read_all(stored)


async def test_no_path_is_made_of_an_id_that_is_not_ours(files: FolderFiles) -> None:
    with pytest.raises(RuntimeError):
        await files.put("../ex_1", PEOPLE)


async def test_executions_are_listed_whose_values_are_all_old(files: FolderFiles, tmp_path: Path) -> None:
    for name in ("ex_old", "ex_new"):
        await files.put(name, NOTE)
    os.utime(tmp_path / "ex_old", (1_000, 1_000))
    (tmp_path / "lost+found").mkdir()

    assert await files.list_executions(before=datetime.fromtimestamp(2_000, UTC)) == ["ex_old"]
