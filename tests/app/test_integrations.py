"""What a workflow can be made of, as data and pictures; and the interface's own description."""

import httpx
import pytest


async def test_each_step_says_its_fields_and_outputs(alice: httpx.AsyncClient) -> None:
    items = (await alice.get("/api/integrations")).json()["items"]
    steps = {step["action"]: step for plugin in items for step in plugin["steps"]}
    url = next(field for field in steps["http/request"]["fields"] if field["name"] == "url")

    assert {"trigger/manual", "http/request", "logic/condition", "data/set-fields", "code/python"} <= steps.keys()
    assert url["required"] is True
    assert url.keys() >= {"name", "label", "kind", "required", "default", "options", "help", "show_when"}
    assert steps["logic/condition"]["handles"] == ["true", "false"]


async def test_every_picture_is_there_for_everybody(alice: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    items = (await alice.get("/api/integrations")).json()["items"]
    pictures = [item["icon_url"] for item in items] + [step["icon_url"] for item in items for step in item["steps"]]
    answers = [await stranger.get(picture) for picture in pictures]

    assert {(answer.status_code, answer.headers["content-type"]) for answer in answers} == {(200, "image/svg+xml")}
    assert all("max-age" in answer.headers["cache-control"] for answer in answers)


@pytest.mark.parametrize(
    "path", ["none/icon.svg", "http/none.svg", "../icon.svg", "http/..%2F..%2Fa.svg", "%2e%2e/icon.svg"]
)
async def test_no_other_file_is_given(stranger: httpx.AsyncClient, path: str) -> None:
    answer = await stranger.get(f"/api/integrations/{path}")

    assert answer.status_code in {401, 404}


async def test_a_stranger_does_not_see_the_list(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/api/integrations")).status_code == 401


async def test_the_interface_describes_itself_without_another_host(stranger: httpx.AsyncClient) -> None:
    openapi = (await stranger.get("/api/openapi.json")).json()
    page = (await stranger.get("/api/docs")).text

    assert all(path in page for path in openapi["paths"])
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
