"""What the server writes into its log."""

import logging
import sys

import pytest

from app.server import shorten


def record_of(message: str) -> logging.LogRecord:
    try:
        raise KeyError("s3cret")
    except KeyError:
        return logging.LogRecord("engineio.server", logging.ERROR, "", 1, message, None, sys.exc_info())


@pytest.mark.parametrize(
    "message",
    [
        "message async handler error",
        "Unknown receive error",
        "Error processing event queue entry for Event(payload={'password': 's3cret'}) [txid=1]:",
    ],
)
def test_a_tabs_message_that_cannot_be_read_is_one_line_that_does_not_repeat_it(message: str) -> None:
    record = record_of(message)

    assert shorten(record)
    assert logging.Formatter().format(record) == "A tab sent what can't be read (KeyError)."


def test_other_errors_keep_their_traceback() -> None:
    record = record_of("service task exception")

    assert shorten(record)
    assert "Traceback" in logging.Formatter().format(record)
