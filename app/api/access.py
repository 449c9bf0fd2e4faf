"""Who is asking: the session's cookie, and from which page it was sent."""

from typing import Annotated

from fastapi import Depends, Request

from app.errors import Forbidden, Unauthorized
from app.models import Session, User
from app.runtime import Runtime, get_runtime
from app.security import read_session_cookie
from app.services import accounts

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
RuntimeOf = Annotated[Runtime, Depends(get_runtime)]


class ForeignOrigin(Forbidden):
    """The request was sent by another site's page."""


def read_token(request: Request) -> str | None:
    """The session's token, if a cookie brought one."""
    return read_session_cookie(request.headers.get("cookie", ""))


async def find_signed_in(request: Request, rt: RuntimeOf) -> tuple[User, Session]:
    """Who is signed in; raise Unauthorized for a stranger, ForeignOrigin for another site's write."""
    found = await accounts.find_session(rt, read_token(request))
    if found is None:
        raise Unauthorized("Sign in first.")
    if request.method not in SAFE_METHODS:
        check_origin(request, rt)
    return found


def check_origin(request: Request, rt: RuntimeOf) -> None:
    """Raise ForeignOrigin unless a page of our own sent this: browsers send the cookie for anybody's."""
    if request.headers.get("origin") not in rt.settings.origins:
        raise ForeignOrigin(
            f"This must come from a page of {rt.settings.origin}, as the Origin header says. "
            "If Treadle has another address, set TREADLE_PUBLIC_URL to it."
        )


def check_origin_if_given(request: Request, rt: RuntimeOf) -> None:
    """The same for requests that need no cookie: programs send no Origin, browsers always do."""
    if "origin" in request.headers:
        check_origin(request, rt)


async def _find_user(found: Annotated[tuple[User, Session], Depends(find_signed_in)]) -> User:
    return found[0]


CurrentSession = Annotated[tuple[User, Session], Depends(find_signed_in)]
CurrentUser = Annotated[User, Depends(_find_user)]
