"""HTTP Request: what is sent, what is given, and how failures read."""

import json
from typing import Any

import httpx
import pytest

from tests.plugins.conftest import Bench

URL = "https://api.example.com/things"


def answers(**response: Any) -> Any:
    return lambda request: httpx.Response(**{"status_code": 200, **response})


def echo(request: httpx.Request) -> httpx.Response:
    said = {
        "method": request.method,
        "url": str(request.url),
        "type": request.headers.get("content-type"),
        "body": request.content.decode(),
    }
    return httpx.Response(200, json=said)


async def test_json_comes_as_a_value_with_status_headers_and_url(bench: Bench) -> None:
    bench.answer = answers(json={"name": "Ada"}, headers={"X-Id": "7"})

    output = await bench.output("http/request", {"url": URL})

    assert (output["status"], output["body"], output["url"]) == (200, {"name": "Ada"}, URL)
    assert output["headers"]["x-id"] == "7"


@pytest.mark.parametrize(
    ("response", "body"),
    [
        ({"text": "plain"}, "plain"),
        ({"content": b"{oops", "headers": {"content-type": "application/json"}}, "{oops"),
        ({"content": b"[NaN]", "headers": {"content-type": "application/json"}}, "[NaN]"),
        ({"content": b"[" * 100_000, "headers": {"content-type": "application/json"}}, "[" * 100_000),
        ({"content": b"", "headers": {"content-type": "application/json"}}, None),
        ({"content": b'{"a":1}', "headers": {"content-type": "application/problem+json"}}, {"a": 1}),
        ({"content": "ü".encode("latin-1"), "headers": {"content-type": "text/plain; charset=latin-1"}}, "ü"),
        ({"content": b"\xff", "headers": {"content-type": "text/plain; charset=nope"}}, "\ufffd"),
        ({"content": b"\x00\x01", "headers": {"content-type": "image/png"}}, {"base64": "AAE="}),
    ],
)
async def test_a_body_is_given_as_what_it_is(bench: Bench, response: dict[str, Any], body: Any) -> None:
    bench.answer = answers(**response)

    assert (await bench.output("http/request", {"url": URL}))["body"] == body


async def test_the_query_is_added_to_what_the_url_has(bench: Bench) -> None:
    bench.answer = echo

    output = await bench.output("http/request", {"url": f"{URL}?a=1", "query": {"b": "x y", "c": ["{{ 1 + 1 }}", 3]}})

    assert output["body"]["url"] == f"{URL}?a=1&b=x+y&c=2&c=3"


@pytest.mark.parametrize(
    ("inputs", "type_", "body"),
    [
        ({"body": '{"n": {{ n }}, "t": "{{ t }}"}'}, "application/json", {"n": [1], "t": 'a"b'}),
        ({"body": {"n": "{{ n }}"}}, "application/json", {"n": [1]}),
        ({"body": '{"t": "{{ t }}"}', "body_type": "form"}, "application/x-www-form-urlencoded", "t=a%22b"),
        ({"body": "n={{ n }} {{ t }}", "body_type": "text"}, "text/plain; charset=utf-8", 'n=[1] a"b'),
        ({"body": "ignored", "body_type": "none"}, None, ""),
        ({"body": {"a": 1}, "headers": {"Content-Type": "application/ld+json"}}, "application/ld+json", {"a": 1}),
        ({}, None, ""),
    ],
)
async def test_a_body_is_sent_as_its_type_says(bench: Bench, inputs: dict[str, Any], type_: str, body: Any) -> None:
    bench.answer = echo

    said = (await bench.output("http/request", {"method": "POST", "url": URL, **inputs}, names={"n": [1], "t": 'a"b'}))[
        "body"
    ]

    assert said["type"] == type_
    assert (json.loads(said["body"]) if isinstance(body, dict) else said["body"]) == body


@pytest.mark.parametrize(("status", "retryable"), [(400, False), (404, False), (408, True), (429, True), (503, True)])
async def test_a_bad_status_fails_and_says_whether_a_retry_may_help(bench: Bench, status: int, retryable: bool) -> None:
    bench.answer = answers(status_code=status, text="no\nluck", headers={"Retry-After": "7"})

    error = await bench.error("http/request", {"url": f"{URL}?key=s3cret"})

    assert error["message"].startswith(f"{URL} answered {status} ")
    assert error["message"].endswith(": no luck")
    assert error.get("retryable", False) is retryable
    assert error.get("retry_after") == (7 if retryable else None)


@pytest.mark.parametrize(
    ("page", "end"),
    [
        (
            "<html><head><TITLE lang=en>Down &amp;\n out</TITLE><p>Much more",
            "answered 500 Internal Server Error: Down & out",
        ),
        ("<html><p>Much more", "answered 500 Internal Server Error."),
    ],
)
async def test_of_a_web_page_that_says_no_only_the_title_is_told(bench: Bench, page: str, end: str) -> None:
    bench.answer = answers(status_code=500, html=page)

    assert (await bench.error("http/request", {"url": URL}))["message"].endswith(end)


async def test_a_bad_status_is_given_when_asked_for(bench: Bench) -> None:
    bench.answer = answers(status_code=404)

    assert (await bench.output("http/request", {"url": URL, "fail_on_status": False}))["status"] == 404


@pytest.mark.parametrize("follow", [True, False])
async def test_redirects_are_followed_unless_told_otherwise(bench: Bench, follow: bool) -> None:
    bench.answer = lambda request: (
        httpx.Response(200) if request.url.path == "/end" else httpx.Response(302, headers={"Location": "/end"})
    )

    output = await bench.output("http/request", {"url": URL, "follow_redirects": follow})

    assert output["url"] == ("https://api.example.com/end" if follow else URL)


@pytest.mark.parametrize(
    ("exception", "kind", "words"),
    [
        (httpx.ConnectError("The host x was not found."), "connection", "reached (The host x was not found): check"),
        (httpx.ConnectError(""), "connection", "can't be reached: check the host"),
        (httpx.ConnectTimeout("slow"), "timeout", "in time"),
        (httpx.ReadError("reset"), "connection", "broke"),
        (httpx.TooManyRedirects("loop"), "step_failed", "in a circle"),
        (httpx.LocalProtocolError("Illegal header value"), "step_failed", "Check the headers"),
        (UnicodeError("label too long"), "step_failed", "no name of a host"),
    ],
)
async def test_a_broken_connection_says_what_to_do(bench: Bench, exception: Exception, kind: str, words: str) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise exception

    bench.answer = fail

    error = await bench.error("http/request", {"url": URL})

    assert error["type"] == kind
    assert words in error["message"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "must begin with http:// or https://, or with / for"),
        ("nonsense", "must begin with"),
        ("ftp://x/y", "must begin with"),
        ("file:///etc/passwd", "must begin with"),
        ("ht!tp:\\x", "must begin with"),
        ("//host/x", "must begin with"),
        ("http://", "has no host"),
        ("https:///x", "has no host"),
        ("http://:80/", "has no host"),
        ("http://[::1", "is not a URL"),
        ("http://x:99999999/", "port"),
        ("http://x:0/", "port"),
        ("http://\x07/", "is not a URL"),
    ],
)
async def test_a_bad_url_is_a_clear_error(bench: Bench, url: str, words: str) -> None:
    error = await bench.error("http/request", {"url": url})

    assert error["field"] == "url"
    assert words in error["message"]


@pytest.mark.parametrize("headers", [{"X": "ü"}, {"ü": "x"}, {"X": "a\nb"}, {"X": "{{ 'a\\nb' }}"}])
async def test_a_bad_header_is_a_clear_error(bench: Bench, headers: dict[str, str]) -> None:
    error = await bench.error("http/request", {"url": URL, "headers": headers})

    assert error["field"] == "headers"


async def test_an_answer_that_is_too_large_is_not_read_to_its_end(bench: Bench) -> None:
    bench.answer = answers(content=b"x" * (10 * 1024 * 1024 + 1))

    assert "larger than 10 MB" in (await bench.error("http/request", {"url": URL}))["message"]


@pytest.mark.parametrize("charset", ["idna", "unicode_escape", "punycode", "zlib", "no-such"])
async def test_an_encoding_that_is_none_is_read_as_utf_8(bench: Bench, charset: str) -> None:
    headers = {"content-type": f"text/plain; charset={charset}"}
    bench.answer = lambda request: httpx.Response(200, content=b"\\ud800 x\xff", headers=headers)

    output = await bench.output("http/request", {"url": "https://api.example.com"})

    assert output["body"] == "\\ud800 x\ufffd"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("5", 5), ("9" * 400, 86_400), ("²".encode("latin-1"), None), ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400)],
)
async def test_a_service_may_ask_to_wait_for_a_day_at_most(bench: Bench, value: Any, seconds: float | None) -> None:
    bench.answer = lambda request: httpx.Response(503, headers=[(b"retry-after", value)])

    error = await bench.error("http/request", {"url": "https://api.example.com"})

    assert (error["type"], error.get("retry_after")) == ("http_503", seconds)


async def test_a_body_may_be_an_object_with_expressions(bench: Bench) -> None:
    bench.answer = lambda request: httpx.Response(200, json=json.loads(request.content))
    body = {"name": "{{ lead.name }}", "tags": ["a", "{{ lead.tags }}"]}
    inputs = {"method": "POST", "url": "https://api.example.com", "body": body}

    output = await bench.output("http/request", inputs, names={"lead": {"name": "Ada", "tags": [1]}})

    assert output["body"] == {"name": "Ada", "tags": ["a", [1]]}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("query", "{{ [1] }}", "Query must be an object of names and values, not [1]."),
        ("headers", "{{ 'X-Id: 7' }}", "Headers must be an object of names and values, not X-Id: 7."),
        ("fail_on_status", "{{ 'yes' }}", "must be true or false, not yes."),
        ("follow_redirects", "{{ 1 }}", "must be true or false, not 1."),
    ],
)
async def test_an_expression_that_gives_another_kind_of_value_fails(
    bench: Bench, field: str, value: str, words: str
) -> None:
    error = await bench.error("http/request", {"url": URL, field: value})

    assert error["field"] == field
    assert words in error["message"]


async def test_an_expression_that_gives_null_leaves_the_default(bench: Bench) -> None:
    bench.answer = answers(status_code=404, text="gone")

    error = await bench.error("http/request", {"url": URL, "method": "{{ None }}", "fail_on_status": "{{ None }}"})

    assert error["type"] == "http_404"
