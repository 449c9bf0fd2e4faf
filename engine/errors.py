"""What can go wrong in the engine, as a tree.

EngineError
├── StepError          a step failed; the message is for the person who built the workflow
│   ├── ExpressionError    an expression, a condition or a Code step failed
│   └── FilesUnavailable   a large value can't be saved or read
├── DefinitionError    a definition can't be read as a workflow
├── LostRace           another process writes this execution's log
└── Unwritable         an event holds what no database takes
"""


class EngineError(Exception):
    """Base of all that the engine raises on purpose."""


class StepError(EngineError):
    """A step failed. `retryable`: trying again later may help; `retry_after`: seconds the service asked for."""

    def __init__(
        self,
        message: str,
        *,
        kind: str = "step_failed",
        field: str | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = str(message)
        self.kind = kind
        self.field = field
        self.retryable = retryable
        self.retry_after = retry_after


class ExpressionError(StepError):
    """What a person wrote could not be evaluated; the message names the place and what is there instead."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message, kind="expression_failed", field=field)


class FilesUnavailable(StepError):
    """A large value can't be saved or read now; trying again may help once somebody has seen to the disk."""

    def __init__(self, message: str) -> None:
        super().__init__(message, kind="files_unavailable", retryable=True)


class DefinitionError(EngineError):
    """The definition can't be read as a workflow; the message says where."""


class LostRace(EngineError):
    """Another process has written to this execution's log: give it up, it is theirs."""


class Unwritable(EngineError):
    """An event holds what no database takes; the execution has to end with this message."""
