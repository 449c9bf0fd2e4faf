"""Signing up, in and out by JSON."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from app.api.access import CurrentSession, RuntimeOf, check_origin_if_given, read_token
from app.api.addresses import find_address
from app.api.body import JsonRoute
from app.models import User
from app.security import COOKIE
from app.services import accounts
from app.services.accounts import SignedIn
from app.settings import Settings

router = APIRouter(prefix="/api/auth", tags=["Accounts"], route_class=JsonRoute)
COOKIE_LIFE = 400 * 24 * 3600  # seconds; the session ends earlier, but slides where no cookie can be set again
NoForeignPage = Depends(check_origin_if_given)


# The services check these, in words of their own; programs read them here.
Email = Annotated[str, Field(json_schema_extra={"format": "email"})]
NewPassword = Annotated[str, Field(json_schema_extra={"minLength": 8, "maxLength": 1000})]
Name = Annotated[str, Field(json_schema_extra={"minLength": 1, "maxLength": 100})]


class SignUp(BaseModel):
    email: Email
    password: NewPassword
    name: Name


class SignIn(BaseModel):
    email: str
    password: str


class UserOut(BaseModel):
    id: str
    email: str
    name: str
    is_admin: bool
    created_at: datetime


class UserAnswer(BaseModel):
    user: UserOut


class SessionAnswer(UserAnswer):
    expires_at: datetime


@router.post("/sign-up", status_code=201, summary="Register, and sign in", dependencies=[NoForeignPage])
async def sign_up(body: SignUp, request: Request, response: Response, rt: RuntimeOf) -> UserAnswer:
    signed_in = await accounts.sign_up(
        rt, email=body.email, password=body.password, name=body.name, user_agent=user_agent(request)
    )
    set_cookie(response, signed_in, rt.settings)
    return UserAnswer(user=describe_user(signed_in.user))


@router.post("/sign-in", summary="Sign in", dependencies=[NoForeignPage])
async def sign_in(body: SignIn, request: Request, response: Response, rt: RuntimeOf) -> UserAnswer:
    signed_in = await accounts.sign_in(
        rt,
        email=body.email,
        password=body.password,
        address=find_address(request, rt.settings.trusted_proxies),
        user_agent=user_agent(request),
    )
    set_cookie(response, signed_in, rt.settings)
    return UserAnswer(user=describe_user(signed_in.user))


@router.post("/sign-out", status_code=204, summary="Sign out")
async def sign_out(request: Request, response: Response, rt: RuntimeOf, _session: CurrentSession) -> None:
    await accounts.sign_out(rt, read_token(request) or "")
    response.delete_cookie(COOKIE, path="/")


@router.get("/session", summary="Who is signed in")
async def session(current: CurrentSession) -> SessionAnswer:
    user, opened = current
    return SessionAnswer(user=describe_user(user), expires_at=opened.expires_at)


def set_cookie(response: Response, signed_in: SignedIn, settings: Settings) -> None:
    """Hand the session's token to the browser, out of the reach of scripts."""
    response.set_cookie(
        COOKIE,
        signed_in.token,
        max_age=COOKIE_LIFE,
        path="/",
        secure=settings.is_https,
        httponly=True,
        samesite="lax",
    )


def describe_user(user: User) -> UserOut:
    """A user as the interface shows them."""
    return UserOut.model_validate(user, from_attributes=True)


def user_agent(request: Request) -> str:
    return request.headers.get("user-agent", "")
