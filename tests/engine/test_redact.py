"""What is kept out of the log, and what is left alone."""

from dataclasses import replace
from typing import Any

import pytest

from engine.redact import MASK, Redactor, find_secrets
from engine.sdk import Field, Step, StepContext


async def run(context: StepContext) -> None: ...


STEP = Step(run=run, name="s", label="S", description="", fields=(Field(name="key", label="Key", kind="secret"),))


@pytest.mark.parametrize("name", ["Authorization", "cookie", "Set-Cookie", "X-Api-Key", "x_auth_token", "apikey"])
def test_headers_that_usually_hold_secrets_are_masked(name: str) -> None:
    assert Redactor(()).clean_input({"headers": {name: "a", "Accept": "*"}}) == {"headers": {name: MASK, "Accept": "*"}}


@pytest.mark.parametrize(
    "value", [{"token": "abc", "tokens_used": 5}, {"headers": {"token_count": 5}}, [{"password": "p"}]]
)
def test_ordinary_data_stays_as_it_is(value: Any) -> None:
    assert Redactor(()).clean_input(value) == value


def test_a_secret_is_masked_wherever_its_value_turns_up() -> None:
    inputs = {"key": "sk-1234567", "headers": {"Authorization": "Bearer abcdefg8"}}

    redactor = Redactor([*find_secrets(STEP, inputs, {"token": "credential-1"})])

    assert redactor.clean_output({"a": ["x sk-1234567 y", {"b": "abcdefg8"}], "c": "credential-1"}) == {
        "a": [f"x {MASK} y", {"b": MASK}],
        "c": MASK,
    }
    assert redactor.clean_text("401 for abcdefg8") == f"401 for {MASK}"


def test_of_a_connection_only_what_its_form_calls_a_secret_is_masked() -> None:
    form = (Field(name="kind", label="Kind", kind="select"), Field(name="url", label="URL", kind="secret"))
    held = {"kind": "bearer", "url": "mysql://ada:hunter2%40@db/shop", "base_url": "https://db", "other": "unknown"}

    secrets = [*find_secrets(replace(STEP, credentials=form), {}, held)]

    assert set(secrets) - {""} == {held["url"], "hunter2@", "unknown"}


def test_a_short_value_is_no_secret_that_can_be_looked_for() -> None:
    assert Redactor(["the"]).clean_text("the other") == "the other"


@pytest.mark.parametrize(
    "value", [{"query": {"page_token": "abc123"}}, {"body": {"headers": {"x-token": "t"}}}, {"headers": {"etag": "1"}}]
)
def test_what_a_step_gives_is_not_changed_for_its_names(value: Any) -> None:
    assert Redactor(()).clean_output(value) == value


def test_the_headers_of_a_session_are_masked_in_an_answer() -> None:
    answer = {"status": 200, "headers": {"Set-Cookie": "id=1", "content-type": "text/html"}}

    assert Redactor(()).clean_output(answer)["headers"] == {"Set-Cookie": MASK, "content-type": "text/html"}


@pytest.mark.parametrize("header", ["Bearer production", "staging", "Bearer abc1"])
def test_an_ordinary_word_in_a_header_is_not_masked_elsewhere(header: str) -> None:
    secrets = find_secrets(STEP, {"headers": {"X-Token": header}}, {})

    assert list(secrets) == []


def test_what_holds_no_secret_is_not_copied() -> None:
    value = {"headers": {"Accept": "*"}, "items": [{"a": "b"}, 1]}

    redactor = Redactor(["sk-1234567"])

    assert redactor.clean_input(value) is value
    assert redactor.clean_output(value)["items"] is value["items"]
