"""Whenever the process is killed, the next one brings its executions to the same end and repeats nothing finished."""

import multiprocessing
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import wait
from threading import Lock
from typing import Any

import pytest

from engine.events import ENDED
from tests.crash.conftest import Settle
from tests.crash.life import LONGEST, Death, Place, live
from tests.crash.records import Record, insert, read
from tests.engine.build import node, workflow

ID = "ex_1"
FORK = multiprocessing.get_context("forkserver")  # the imports are done once
LOCK = Lock()  # whenever it starts a process, it looks after all the others
FORK.set_forkserver_preload(["tests.crash.life"])


def note(id_: str, value: Any = 1, **settings: Any) -> dict[str, Any]:
    return node(id_, "test/note", inputs={"value": value}, **settings)


BRANCHES = workflow(
    *(note(f"{branch}{place}", f"{branch}{place}") for branch in "abc" for place in (1, 2, 3)),
    note("join", ["{{ a3 }}", "{{ b3 }}", "{{ c3 }}"]),
    note("left", "{{ join }}"),
    note("right", "{{ a1 }}"),
    edges="lead>a1 a1>a2 a2>a3 lead>b1 b1>b2 b2>b3 lead>c1 c1>c2 c2>c3 a3>join b3>join c3>join join>left join>right",
)
LOOP_AND_DELAY = workflow(
    note("before"),
    node("each", "logic/for-each", inputs={"items": [1, 2], "concurrency": 2}),
    note("one", "{{ item }}", parent="each"),
    node("pause", "flow/delay", inputs={"seconds": 0.1}, parent="each"),
    note("two", "{{ one }}", parent="each"),
    node("delay", "flow/delay", inputs={"seconds": 0.1}),
    note("after", "{{ each }}"),
    edges="lead>before before>each one>pause pause>two each>delay delay>after",
)


@pytest.mark.parametrize("definition", [BRANCHES, LOOP_AND_DELAY], ids=["branches", "loop and delay"])
def test_whenever_the_process_is_killed_the_next_one_comes_to_the_same_end(
    settle: Settle, definition: dict[str, Any]
) -> None:
    calm = settle()
    insert(calm, ID, definition)
    run(calm)
    whole = read(calm, ID)
    deaths = [Death(row) for row in range(1, whole.rows + 1)]
    deaths += [Death(commit, is_during=True) for commit in range(1, calm.commits + 1)]

    def die_and_go_on(death: Death) -> bool:
        place = settle()
        insert(place, ID, definition)
        run(place, death)
        left = read(place, ID)
        run(place)
        check(whole, left, read(place, ID), death)
        return left.status != whole.status

    with ThreadPoolExecutor(2) as pool:
        died_on_the_way = list(pool.map(die_and_go_on, deaths))
    assert sum(died_on_the_way) > len(deaths) / 2


def test_an_execution_whose_process_is_killed_again_and_again_comes_to_its_end(settle: Settle) -> None:
    place = settle()
    insert(place, ID, BRANCHES)
    record = read(place, ID)

    while record.status not in ENDED:
        left = record
        run(place, Death(7))
        record = read(place, ID)
        assert not ran_again(left, record)

    assert record.result == {"left": ["a3", "b3", "c3"], "right": "a1"}


def run(place: Place, death: Death | None = None) -> None:
    """Let a process live; it ends by itself, or by its death."""
    process = FORK.Process(target=live, args=(place, ID, death))
    with LOCK:
        process.start()
    wait([process.sentinel], LONGEST)
    with LOCK:
        process.join(0)
    assert process.exitcode in (0, -signal.SIGKILL if death else 0)


def check(whole: Record, left: Record, ended: Record, death: Death) -> None:
    """All is as if nobody had been killed, but for steps that had begun and not ended."""
    assert (ended.status, ended.result, ended.finished) == (whole.status, whole.result, whole.finished), death
    assert not ran_again(left, ended), death
    assert set(Counter(ended.runs).values()) <= {1, 2}, death


def ran_again(left: Record, later: Record) -> set[str]:
    """The steps that ran although they had finished before."""
    return (Counter(later.runs) - Counter(left.runs)).keys() & left.finished
