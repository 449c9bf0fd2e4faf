"""What is kept out of the log, and what is left alone."""

from typing import Any

import pytest

from engine.redact import MASK, Redactor, find_secrets
from engine.sdk import Field, Step, StepContext


async def run(context: StepContext) -> None: ...


STEP = Step(run=run, name="s", label="S", description="", fields=(Field(name="key", label="Key", kind="secret"),))


@pytest.mark.parametrize("name", ["Authorization", "cookie", "Set-Cookie", "X-Api-Key", "x_auth_token", "apikey"])
def test_headers_that_usually_hold_secrets_are_masked(name: str) -> None:
    assert Redactor(()).clean({"headers": {name: "abc", "Accept": "*/*"}}) == {"headers": {name: MASK, "Accept": "*/*"}}


@pytest.mark.parametrize(
    "value", [{"token": "abc", "tokens_used": 5}, {"headers": {"token_count": 5}}, [{"password": "p"}]]
)
def test_ordinary_data_stays_as_it_is(value: Any) -> None:
    assert Redactor(()).clean(value) == value


def test_a_secret_is_masked_wherever_its_value_turns_up() -> None:
    inputs = {"key": "sk-1234567", "headers": {"Authorization": "Bearer abcdefgh"}}

    redactor = Redactor([*find_secrets(STEP, inputs, {"token": "credential-1"})])

    assert redactor.clean({"a": ["x sk-1234567 y", {"b": "abcdefgh"}], "c": "credential-1"}) == {
        "a": [f"x {MASK} y", {"b": MASK}],
        "c": MASK,
    }
    assert redactor.clean_text("401 for abcdefgh") == f"401 for {MASK}"


def test_a_short_value_is_no_secret_that_can_be_looked_for() -> None:
    assert Redactor(["the"]).clean_text("the other") == "the other"
