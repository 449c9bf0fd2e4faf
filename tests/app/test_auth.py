"""Accounts over the REST interface."""

import json
import re

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.models import Session, User
from app.runtime import Runtime
from app.services import accounts
from tests.app.conftest import PASSWORD, Browse, Clock, Register

SIGN_UP = {"email": "Alice@example.com", "password": PASSWORD, "name": "Alice"}
SIGN_IN = {"email": "alice@example.com", "password": PASSWORD}


async def test_signing_up_signs_in_with_a_cookie_that_scripts_cannot_read(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.post("/api/auth/sign-up", json=SIGN_UP)

    assert answer.status_code == 201
    assert answer.json()["user"]["is_admin"] is True
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Path=/"))
    assert "Secure" not in cookie
    assert "Max-Age=34560000" in cookie  # longer than the session, which slides where no cookie can be set again
    assert (await stranger.get("/api/auth/session")).json()["user"]["email"] == "Alice@example.com"


async def test_the_database_keeps_neither_password_nor_token(alice: httpx.AsyncClient, rt: Runtime) -> None:
    async with rt.database.read() as session:
        user = (await session.exec(select(User))).one()
        kept = (await session.exec(select(Session))).one()

    assert user.password_hash.startswith("$argon2id$")
    assert alice.cookies["treadle_session"] not in kept.model_dump_json()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("email", "alice", "name@example.com"),
        ("email", "alice\0@example.com", "name@example.com"),
        ("password", "short", "at least 8"),
        ("password", "x" * 1001, "at most 1,000"),
        ("password", "half \ud800 a character", "can't be used"),
        ("name", "  ", "required"),
        ("name", "Al\0ice", "can't be saved"),
        ("name", "x" * 101, "at most 100"),
        ("name", 7, "must be text"),
    ],
)
async def test_a_bad_field_is_named(stranger: httpx.AsyncClient, field: str, value: object, message: str) -> None:
    body = json.dumps(SIGN_UP | {field: value})
    answer = await stranger.post("/api/auth/sign-up", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert answer.json()["error"]["details"][0]["field"] == field
    assert message in answer.json()["error"]["message"]


async def test_a_taken_email_is_refused_in_whatever_case(alice: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    answer = await stranger.post("/api/auth/sign-up", json=SIGN_UP | {"email": "ALICE@example.com"})

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "conflict"


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("Ünal@example.com", "ünal@example.com"),
        ("jo@xn--mnchen-3ya.de", "Jo@MÜNCHEN.de"),
        ("jo@münchen.de", " jo@xn--mnchen-3ya.de "),
        ("stra\u00dfe@example.com", "STRASSE@example.com"),
    ],
)
async def test_an_address_is_the_same_however_it_is_spelled(
    stranger: httpx.AsyncClient, written: str, spelled: str
) -> None:
    await stranger.post("/api/auth/sign-up", json=SIGN_UP | {"email": written})
    again = await stranger.post("/api/auth/sign-up", json=SIGN_UP | {"email": spelled})
    entered = await stranger.post("/api/auth/sign-in", json=SIGN_IN | {"email": spelled})

    assert (again.status_code, entered.status_code) == (409, 200)


async def test_a_wrong_password_and_an_unknown_email_get_the_same_answer(
    alice: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    wrong = await stranger.post("/api/auth/sign-in", json=SIGN_IN | {"password": "wrong"})
    unknown = await stranger.post("/api/auth/sign-in", json=SIGN_IN | {"email": "nobody@example.com"})

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


@pytest.mark.parametrize("password", ["", "Nul\0", "half \ud800", "x" * 50_000])
async def test_a_password_that_nobody_can_have_is_wrong(alice: httpx.AsyncClient, password: str) -> None:
    body = json.dumps(SIGN_IN | {"password": password})
    answer = await alice.post("/api/auth/sign-in", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 401


async def test_ten_failures_close_the_door_for_a_quarter_of_an_hour(
    alice: httpx.AsyncClient, stranger: httpx.AsyncClient, clock: Clock
) -> None:
    for _ in range(10):
        await stranger.post("/api/auth/sign-in", json=SIGN_IN | {"password": "wrong"})
    closed = await stranger.post("/api/auth/sign-in", json=SIGN_IN)
    clock.tick(minutes=16)
    opened = await stranger.post("/api/auth/sign-in", json=SIGN_IN)

    assert closed.status_code == 429
    assert 0 < int(closed.headers["retry-after"]) <= 901
    assert opened.status_code == 200


async def guess_ten_times(browser: httpx.AsyncClient, **headers: str) -> None:
    for number in range(10):
        guess = {"email": f"nobody{number}@example.com", "password": "wrong"}
        await browser.post("/api/auth/sign-in", json=guess, headers=headers)


async def test_a_proxy_that_nobody_told_us_of_locks_nobody_out(
    alice: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    await guess_ten_times(stranger)

    assert (await stranger.post("/api/auth/sign-in", json=SIGN_IN)).status_code == 200


@pytest.mark.parametrize("environment", [{"TREADLE_TRUSTED_PROXIES": "1"}])
async def test_behind_a_proxy_the_one_who_guesses_is_locked_out(
    alice: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    guesser, other = {"X-Forwarded-For": "198.51.100.1"}, {"X-Forwarded-For": "198.51.100.2"}
    await guess_ten_times(stranger, **guesser)
    answers = [await stranger.post("/api/auth/sign-in", json=SIGN_IN, headers=sender) for sender in (guesser, other)]

    assert [answer.status_code for answer in answers] == [429, 200]


async def test_a_new_password_opens_the_door_again_even_when_another_process_set_it(
    alice: httpx.AsyncClient, stranger: httpx.AsyncClient, rt: Runtime
) -> None:
    for _ in range(11):
        answer = await stranger.post("/api/auth/sign-in", json=SIGN_IN | {"password": "wrong"})
    await accounts.reset_password(rt, email="alice@example.com", password="another one")
    opened = await stranger.post("/api/auth/sign-in", json=SIGN_IN | {"password": "another one"})

    assert (answer.status_code, opened.status_code) == (429, 200)


async def test_signing_in_often_is_no_failure(alice: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    answers = [await stranger.post("/api/auth/sign-in", json=SIGN_IN) for _ in range(12)]

    assert {answer.status_code for answer in answers} == {200}


async def test_signing_out_ends_the_session_for_good(alice: httpx.AsyncClient) -> None:
    cookie = alice.cookies["treadle_session"]
    answer = await alice.post("/api/auth/sign-out")
    alice.cookies.set("treadle_session", cookie)

    assert answer.status_code == 204
    assert (await alice.get("/api/auth/session")).status_code == 401


async def test_a_session_lives_thirty_days_after_it_was_last_used(alice: httpx.AsyncClient, clock: Clock) -> None:
    clock.tick(days=29)
    used = await alice.get("/api/auth/session")
    clock.tick(days=29)
    used_again = await alice.get("/api/auth/session")
    clock.tick(days=31)
    too_late = await alice.get("/api/auth/session")

    assert [used.status_code, used_again.status_code, too_late.status_code] == [200, 200, 401]


async def test_sessions_that_have_expired_are_removed(alice: httpx.AsyncClient, rt: Runtime, clock: Clock) -> None:
    clock.tick(days=31)
    user = (await accounts.sign_in(rt, email="alice@example.com", password=PASSWORD)).user
    await accounts.remove_expired_sessions(rt)

    async with rt.database.read() as session:
        (kept,) = (await session.exec(select(Session).where(Session.user_id == user.id))).all()
    assert kept.expires_at > clock.now


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
async def test_a_write_from_another_sites_page_is_refused(alice: httpx.AsyncClient, origin: str | None) -> None:
    del alice.headers["Origin"]
    answer = await alice.post("/api/auth/sign-out", headers={"Origin": origin} if origin else {})

    assert answer.status_code == 403
    assert (await alice.get("/api/auth/session")).status_code == 200


async def test_another_name_of_this_machine_is_no_other_site(rt: Runtime, alice: httpx.AsyncClient) -> None:
    origin = f"http://localhost:{rt.settings.port}"
    answer = await alice.post("/api/auth/sign-out", headers={"Origin": origin})

    assert answer.status_code == 204


@pytest.mark.parametrize("environment", [{"TREADLE_SIGN_UP": "invite"}])
async def test_only_the_first_may_register_where_registration_is_by_invitation(
    register: Register, browse: Browse
) -> None:
    await register("alice")
    answer = await browse().post("/api/auth/sign-up", json=SIGN_UP | {"email": "bob@example.com"})

    assert answer.status_code == 403
    assert "administrator" in answer.json()["error"]["message"]


@pytest.mark.parametrize("environment", [{"TREADLE_SIGN_UP": "invite"}])
async def test_no_password_is_hashed_where_registration_is_closed(
    register: Register, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register("alice")
    monkeypatch.setattr(accounts, "hash_password", None)
    answer = await browse().post("/api/auth/sign-up", json=SIGN_UP | {"email": "bob@example.com"})

    assert answer.status_code == 403


async def test_the_form_enters_by_redirect(alice: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    answer = await stranger.post("/api/auth/forms/sign-in", data=SIGN_IN | {"next": "/workflows/wf_1/edit"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/workflows/wf_1/edit")
    assert "HttpOnly" in answer.headers["set-cookie"]


@pytest.mark.parametrize("path", ["https://evil.example", "//evil.example", "/\\evil.example", "/a\nb", "evil"])
async def test_the_form_leads_nowhere_else(alice: httpx.AsyncClient, stranger: httpx.AsyncClient, path: str) -> None:
    answer = await stranger.post("/api/auth/forms/sign-in", data=SIGN_IN | {"next": path})

    assert answer.headers["location"] == "/workflows"


@pytest.mark.parametrize(
    ("form", "change", "location"),
    [
        ("sign-in", {"password": "wrong"}, "/login?error=credentials&email=alice%40example.com"),
        ("sign-in", {"email": "a\0"}, "/login?error=credentials&email=a%00"),
        ("sign-up", {"name": "A"}, "/register?error=taken&email=alice%40example.com&name=A"),
        ("sign-up", {"password": "short"}, "/register?error=name&email=alice%40example.com"),
    ],
)
async def test_a_failed_form_goes_back_to_its_page(
    alice: httpx.AsyncClient, stranger: httpx.AsyncClient, form: str, change: dict[str, str], location: str
) -> None:
    answer = await stranger.post(f"/api/auth/forms/{form}", data=SIGN_IN | change)

    assert (answer.status_code, answer.headers["location"]) == (303, location)
    assert "set-cookie" not in answer.headers


async def test_a_form_of_another_site_is_refused(alice: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    answer = await stranger.post("/api/auth/forms/sign-in", data=SIGN_IN, headers={"Origin": "https://evil.example"})

    assert answer.status_code == 403


async def test_it_is_ready_when_the_database_answers(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/api/health")).json() == {"status": "ok"}
    assert (await stranger.get("/api/ready")).json() == {"status": "ok"}


OPEN_TO_STRANGERS = {
    "/api/auth/sign-up",
    "/api/auth/sign-in",
    "/api/health",
    "/api/ready",
    "/api/resume/{token}",
    "/api/integrations/{plugin}/icon.svg",
    "/api/integrations/{plugin}/{step}.svg",
}


async def test_everything_else_is_closed_to_strangers(api: FastAPI, stranger: httpx.AsyncClient) -> None:
    calls = [(method, path) for path, methods in api.openapi()["paths"].items() for method in methods]
    answers = [(path, await stranger.request(method, re.sub(r"{.*?}", "x", path))) for method, path in calls]

    assert {path for path, answer in answers if answer.status_code != 401} == OPEN_TO_STRANGERS


async def test_a_new_password_ends_all_sessions(
    rt: Runtime, alice: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    await accounts.reset_password(rt, email="ALICE@example.com", password="another good one")
    old = await stranger.post("/api/auth/sign-in", json=SIGN_IN)
    new = await stranger.post("/api/auth/sign-in", json=SIGN_IN | {"password": "another good one"})

    assert (await alice.get("/api/auth/session")).status_code == 401
    assert (old.status_code, new.status_code) == (401, 200)


@pytest.mark.parametrize("environment", [{"TREADLE_PUBLIC_URL": "https://treadle.example.com"}])
async def test_behind_tls_the_cookie_is_only_sent_over_tls(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.post("/api/auth/sign-up", json=SIGN_UP)

    assert "Secure" in answer.headers["set-cookie"]
