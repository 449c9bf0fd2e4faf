"""E-mail addresses: what counts as one, and when two spellings are the same."""

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from app.services.values import invalid_field

MAX_LENGTH = 254


def check_email(text: str) -> str:
    """Return the address as it is to be kept; raise Invalid when it can't be one."""
    if (address := _read(text)) is None:
        raise invalid_field("email", "This is not an e-mail address. Write it like name@example.com.")
    return address.normalized


def normalize_email(text: str) -> str | None:
    """Return what all spellings of an address have in common; None for what is no address."""
    if (address := _read(text)) is None:
        return None
    return f"{address.local_part.casefold()}@{address.ascii_domain}"


def _read(text: str) -> ValidatedEmail | None:
    try:
        return validate_email(text.strip()[: MAX_LENGTH + 1], check_deliverability=False)
    except EmailNotValidError:
        return None
