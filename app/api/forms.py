"""Signing up, in and out by the pages' plain forms: the browser posts them itself and follows where we send it."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.datastructures import FormData

from app.api.access import ForeignOrigin, RuntimeOf, check_origin, read_token
from app.api.addresses import find_address
from app.api.auth import set_cookie, user_agent
from app.errors import AppError
from app.runtime import Runtime
from app.security import COOKIE
from app.services import accounts

Text = Annotated[str, Form()]
# The pages have the words for these; otherwise the field at fault says most.
CODES = {401: "credentials", 403: "closed", 409: "taken", 429: "limited"}


class FormRoute(APIRoute):
    """A route whose errors go back to the page of its form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_form(request: Request) -> Response:
            try:
                return await handle(request)
            except ForeignOrigin:
                raise
            except AppError as error:
                return _back(self.path, error, await request.form())

        return handle_form


router = APIRouter(
    prefix="/api/auth/forms", include_in_schema=False, dependencies=[Depends(check_origin)], route_class=FormRoute
)


@router.post("/sign-up")
async def sign_up(
    request: Request, rt: RuntimeOf, email: Text = "", password: Text = "", name: Text = "", next: Text = ""
) -> RedirectResponse:
    agent = user_agent(request)
    return _enter(rt, await accounts.sign_up(rt, email=email, password=password, name=name, user_agent=agent), next)


@router.post("/sign-in")
async def sign_in(
    request: Request, rt: RuntimeOf, email: Text = "", password: Text = "", next: Text = ""
) -> RedirectResponse:
    signed_in = await accounts.sign_in(
        rt,
        email=email,
        password=password,
        address=find_address(request, rt.settings.trusted_proxies),
        user_agent=user_agent(request),
    )
    return _enter(rt, signed_in, next)


@router.post("/sign-out")
async def sign_out(request: Request, rt: RuntimeOf) -> RedirectResponse:
    await accounts.sign_out(rt, read_token(request) or "")
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(COOKIE, path="/")
    return response


def _enter(rt: Runtime, signed_in: accounts.SignedIn, next_path: str) -> RedirectResponse:
    response = RedirectResponse(_own_path(next_path), status_code=303)
    set_cookie(response, signed_in, rt.settings)
    return response


def _own_path(path: str) -> str:
    """A path of ours: a browser reads `//host` and `/\\host` as another site."""
    is_ours = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if is_ours else "/workflows"


def _back(path: str, error: AppError, form: FormData) -> RedirectResponse:
    page = "/register" if path.endswith("sign-up") else "/login"
    field = error.details[0]["field"] if error.details else "credentials"
    typed = {name: str(form[name])[:300] for name in ("email", "name") if name in form}
    query = {"error": CODES.get(error.status, field), **typed}
    return RedirectResponse(f"{page}?{urlencode(query, errors='replace')}", status_code=303)
