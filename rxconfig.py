"""What Reflex needs to know; one build of the pages serves every host, port and scheme."""

import re
from pathlib import Path
from typing import Unpack

import reflex as rx
from reflex_base.plugins.base import PostBuildContext

from app.settings import get_settings

BUILD_HOST = "treadle.invalid"


class SameOrigin(rx.plugins.Plugin):
    """Reflex bakes the server's address into one script; this lets the script ask the page's address instead."""

    def post_build(self, **context: Unpack[PostBuildContext]) -> None:
        """Rewrite that script; fail loudly when a new version of Reflex writes it differently."""
        (script,) = Path(context["static_dir"], "assets").glob("reflex-env-*.js")
        text = script.read_text()
        text = re.sub(rf"""(["'`])http://{BUILD_HOST}""", r"location.origin+\1", text)
        text = re.sub(rf"""(["'`])ws://{BUILD_HOST}""", r'location.origin.replace("http","ws")+\1', text)
        if "location.origin+" not in text or BUILD_HOST in text:
            raise ValueError(f"{script.name} no longer holds the server's address in the form that we know.")
        script.write_text(text)


config = rx.Config(
    app_name="app",
    api_url=f"http://{BUILD_HOST}",
    cors_allowed_origins=sorted(get_settings().origins),
    state_manager_mode=rx.constants.StateManagerMode.MEMORY,  # on disk it would keep cookies in pickles
    trusted_proxy_hops=get_settings().trusted_proxies,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    frontend_compression_formats=["brotli", "gzip"],
    plugins=[SameOrigin()],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
