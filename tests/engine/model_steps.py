"""What the steps of the random workflows give, for the model: plain functions of inputs and names."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Names = Mapping[str, Any]
NO_LUCK = "No luck."


class _Anything:
    """Equal to whatever WORKFLOW.md leaves open, such as the words of a message."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "…"


ANYTHING: Any = _Anything()


@dataclass(eq=False)
class Failure(Exception):
    """A step fails; `nodes` are those that the error may name."""

    type: Any = ANYTHING
    message: Any = ANYTHING
    is_retryable: bool = False
    nodes: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Done:
    """What a step gives, and which ends it takes."""

    output: Any
    handles: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Stop:
    """A step ends the execution."""

    status: str
    result: Any
    message: str


def _echo(inputs: Names, names: Names) -> Done:
    return Done(resolve(inputs["value"], names))


def _set_fields(inputs: Names, names: Names) -> Done:
    return Done(resolve(inputs["fields"], names))


def _flaky(inputs: Names, names: Names) -> Done:
    value = resolve(inputs["value"], names)
    if names["execution"]["attempt"] <= inputs["failures"]:
        raise Failure("step_failed", NO_LUCK, is_retryable=True)
    return Done(value)


def _fail(inputs: Names, names: Names) -> Done:
    raise Failure("step_failed", NO_LUCK)


def _reach(inputs: Names, names: Names) -> Done:
    return Done(resolve(inputs["index"], names) >= inputs["last"])


def _condition(inputs: Names, names: Names) -> Done:
    value = check(inputs["expression"], names)
    return Done({"value": value}, ("true" if value else "false",))


def _switch(inputs: Names, names: Names) -> Done:
    value = resolve(inputs["value"], names)
    matched: list[str] = []
    for case in inputs["cases"]:
        if (inputs["mode"] == "all" or not matched) and check(case["when"], {**names, "value": value}):
            matched.append(case["name"])
    return Done({"matched": matched}, tuple(matched) or ("default",))


def _merge(inputs: Names, names: Names) -> Done:
    left, right = resolve(inputs["left"], names), resolve(inputs["right"], names)
    if not isinstance(left, list) or not isinstance(right, list):
        raise Failure
    return Done(left + right)


def _delay(inputs: Names, names: Names) -> Done:
    return Done({"resumed_at": ANYTHING})


def _stop(inputs: Names, names: Names) -> Stop:
    return Stop(inputs["status"], resolve(inputs["result"], names), inputs["message"])


STEPS: dict[str, Callable[[Names, Names], Done | Stop]] = {
    "test/start": lambda _inputs, names: Done(names["trigger"]),
    "test/echo": _echo,
    "test/slow": _echo,
    "test/flaky": _flaky,
    "test/fail": _fail,
    "data/set-fields": _set_fields,
    "test/reach": _reach,
    "logic/condition": _condition,
    "logic/switch": _switch,
    "logic/merge": _merge,
    "flow/delay": _delay,
    "flow/stop": _stop,
}


def resolve(value: Any, names: Names) -> Any:
    """Put into a value, at any depth, what its `{{ path }}` lead to."""
    match value:
        case str() if hole := re.fullmatch(r"{{ (.+) }}", value):
            return walk(hole[1], names)
        case list():
            return [resolve(entry, names) for entry in value]
        case dict():
            return {key: resolve(entry, names) for key, entry in value.items()}
    return value


def check(expression: str, names: Names) -> bool:
    """Evaluate a condition; what isn't a bool fails."""
    value = walk(expression, names)
    if not isinstance(value, bool):
        raise Failure
    return value


def walk(path: str, names: Names) -> Any:
    """Follow `name.field.field`; a field that isn't there fails."""
    value: Any = names
    for field_ in path.split("."):
        if not isinstance(value, Mapping) or field_ not in value:
            raise Failure("expression_failed")
        value = value[field_]
    return value


def ends_of(action: str, inputs: Names) -> tuple[str, ...]:
    """The names of the ends at which the edges of an action begin; none: its plain one."""
    match action:
        case "logic/condition":
            return ("true", "false")
        case "logic/switch":
            return (*(case["name"] for case in inputs["cases"]), "default")
    return ()
