"""Steps that wait: for a moment, for a decision, for a request. Nothing is held while they do."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.sdk import Answer, StepContext, StepError, Taken, Wait

DAYS = 365
LONGEST = DAYS * 86_400  # seconds
SHORTEST = 0.001
MAX_APPROVERS = 100
_E_MAIL = re.compile(r"[^@\s]+@[^@\s]+")


async def delay(context: StepContext, *, seconds: float | None, until: Any) -> Wait:
    """Wait; a moment that has passed is due at once."""
    for field, message in check_delay({"seconds": seconds, "until": until}):
        raise StepError(message, field=field)
    now = context.now()
    if seconds is not None:
        return Wait(until=now + timedelta(seconds=max(seconds, 0)))
    moment = _read_moment(until)
    if moment > now + timedelta(days=DAYS):
        raise StepError(f"Until must be within {DAYS} days from now.", field="until")
    return Wait(until=max(moment, now).astimezone(UTC))


def check_written_delay(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a delay as it is written; one that is computed may come out negative."""
    yield from check_delay(inputs)
    if isinstance(seconds := inputs.get("seconds"), int | float) and seconds < 0:
        yield "seconds", "Seconds must be a number from 0."


def check_delay(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong unless exactly one of the two is given."""
    given = [name for name in ("seconds", "until") if inputs.get(name) not in (None, "")]
    if not given:
        yield "seconds", "Say how long to wait: give Seconds or Until."
    elif len(given) > 1:
        yield "until", "Give Seconds or Until, not both."


def end_delay(answer: Answer) -> dict[str, Any]:
    return {"resumed_at": answer.at.isoformat()}


async def ask_approval(context: StepContext, *, message: Any, approvers: Any, timeout: float | None) -> Wait:
    """Wait for the first decision of one of the approvers."""
    asked = _read_approvers(approvers)
    return Wait(
        what="approval",
        until=_deadline(context, timeout),
        approvers=asked,
        shown={"message": message, "approvers": list(asked)},
    )


def end_approval(answer: Answer) -> Taken:
    """Take the end named after the decision."""
    if answer.what == "time":
        output = {"decision": "timeout", "by": None, "comment": None, "at": answer.at.isoformat()}
        return Taken(output=output, handles=("timeout",))
    return Taken(output=answer.value, handles=(answer.value["decision"],))


async def wait_for_webhook(context: StepContext, *, timeout: float | None) -> Wait:
    """Wait for a request to the URL that the log shows."""
    return Wait(what="request", until=_deadline(context, timeout))


def end_wait_for_webhook(answer: Answer) -> Any:
    """Give the request."""
    if answer.what == "time":
        raise StepError("No request came within the time limit.", kind="timeout", retryable=True)
    return answer.value


def _deadline(context: StepContext, timeout: float | None) -> datetime | None:
    return None if timeout is None else context.now() + timedelta(seconds=timeout)


def _read_moment(text: Any) -> datetime:
    """Read ISO 8601; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except (AttributeError, ValueError):
        message = f"Until must be a moment in ISO 8601, such as 2026-12-01T08:00:00Z, not {text!r:.60}."
        raise StepError(message, field="until") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read_approvers(given: Any) -> tuple[str, ...]:
    listed = given.split(",") if isinstance(given, str) else given or []
    if not isinstance(listed, list) or len(listed) > MAX_APPROVERS:
        message = f"Approvers are up to {MAX_APPROVERS} e-mail addresses, with commas between them or as a list."
        raise StepError(message, field="approvers")
    return tuple(dict.fromkeys(_read_email(email) for email in listed if email != ""))


def _read_email(text: Any) -> str:
    email = text.strip().lower() if isinstance(text, str) else ""
    if not _E_MAIL.fullmatch(email):
        raise StepError(f"{text!r:.100} is no e-mail address.", field="approvers")
    return email
