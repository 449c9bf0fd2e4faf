"""Whatever comes in ends in a documented error, and nothing that was saved is lost."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.api.body import parse_json
from app.runtime import Runtime
from app.services import health
from tests.app.shapes import node, workflow

JSON = {"Content-Type": "application/json"}
MEGABYTE = 1024 * 1024


async def chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * MEGABYTE


async def test_five_megabytes_are_read(alice: httpx.AsyncClient) -> None:
    definition = {"name": "Large", "nodes": [], "edges": [], "notes": "x" * 5 * MEGABYTE}
    answer = await alice.post("/api/workflows", json=definition)

    assert answer.status_code == 201


@pytest.mark.parametrize("path", ["/api/workflows", "/api/auth/sign-in", "/api/nowhere"])
async def test_twelve_megabytes_are_too_large_even_for_strangers(stranger: httpx.AsyncClient, path: str) -> None:
    declared = await stranger.post(path, content=b" " * 12 * MEGABYTE, headers=JSON)
    chunked = await stranger.post(path, content=chunks(12), headers=JSON)

    assert [declared.status_code, chunked.status_code] == [413, 413]
    assert declared.json()["error"]["code"] == chunked.json()["error"]["code"] == "too_large"


async def test_a_stranger_may_send_no_more_than_a_form_needs(
    alice: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    body = b'{"name": "' + b"x" * 100_000 + b'"}'
    strange = await stranger.post("/api/workflows", content=body, headers=JSON)
    hers = await alice.post("/api/workflows", content=body, headers=JSON)
    at_the_gate = await alice.post("/api/auth/sign-in", content=body, headers=JSON)

    assert [strange.status_code, hers.status_code, at_the_gate.status_code] == [413, 422, 413]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"name": \xff}',
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": NaN}',
        b'{"name": -Infinity}',
        b'{"name": 1e999}',
        b"9" * 5000,
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * 300 + b"]" * 300,
    ],
    ids=range(11),
)
async def test_an_unreadable_body_is_a_bad_request(alice: httpx.AsyncClient, body: bytes) -> None:
    answer = await alice.post("/api/workflows", content=body, headers=JSON)

    assert answer.status_code == (400 if body else 422)
    assert answer.json()["error"]["code"] == "invalid"


@pytest.mark.parametrize("text", ['"Nul \\u0000"', '"half \\ud800"', '{"\\u0000": 1}'])
async def test_text_that_cannot_be_saved_is_refused(alice: httpx.AsyncClient, text: str) -> None:
    body = f'{{"name": "A", "nodes": [], "edges": [], "notes": {text}}}'
    answer = await alice.post("/api/workflows", content=body, headers=JSON)

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"rev": 1}, 422),
        ({"rev": "one", "ops": []}, 422),
        ({"rev": 1, "ops": {}}, 422),
        ({"rev": 1, "ops": [7]}, 422),
        ({"rev": 99, "ops": []}, 409),
        ({"rev": 0, "ops": [{"op": "unknown"}, {}, {"op": "remove_node", "id": []}]}, 200),
    ],
)
async def test_junk_ops_change_nothing(alice: httpx.AsyncClient, body: Any, status: int) -> None:
    made = (await alice.post("/api/workflows", json={"name": "A", "nodes": [], "edges": []})).json()
    answer = await alice.post(f"/api/workflows/{made['id']}/ops", json=body)

    assert answer.status_code == status
    assert (await alice.get(f"/api/workflows/{made['id']}")).json()["rev"] == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("POST", "/api/auth/sign-in", {"password": "x"}, "email is missing."),
        ("POST", "/api/auth/sign-in", [], "The body must be an object."),
        ("POST", "/api/auth/sign-in", None, "The body is missing."),
        ("POST", "/api/auth/sign-in", {"email": 7, "password": "x"}, "email must be text."),
        ("POST", "/api/workflows/x/ops", {"rev": 1, "ops": {}}, "ops must be a list."),
        ("POST", "/api/workflows/x/ops", {"rev": 1, "ops": [7]}, "ops.0 must be an object."),
        ("POST", "/api/workflows/x/ops", {"rev": 1.5, "ops": []}, "rev must be a whole number."),
        ("POST", "/api/workflows/x/execute", {"input": 1}, "input must be an object."),
        ("GET", "/api/workflows?limit=0", None, "limit must be at least 1."),
        ("GET", "/api/workflows?limit=many", None, "limit must be a whole number."),
        ("GET", "/api/executions?status=odd", None, "status must be 'pending', "),
        ("GET", "/api/executions?since=odd", None, "since must be a moment such as 2026-12-01T08:00:00Z."),
    ],
)
async def test_a_misfit_is_said_in_our_words(
    alice: httpx.AsyncClient, method: str, path: str, body: Any, message: str
) -> None:
    answer = await alice.request(method, path, json=body, headers=JSON)

    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith(f"The request doesn't fit: {message}")


async def test_a_number_that_is_too_long_is_refused_in_our_words(alice: httpx.AsyncClient) -> None:
    answer = await alice.post("/api/workflows", content=b"9" * 5000, headers=JSON)

    assert answer.json()["error"]["message"] == "The body holds a whole number of more than 300 digits."


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nowhere", 404),
        ("GET", "/api/", 404),
        ("GET", "/api/workflows/%00", 404),
        ("GET", "/api/workflows/wf_%ff", 404),
        ("DELETE", "/api/auth/session", 405),
        ("PUT", "/api/workflows", 405),
    ],
)
async def test_a_wrong_address_has_the_shape_of_every_error(
    alice: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await alice.request(method, path)

    assert answer.status_code == status
    assert answer.json()["error"].keys() == {"code", "message", "details"}
    assert ("allow" in answer.headers) == (status == 405)


async def test_a_cookie_of_no_session_is_a_stranger(stranger: httpx.AsyncClient) -> None:
    cookies = ["", "treadle_session", "treadle_session=", "treadle_session=%00; =;;", "treadle_session=" + "x" * 9000]
    answers = [await stranger.get("/api/auth/session", headers={"Cookie": cookie}) for cookie in cookies]

    assert {answer.status_code for answer in answers} == {401}


async def test_our_own_bug_tells_a_number_and_nothing_else(
    stranger: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_rt: Runtime) -> None:
        raise ZeroDivisionError("token=secret")

    monkeypatch.setattr(health, "check_ready", fail)
    answer = await stranger.get("/api/ready")

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert error["message"].split()[-1].rstrip(".") in caplog.text


def test_json_is_read_as_the_standard_has_it() -> None:
    assert parse_json('{"a": [1, 2.5, null, "ü"]}'.encode()) == {"a": [1, 2.5, None, "ü"]}


async def test_a_workflow_that_grew_too_large_to_edit_is_refused_in_words(alice: httpx.AsyncClient) -> None:
    code = "x = 1\n" * 1_250_000
    answer = await alice.post("/api/workflows", json=workflow(node("big", "code/python", code=code)))

    assert answer.status_code == 422
    assert "larger than 8 MiB" in answer.json()["error"]["message"]
