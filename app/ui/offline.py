"""What the page says while the server can't be reached."""

import reflex as rx
from reflex_components_core.core.banner import has_connection_errors

from app.ui.icons import icon


def offline_banner() -> rx.Component:
    """A quiet line; the page reconnects and catches up by itself."""
    return rx.cond(
        has_connection_errors,
        rx.el.div(icon("wifi-off"), "Reconnecting…", class_name="offline", role="status"),
    )
