"""Starting, ending and starting again, as a person at a terminal and a browser see it."""

from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.server import Server


async def test_a_stranger_is_led_to_the_sign_in_page(open_page: OpenPage) -> None:
    page = await open_page("/workflows")

    await expect(page).to_have_url("/login")


async def test_a_page_is_served_at_once_compressed_and_protected(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.get("/login", headers={"Accept-Encoding": "br"})

    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "br"
    assert answer.headers["cache-control"] == "no-cache"
    assert "script-src 'self' 'sha256-" in answer.headers["content-security-policy"]


async def test_a_deep_link_answers_200_and_an_unknown_path_404(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        deep = await client.get("/workflows/wf_1/edit")
        unknown = await client.get("/nowhere")

    assert (deep.status_code, unknown.status_code) == (200, 404)


async def test_the_interface_is_documented_without_anything_from_elsewhere(open_page: OpenPage) -> None:
    page = await open_page("/api/docs")

    await expect(page.get_by_role("heading").first).to_be_visible()


async def test_a_signal_ends_the_server_although_a_page_is_open(server: Server, page: Page) -> None:
    assert await server.stop() == 0


async def test_a_page_comes_back_after_the_server_was_killed(server: Server, open_page: OpenPage) -> None:
    page = await open_page("/workflows", as_user="alice")
    await server.kill()
    await server.start()

    await page.reload()

    await expect(page).to_have_url("/workflows")


async def test_a_second_server_on_the_same_port_says_what_to_set(server: Server, tmp_path: Path) -> None:
    second = Server(tmp_path / "other", TREADLE_PORT=str(server.port))

    with pytest.raises(RuntimeError, match="set TREADLE_PORT to a free port"):
        await second.start()


async def test_a_websocket_from_another_site_is_refused(server: Server) -> None:
    handshake = {
        "Origin": "https://elsewhere.example",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.get("/_event/?EIO=4&transport=websocket", headers=handshake)

    assert answer.status_code == 403
