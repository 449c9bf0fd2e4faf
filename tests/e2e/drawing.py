"""What a person does on the canvas, and where things are to be seen on it."""

import re
from typing import Any

from playwright.async_api import Locator, Page, expect

Json = dict[str, Any]


async def begin(page: Page) -> None:
    """Make a new workflow from the list; it has a trigger, Start."""
    await page.get_by_role("button", name="New workflow").first.click()
    await expect(page.locator(".card")).to_have_count(1)


async def create(page: Page, definition: Json) -> str:
    """Save a workflow as the page's user; return its id."""
    done = await page.request.post("/api/workflows", data=definition, headers=_origin(page))
    assert done.ok, await done.text()
    id_: str = (await done.json())["id"]
    return id_


async def open_editor(page: Page, workflow_id: str, *, nodes: int) -> None:
    """Go to the workflow and wait until it is drawn and hears of changes."""
    await page.goto(f"/workflows/{workflow_id}/edit")
    await expect(page.locator(".card")).to_have_count(nodes)
    await expect(page.get_by_label("Name of the workflow")).not_to_have_value("")


async def select(page: Page, label: str) -> None:
    """Click a node; its panel is then open."""
    await card(page, label).click()
    await expect(page.get_by_label("Name of the node")).to_have_value(label)


async def add(page: Page, step: str, x: int, y: int) -> None:
    """Drag a step from the palette to a place on the canvas; it is then selected."""
    count = await page.locator(".card").count()
    canvas = page.locator(".canvas-place")
    await page.locator(".palette-item", has_text=step).first.drag_to(canvas, target_position={"x": x, "y": y})
    await expect(page.locator(".card")).to_have_count(count + 1)
    await expect(page.get_by_label("Name of the node")).to_have_value(re.compile(f"^{step}"))


async def name(page: Page, label: str) -> None:
    await page.get_by_label("Name of the node").fill(label)
    await page.keyboard.press("Enter")
    await expect(card(page, label)).to_be_visible()


async def fill(page: Page, name: str, text: str) -> None:
    await field(page, name).fill(text)
    await field(page, name).blur()


async def fill_pair(page: Page, name: str, key: str, value: str) -> None:
    """Add a line to a key-value field."""
    pairs = field(page, name)
    await pairs.get_by_placeholder("Add a name").fill(key)
    await page.keyboard.press("Enter")
    await pairs.get_by_label(key, exact=True).fill(value)
    await page.keyboard.press("Enter")


async def move(page: Page, label: str, x: int, y: int) -> None:
    """Drag a node by so many pixels, as a hand does."""
    box = await card(page, label).bounding_box()
    assert box
    left, top = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.move(left, top)
    await page.mouse.down()
    await page.mouse.move(left + x, top + y, steps=5)
    await page.mouse.up()


async def connect(page: Page, source: str, target: str, handle: str = "") -> None:
    """Drag from a node's right end to another's left one."""
    count = await page.locator(".react-flow__edge").count()
    ends = page.locator(".react-flow__node", has_text=source).locator(".source")
    end = ends.and_(page.locator(f"[data-handleid='{handle}']")) if handle else ends.first
    await end.drag_to(page.locator(".react-flow__node", has_text=target).locator(".target"))
    await expect(page.locator(".react-flow__edge")).to_have_count(count + 1)


async def open_output(page: Page, label: str) -> None:
    await page.locator(".drawer-column").nth(1).get_by_role("button", name=label).click()
    await expect(page.locator(".detail-head h2")).to_contain_text(label)


def card(page: Page, label: str) -> Locator:
    return page.locator(".card", has_text=label)


def field(page: Page, name: str) -> Locator:
    return page.locator(f"#field-{name}")


def notice(page: Page) -> Locator:
    return page.locator(".notice-text")


def problem_of(page: Page, name: str) -> Locator:
    """What the panel says is wrong with a field."""
    return page.locator(".field", has=field(page, name)).get_by_role("alert")


def _origin(page: Page) -> dict[str, str]:
    scheme, _, host, *_ = page.url.split("/")
    return {"Origin": f"{scheme}//{host}"}
