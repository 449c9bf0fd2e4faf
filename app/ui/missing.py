"""What stands where a page would, and the way back."""

import reflex as rx


def missing(title: str, explanation: str) -> rx.Component:
    """The whole window."""
    return rx.el.main(
        rx.el.h1(title),
        rx.el.p(explanation),
        rx.el.a("All workflows", href="/workflows", class_name="button primary"),
        class_name="empty missing",
    )


def not_found() -> rx.Component:
    """Any address that isn't a page's."""
    return missing("There is no page at this address", "Check it for typing errors, or begin at your workflows.")
