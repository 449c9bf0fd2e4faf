"""The errors that a person sees; the rim of the API and the pages turn them into answers and toasts."""

from typing import Any


class AppError(Exception):
    """Base: a code of `API.md`, a message that a person can act on, and details by node and field.

    `retry_after` is in how many seconds another try may help.
    """

    code = "invalid"
    status = 422
    retry_after: int | None = None

    def __init__(self, message: str, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details or []


class Unauthorized(AppError):
    code, status = "unauthorized", 401


class Forbidden(AppError):
    code, status = "forbidden", 403


class NotFound(AppError):
    code, status = "not_found", 404


class Conflict(AppError):
    code, status = "conflict", 409


class Gone(AppError):
    """What was there to be used once, or until a moment, and is over."""

    code, status = "conflict", 410


class Invalid(AppError):
    code, status = "invalid", 422


class InvalidWorkflow(AppError):
    code, status = "invalid_workflow", 422


class TooLarge(AppError):
    code, status = "too_large", 413


class Unavailable(AppError):
    """Something that Treadle needs does not answer now."""

    code, status, retry_after = "internal", 503, 5


class RateLimited(AppError):
    """Too many attempts."""

    code, status = "rate_limited", 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StartError(Exception):
    """Treadle cannot start or build its pages; the message says what to do."""
