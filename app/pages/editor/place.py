"""Where a tab is: each event brings its URL, so this holds even when the server has forgotten the tab."""

import reflex as rx


def workflow_of(state: rx.State) -> str:
    """The id in `/workflows/{id}/edit`; "" elsewhere, since any tab can send any event."""
    parts = state.router.url.path.split("/")
    return parts[2] if parts[1:2] == ["workflows"] and len(parts) > 2 else ""
