"""The contract for plugins: what a step declares, and what it is given when it runs."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, TypedDict

import httpx

from engine.errors import StepError as StepError  # plugins raise it and import nothing else

Kind = Literal[
    "text", "textarea", "number", "boolean", "select", "secret", "json",
    "key-value", "schema", "cron", "code", "expression",
]  # fmt: skip
Binding = Literal["value", "url", "json", "line", "sql", "source"]
NodeType = Literal["trigger", "action", "condition", "group"]
Result = Literal["json", "image", "video", "link", "table"]
WaitsFor = Literal["time", "request", "approval", "execution"]


@dataclass(frozen=True, kw_only=True)
class Option:
    """One choice of a select."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Field:
    """One input of a step's form.

    `binding` says how a `{{ }}` enters the value: `value` keeps the type or becomes text, `url` is
    percent-encoded, `json` becomes a JSON value, `line` may hold no line break, `sql` makes the field a `Query`,
    `source` is Python that the step itself evaluates and so has no braces; `sees` are the names that the step adds
    to it. In a list of objects only the texts under `source_keys` are such Python. Where `allows_text`, JSON may
    also be any text. A number may have a `minimum` and a `maximum`, which belong to what is allowed, or be whole.
    `show_when` and `binding_when` name another field and the value it must have (several: `a|b`).
    """

    name: str
    label: str
    kind: Kind = "text"
    required: bool = False
    default: Any = None
    options: tuple[Option, ...] = ()
    help: str = ""
    placeholder: str = ""
    show_when: tuple[str, str] | None = None
    binding: Binding = "value"
    binding_when: tuple[str, str] | None = None
    sees: tuple[str, ...] = ()
    source_keys: tuple[str, ...] = ()
    allows_text: bool = False
    minimum: float | None = None
    maximum: float | None = None
    is_whole: bool = False


@dataclass(frozen=True, kw_only=True)
class Output:
    """One field of what a step gives."""

    name: str
    description: str


class Evaluate(Protocol):
    """Evaluates Python that a person wrote, with the names that the node sees, and returns its last value.

    `names` are seen besides. With `each` it is evaluated for every entry, as `item` and `index`, in one go, and
    the list of the values is returned.
    """

    async def __call__(
        self,
        source: str,
        *,
        field: str,
        names: Mapping[str, Any] | None = None,
        each: Sequence[Any] | None = None,
        is_code: bool = False,
    ) -> Any: ...


class Query(TypedDict):
    """What a field bound as `sql` becomes: SQL with a name such as `:__1` in place of each value, and the values."""

    text: str
    values: dict[str, Any]


def _refuse_file(path: str) -> Path:
    raise StepError("There are no files here.", kind="no_file")


@dataclass(frozen=True, kw_only=True)
class StepContext:
    """What a step may use besides its inputs.

    `http` obeys the egress policy; `trigger_input` is the execution's input; `idempotency_key` is the
    same for every attempt at this node's iteration; `credentials` are those of the node's connection, None without
    one. `find_address(host, port, database)` gives the address to which a connection other than HTTP may go,
    `find_file(path)` the database file that a path means, and `start_workflow(workflow_id, input)` the id of an
    execution that this one is the parent of; they raise StepError. `timeout` is the node's, in seconds.
    """

    http: httpx.AsyncClient
    idempotency_key: str
    evaluate: Evaluate
    now: Callable[[], datetime]
    find_address: Callable[[str, int, str], Awaitable[str]]
    start_workflow: Callable[[str, Any], Awaitable[str]]
    find_file: Callable[[str], Path] = _refuse_file
    timeout: float = 60
    trigger_input: Any = None
    credentials: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a step returns that chooses among its handles."""

    output: Any
    handles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Loop:
    """What the step of a group returns: run the body for each of `items`, or again until an expression is true.

    `until` is Python without braces; it is evaluated after each iteration and sees the body's outputs and `index`.
    """

    items: Sequence[Any] | None = None
    concurrency: int = 1
    until: str | None = None
    max_iterations: int = 1


@dataclass(frozen=True, kw_only=True)
class Wait:
    """What a step returns that can't be done yet: nothing is held meanwhile, and `Step.resume` gives the outcome.

    It ends at `until`, or when what it is for comes: a `request` to the URL that this wait is given, an `approval` by
    one of `approvers` (e-mail addresses; none: the workflow's owner), or the end of the `execution` named `child`.
    `shown` is what the log shows meanwhile.
    """

    what: WaitsFor = "time"
    until: datetime | None = None
    approvers: tuple[str, ...] = ()
    child: str | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a wait ended: with `time` its `until` came. `value` is the request, the decision, or the ended execution.

    A request is `{method, path, query, headers, body}`, a decision `{decision, by, comment, at}`, an execution
    `{id, status, result, error}`.
    """

    what: WaitsFor
    at: datetime
    value: Any = None


@dataclass(frozen=True, kw_only=True)
class Stop:
    """What a step returns that ends the whole execution; `message` is its error when it failed."""

    status: Literal["succeeded", "failed"] = "succeeded"
    result: Any = None
    message: str = ""


StepFunction = Callable[..., Awaitable[Any]]
TestFunction = Callable[[StepContext], Awaitable[str]]
ResumeFunction = Callable[[Answer], Any]  # it gives an output or Taken, or raises StepError
CheckFunction = Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]]  # of (field, message)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One action of a plugin. `handles` are the named ends of its edges; none: one plain edge.

    `resume` belongs to a step that returns Wait. `handles_of` names all ends where they depend on the node's inputs;
    `check` tells what is wrong with inputs that its fields alone let pass. Both get the inputs of a draft, which may
    be any JSON, and before their `{{ }}` are filled in.
    """

    name: str
    label: str
    description: str
    run: StepFunction
    fields: tuple[Field, ...] = ()
    outputs: tuple[Output, ...] = ()
    result: Result = "json"
    node_type: NodeType = "action"
    handles: tuple[str, ...] = ()
    handles_of: Callable[[Mapping[str, Any]], tuple[str, ...]] | None = None
    check: CheckFunction | None = None
    resume: ResumeFunction | None = None
    credentials: tuple[Field, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A service, or a family of built-in steps; its folder holds `icon.svg`, too.

    `test` tries a connection's credentials and says what it found; it raises StepError when they don't serve.
    """

    name: str
    display_name: str
    description: str
    steps: tuple[Step, ...]
    credentials: tuple[Field, ...] = ()
    test: TestFunction | None = None


def step(run: StepFunction, *, name: str, label: str, description: str, **rest: Any) -> Step:
    """Make a Step; raise TypeError when the form's fields and the function's keywords differ."""
    made = Step(run=run, name=name, label=label, description=description, **rest)
    keywords = {p.name for p in inspect.signature(run).parameters.values() if p.kind is p.KEYWORD_ONLY}
    if keywords != (asked := {field.name for field in made.fields}):
        raise TypeError(f"{name}: the form and the function differ in {sorted(keywords ^ asked)}")
    return made


def steps_by_action(plugins: Iterable[Plugin]) -> dict[str, Step]:
    """Map `plugin/step` to its step: all that the engine knows of plugins."""
    return {
        f"{plugin.name}/{step.name}": replace(step, credentials=plugin.credentials)
        for plugin in plugins
        for step in plugin.steps
    }
