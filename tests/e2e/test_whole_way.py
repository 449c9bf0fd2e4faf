"""From an empty browser to a workflow that has run, and that is still there after a power cut."""

import re

from playwright.async_api import Page, expect

from tests.e2e.conftest import PASSWORD, OpenPage
from tests.e2e.drawing import add, begin, connect, fill, fill_pair, name, open_output
from tests.e2e.server import Server

SLOW = "total = 0\nfor number in range(60_000_000):\n    total += 1\ntotal"  # some seconds; ends at its time limit


async def test_register_draw_run_watch_and_survive_a_power_cut(server: Server, open_page: OpenPage) -> None:
    page = await open_page("/register")
    await register(page)
    await begin(page)
    await draw(page)

    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.locator(".card.succeeded")).to_have_count(5)
    await expect(page.locator(".card.skipped")).to_have_count(1)
    await open_output(page, "Join")
    await expect(page.get_by_label("Output", exact=True)).to_contain_text("big and checked")

    editor = page.url
    await server.kill()
    await server.start()
    await page.goto(editor)
    await expect(page.locator(".card.succeeded")).to_have_count(5)
    await page.get_by_role("button", name="Executions").click()
    await open_output(page, "Join")
    await expect(page.get_by_label("Output", exact=True)).to_contain_text("big and checked")


async def test_an_execution_in_flight_ends_after_a_power_cut(server: Server, open_page: OpenPage) -> None:
    page = await open_page("/workflows", as_user="alice")
    await begin(page)
    await add(page, "Python", 400, 120)
    await fill(page, "code", SLOW)
    await connect(page, "Start", "Python")
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.locator(".card.running")).to_have_count(1)

    await server.kill()
    await server.start()

    await expect(page.locator(".card.running, .card.pending")).to_have_count(0, timeout=30_000)
    await page.get_by_role("button", name="Executions").first.click()
    await expect(page.get_by_text("attempt 2")).to_be_visible()


async def register(page: Page) -> None:
    await page.get_by_label("Name").fill("Ada Lovelace")
    await page.get_by_label("E-mail").fill("ada@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await expect(page).to_have_url(re.compile("/workflows$"))


async def draw(page: Page) -> None:
    """Six nodes: a trigger, a condition with two ends, a branch beside it, and a join of all."""
    await add(page, "Condition", 420, 120)
    await fill(page, "expression", "2 > 1")
    await add(page, "Set fields", 760, 60)
    await name(page, "Big")
    await fill_pair(page, "fields", "said", "big")
    await add(page, "Set fields", 760, 180)
    await name(page, "Small")
    await fill_pair(page, "fields", "said", "small")
    await add(page, "Set fields", 420, 300)
    await name(page, "Checked")
    await fill_pair(page, "fields", "said", "checked")
    await add(page, "Python", 760, 340)
    await name(page, "Join")
    await fill(page, "code", "'big and checked' if small is None else 'small'")
    await connect(page, "Start", "Condition")
    await connect(page, "Start", "Checked")
    await connect(page, "Condition", "Big", handle="true")
    await connect(page, "Condition", "Small", handle="false")
    for source in ("Big", "Small", "Checked"):
        await connect(page, source, "Join")
    await expect(page.locator(".react-flow__edge")).to_have_count(7)
