"""From an empty browser to a workflow that has run, and that is still there after a power cut."""

import re

from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import PASSWORD, OpenPage
from tests.e2e.server import Server

SLOW = "total = 0\nfor number in range(60_000_000):\n    total += 1\ntotal"  # some seconds; ends at its time limit


async def test_register_draw_run_watch_and_survive_a_power_cut(server: Server, open_page: OpenPage) -> None:
    page = await open_page("/register")
    await register(page)
    await page.get_by_role("button", name="New workflow").click()
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
    await page.get_by_role("button", name="New workflow").click()
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


async def add(page: Page, step: str, x: int, y: int) -> None:
    """Drag a step from the palette to a place on the canvas; it is then selected."""
    count = await page.locator(".card").count()
    canvas = page.locator(".canvas-place")
    await page.locator(".palette-item", has_text=step).first.drag_to(canvas, target_position={"x": x, "y": y})
    await expect(page.locator(".card")).to_have_count(count + 1)


async def name(page: Page, label: str) -> None:
    await page.get_by_label("Name of the node").fill(label)
    await page.keyboard.press("Enter")
    await expect(card(page, label)).to_be_visible()


async def fill(page: Page, name: str, text: str) -> None:
    field = page.locator(f"#field-{name}")
    await field.fill(text)
    await field.blur()


async def fill_pair(page: Page, name: str, key: str, value: str) -> None:
    """Add a line to a key-value field."""
    field = page.locator(f"#field-{name}")
    await field.get_by_placeholder("Add a name").fill(key)
    await page.keyboard.press("Enter")
    await field.get_by_label(key, exact=True).fill(value)
    await page.keyboard.press("Enter")


async def connect(page: Page, source: str, target: str, handle: str = "") -> None:
    """Drag from a node's right end to another's left one."""
    count = await page.locator(".react-flow__edge").count()
    ends = page.locator(".react-flow__node", has_text=source).locator(".source")
    end = ends.and_(page.locator(f"[data-handleid='{handle}']")) if handle else ends.first
    await end.drag_to(page.locator(".react-flow__node", has_text=target).locator(".target"))
    await expect(page.locator(".react-flow__edge")).to_have_count(count + 1)


async def open_output(page: Page, label: str) -> None:
    await page.locator(".drawer-column").nth(1).get_by_role("button", name=label).click()


def card(page: Page, label: str) -> Locator:
    return page.locator(".card", has_text=label)
