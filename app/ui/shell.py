"""The frame that the pages stand in: brand, navigation, the person, notices."""

import reflex as rx

from app.guard import MeState
from app.ui.forms import NativeForm
from app.ui.icons import icon, logo
from app.ui.menus import menu, menu_button, menu_item
from app.ui.notices import notices

PAGES = (("Workflows", "/workflows", "workflow"),)


def shell(*children: rx.Component, current: str, on_undo: rx.EventHandler | None = None) -> rx.Component:
    """A page in its frame; `current` is its entry in the navigation."""
    return rx.el.div(
        rx.el.aside(_brand(), _navigation(current), _me(), class_name="sidebar"),
        rx.el.main(*children, class_name="page"),
        notices(on_undo=on_undo),
        class_name="shell",
    )


def page_head(title: str, *children: rx.Component) -> rx.Component:
    """The line at the top of a page: its name, then what one can do there."""
    return rx.el.header(rx.el.h1(title), *children, class_name="page-head")


def _brand() -> rx.Component:
    return rx.el.a(logo(), "Treadle", href="/workflows", class_name="brand")


def _navigation(current: str) -> rx.Component:
    links = [
        rx.el.a(icon(shape), title, href=path, aria_current="page" if title == current else "false")
        for title, path, shape in PAGES
    ]
    return rx.el.nav(*links, class_name="nav", aria_label="Pages")


def _me() -> rx.Component:
    return rx.fragment(
        rx.el.div(
            menu_button(
                "me",
                rx.el.span(MeState.name[:1], class_name="avatar"),
                rx.el.span(MeState.name, class_name="truncate"),
                label="Account",
                class_name="me",
            ),
            class_name="me-place",
        ),
        menu(
            "me",
            rx.el.div(MeState.email, class_name="menu-note"),
            menu_item("me", "Light or dark", "sun-moon", on_click=rx.toggle_color_mode),
            NativeForm.create(
                rx.el.button(icon("log-out"), "Sign out", class_name="menu-item", type="submit"),
                action="/api/auth/forms/sign-out",
                method="post",
            ),
            up=True,
        ),
    )
