"""Which way: the condition, true or false and nothing between, and the switch with an end for each case."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from engine.sdk import StepContext, StepError, Taken

DEFAULT = "default"
TAKEN = frozenset({DEFAULT, "error"})  # ends that a switch has besides its cases
EXAMPLE = '[{"name": "large", "when": "value > 100"}]'


async def check_condition(context: StepContext, *, expression: str) -> Taken:
    """Take the end named after the value."""
    value = await context.evaluate(expression, field="expression")
    if not isinstance(value, bool):
        gave = _shown(value)
        raise StepError(
            f"A condition must give true or false, but this gave {gave}: compare it, as in … == {gave}.",
            kind="not_a_bool",
            field="expression",
        )
    return Taken(output={"value": value}, handles=("true" if value else "false",))


async def switch(context: StepContext, *, value: Any, cases: list[dict[str, Any]], mode: str) -> Taken:
    """Take the ends of the cases that apply, or of the first one; with none of them, `default`."""
    for field, message in check_cases({"cases": cases}):
        raise StepError(message, field=field)
    matched = []
    for case in cases:
        if await _applies(context, case, value):
            matched.append(case["name"])
            if mode == "first":
                break
    return Taken(output={"matched": matched}, handles=tuple(matched) or (DEFAULT,))


def ends_of_cases(inputs: Mapping[str, Any]) -> tuple[str, ...]:
    """The ends of a switch; cases without a name have none."""
    cases = inputs.get("cases")
    names = [case.get("name") for case in cases if isinstance(case, dict)] if isinstance(cases, list) else []
    return tuple(dict.fromkeys([*(name for name in names if isinstance(name, str) and name), DEFAULT]))


def check_cases(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the cases, whatever JSON they are."""
    cases = inputs.get("cases")
    if not isinstance(cases, list) or not cases or not all(isinstance(case, dict) for case in cases):
        yield "cases", f"Cases must be a list of names and conditions, such as {EXAMPLE}."
        return
    for place, case in enumerate(cases, 1):
        yield from (("cases", message) for message in _check_case(place, case))
    for name, count in Counter(name for case in cases if isinstance(name := case.get("name"), str)).items():
        if count > 1 and name.strip():
            yield "cases", f"{count} cases are called {name!r}: rename all but one."


def _check_case(place: int, case: Mapping[str, Any]) -> Iterator[str]:
    name, when = case.get("name"), case.get("when")
    if not isinstance(name, str) or not name.strip():
        yield f"Case {place} needs a name."
    elif "{{" in name:
        yield f"Case {place} is called {name!r}, but a name is fixed: write it without {{{{ }}}}."
    elif name in TAKEN:
        yield f"A case can't be called {name!r}: a switch has another end of that name."
    if not isinstance(when, str) or not when.strip():
        yield f'Case {place} needs a condition in "when", such as value > 100.'


async def _applies(context: StepContext, case: Mapping[str, Any], value: Any) -> bool:
    try:
        answer = await context.evaluate(case["when"], field="cases", names={"value": value})
    except StepError as error:
        raise StepError(f"Case {case['name']!r}: {error.message}", kind=error.kind, field="cases") from None
    if not isinstance(answer, bool):
        message = f"Case {case['name']!r} must give true or false, but it gave {_shown(answer)}: compare it."
        raise StepError(message, kind="not_a_bool", field="cases")
    return answer


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:80]
