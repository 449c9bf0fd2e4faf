"""The style sheets, in the order in which they apply."""

import reflex as rx

NAMES = ("tokens", "base", "shell", "editor")
STYLESHEETS = [rx.asset(f"{name}.css", shared=True).partition("?")[0] for name in NAMES]
