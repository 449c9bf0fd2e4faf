"""Sign in and register: the two pages that strangers see; the browser posts their forms itself."""

from typing import Any

import reflex as rx

from app.guard import MeState, open_to_strangers
from app.ui.forms import NativeForm, labelled, text_input
from app.ui.icons import logo

ERRORS = {
    "credentials": "The e-mail or the password is wrong.",
    "taken": "There is already an account with this e-mail.",
    "email": "That isn't an e-mail address. Check it for typing errors.",
    "password": "Choose a password of 8 characters or more.",
    "name": "Say your name, in 100 characters or fewer.",
    "closed": "Registration is by invitation here. Ask your administrator for one.",
    "limited": "Too many attempts. Wait a quarter of an hour and try again.",
}


class GateState(rx.State):
    """What the server said of the last attempt."""

    error: str = ""
    email: str = ""
    name: str = ""
    is_taken: bool = False

    @rx.event
    async def load(self) -> rx.event.EventSpec | None:
        if (await self.get_state(MeState)).user_id:
            return rx.redirect("/workflows", replace=True)
        query = self.router.url.query_parameters
        self.error = ERRORS.get(query.get("error", ""), "")
        self.email, self.name = query.get("email", ""), query.get("name", "")
        self.is_taken = query.get("error") == "taken"
        return None


open_to_strangers(GateState.load)


def login() -> rx.Component:
    """`/login`"""
    return _gate(
        "Sign in to Treadle",
        "sign-in",
        labelled("E-mail", _email_input()),
        labelled("Password", text_input("password", type="password", auto_complete="current-password", required=True)),
        button="Sign in",
        other=("New here?", "Create an account", "/register"),
    )


def register() -> rx.Component:
    """`/register`"""
    return _gate(
        "Create your account",
        "sign-up",
        labelled("Name", _name_input()),
        labelled("E-mail", _email_input()),
        labelled(
            "Password",
            text_input("password", type="password", auto_complete="new-password", required=True, min_length=8),
            help_text="8 characters or more.",
        ),
        button="Create account",
        other=("Already have one?", "Sign in", "/login"),
    )


def _gate(title: str, form: str, *fields: rx.Component, button: str, other: tuple[str, str, str]) -> rx.Component:
    question, link, path = other
    return rx.el.main(
        rx.el.div(
            rx.el.div(logo(), class_name="brand gate-brand"),
            rx.el.h1(title),
            rx.cond(GateState.error != "", _error()),
            NativeForm.create(
                *fields,
                rx.el.button(button, class_name="button primary wide", type="submit"),
                action=f"/api/auth/forms/{form}",
                method="post",
            ),
            rx.el.p(question, " ", rx.el.a(link, href=path, class_name="gate-link"), class_name="muted"),
            class_name="gate-card",
        ),
        class_name="gate",
    )


def _error() -> rx.Component:
    sign_in = rx.el.a("Sign in instead", href="/login", class_name="gate-link")
    return rx.el.p(
        GateState.error, rx.cond(GateState.is_taken, rx.fragment(" ", sign_in)), class_name="gate-error", role="alert"
    )


def _name_input() -> rx.Component:
    return text_input(
        "name",
        auto_complete="name",
        required=True,
        max_length=100,
        auto_focus=True,
        default_value=GateState.name,
        key=GateState.name,
    )


def _email_input(**props: Any) -> rx.Component:
    return text_input(
        "email", type="email", auto_complete="email", required=True, default_value=GateState.email, key=GateState.email
    )
