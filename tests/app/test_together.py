"""Doing in one go what several ask for in the same moment."""

import asyncio
from collections.abc import Sequence

import pytest

from app.together import Together


async def test_what_comes_in_the_same_moment_is_done_at_once_and_what_comes_later_next() -> None:
    batches = []

    async def double(numbers: Sequence[int]) -> Sequence[int]:
        batches.append(list(numbers))
        await asyncio.sleep(0)
        return [number * 2 for number in numbers]

    together = Together(double)
    first = asyncio.gather(*map(together.ask, (1, 2, 3)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = asyncio.create_task(together.ask(4))

    assert (await first, await second) == ([2, 4, 6], 8)
    assert batches == [[1, 2, 3], [4]]


async def test_one_that_fails_keeps_no_other_from_its_answer() -> None:
    async def halve(numbers: Sequence[int]) -> Sequence[int | Exception]:
        return [ValueError("odd") if number % 2 else number // 2 for number in numbers]

    together = Together(halve)
    good, bad = await asyncio.gather(together.ask(4), together.ask(3), return_exceptions=True)

    assert good == 2
    assert isinstance(bad, ValueError)


async def test_who_gives_up_waiting_holds_nobody_up() -> None:
    async def echo(words: Sequence[str]) -> Sequence[str]:
        return words

    together = Together(echo)
    gone, stays = asyncio.create_task(together.ask("a")), asyncio.create_task(together.ask("b"))
    await asyncio.sleep(0)
    gone.cancel()

    assert await stays == "b"
    with pytest.raises(asyncio.CancelledError):
        await gone
