"""The rim: whatever was raised leaves as the one error shape of the interface."""

import logging
import secrets
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import AppError, Unavailable
from app.services.health import NO_DATABASE, OUTAGES

logger = logging.getLogger(__name__)
HTTP_ERRORS = {
    400: ("invalid", "The request can't be read. Check its body and its headers."),
    404: ("not_found", "There is nothing at this address."),
    405: ("invalid", "This address does not know this method."),
}
# What pydantic found, in our words; the values in braces are from its context.
MISFITS = {
    "missing": "is missing",
    "dict_type": "must be an object",
    "model_attributes_type": "must be an object",
    "list_type": "must be a list",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
}
A_MOMENT = "must be a moment such as 2026-12-01T08:00:00Z"


class ErrorDetail(BaseModel):
    node: str | None
    field: str | None
    message: str


class ErrorBody(BaseModel):
    code: str
    message: str
    details: list[ErrorDetail]


class ErrorAnswer(BaseModel):
    """What every error looks like."""

    error: ErrorBody


def add_error_handlers(api: FastAPI) -> None:
    """Turn every exception of the routes into an answer."""
    api.add_exception_handler(AppError, _answer_app_error)
    api.add_exception_handler(RequestValidationError, _answer_validation_error)
    api.add_exception_handler(HTTPException, _answer_http_error)
    for outage in OUTAGES:
        api.add_exception_handler(outage, _answer_outage)


def error_response(
    status: int,
    code: str,
    message: str,
    *,
    details: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """The one shape of an error."""
    body = {"error": {"code": code, "message": message, "details": details or []}}
    return JSONResponse(body, status_code=status, headers=headers)


class InternalErrors:
    """Answers for our own bugs: a reference number for the person, the traceback for the log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_started = False

        async def note_start(message: Message) -> None:
            nonlocal has_started
            has_started = has_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, note_start)
        except Exception:
            if has_started or scope["type"] != "http":
                raise
            reference = secrets.token_hex(4)
            logger.exception("Internal error %s at %s %s", reference, scope["method"], scope["path"])
            message = f"Something went wrong on our side. Tell your administrator the number {reference}."
            await error_response(500, "internal", message)(scope, receive, send)


async def _answer_app_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, AppError)
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else None
    return error_response(error.status, error.code, error.message, details=error.details, headers=headers)


async def _answer_outage(request: Request, error: Exception) -> JSONResponse:
    reason, _, _ = str(getattr(error, "orig", error)).partition("\n")
    logger.error("The database does not answer: %s", reason)
    return await _answer_app_error(request, Unavailable(NO_DATABASE))


async def _answer_validation_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    details = [_describe(problem) for problem in error.errors()]
    return error_response(422, "invalid", f"The request doesn't fit: {details[0]['message']}", details=details)


async def _answer_http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, AppError):  # FastAPI wraps what is raised while it reads the body
        return await _answer_app_error(_request, error.__cause__)
    code, message = HTTP_ERRORS.get(error.status_code, ("invalid", str(error.detail)))
    return error_response(error.status_code, code, message, headers=dict(error.headers or {}))


def _describe(problem: dict[str, Any]) -> dict[str, Any]:
    """One problem as a person reads it; the input itself is not repeated: it may be a password."""
    field = ".".join(str(part) for part in problem["loc"][1:])
    subject = field or f"The {problem['loc'][0]}"
    return {"node": None, "field": field or str(problem["loc"][0]), "message": f"{subject} {_misfit(problem)}."}


def _misfit(problem: dict[str, Any]) -> str:
    type_ = problem["type"]
    default = A_MOMENT if type_.startswith("datetime") else "has a value that doesn't fit"
    return MISFITS.get(type_, default).format_map(problem.get("ctx", {}))
