"""Loops on the canvas: areas that are drawn, filled, emptied and watched; and executions that wait or are stopped."""

from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.drawing import (
    add,
    begin,
    card,
    connect,
    create,
    fill,
    fill_pair,
    move,
    name,
    notice,
    open_editor,
    open_output,
    select,
)

Json = dict[str, Any]
NINE_SECONDS = "total = 0\nfor number in range(200_000_000):\n    total += 1\ntotal"


async def test_a_loop_is_drawn_filled_and_counts_its_iterations(open_page: OpenPage) -> None:
    page = await open_page("/workflows", as_user="alice")
    await begin(page)
    await add(page, "For each", 460, 300)
    await fill(page, "items", '["ada", "bob", "eve"]')
    await add(page, "Set fields", 460, 310)
    await call(page, "Greet")
    await fill_pair(page, "fields", "text", "Hello {{ item }}")
    await add(page, "Set fields", 460, 376)
    await call(page, "Shout")
    await fill_pair(page, "fields", "text", "{{ greet.text.upper() }}")
    await connect(page, "Greet", "Shout")
    await connect(page, "Start", "For each")
    await run(page)

    await expect(card(page, "For each")).to_contain_text("3 of 3 done")
    await expect(card(page, "Shout")).to_contain_text("3 times")
    await open_output(page, "For each")
    await expect(page.get_by_label("Output", exact=True)).to_contain_text("HELLO EVE")


async def test_what_is_dragged_into_a_loop_loses_the_edges_across_its_border_until_undone(open_page: OpenPage) -> None:
    page = await open_page("/workflows", as_user="alice")
    await open_editor(page, await create(page, LOOP), nodes=4)
    await move(page, "After", -200, 230)
    await expect(notice(page)).to_contain_text("An edge was removed")
    await expect(page.locator(".react-flow__edge")).to_have_count(1)

    await move(page, "Loop", 0, 40)
    assert await is_inside(card(page, "After"), loop(page, "Loop"))
    await page.keyboard.press("Control+z")
    await page.keyboard.press("Control+z")
    await expect(page.locator(".react-flow__edge")).to_have_count(2)
    assert not await is_inside(card(page, "After"), loop(page, "Loop"))


async def test_what_is_dragged_out_of_a_loop_is_in_it_no_more(open_page: OpenPage) -> None:
    page = await open_page("/workflows", as_user="alice")
    await open_editor(page, await create(page, LOOP), nodes=4)
    await move(page, "Inside", 0, 300)
    await expect(page.locator(".react-flow__node.is-empty")).to_contain_text("Drag steps in here")

    await move(page, "Loop", 60, -60)
    assert not await is_inside(card(page, "Inside"), loop(page, "Loop"))


async def test_a_loop_is_deleted_and_brought_back_with_all_that_is_in_it(open_page: OpenPage) -> None:
    page = await open_page("/workflows", as_user="alice")
    await open_editor(page, await create(page, LOOP), nodes=4)
    await select(page, "Loop")
    await page.locator(".canvas").focus()
    await page.keyboard.press("Delete")
    await expect(page.locator(".card")).to_have_count(2)

    await page.keyboard.press("Control+z")
    await expect(page.locator(".card")).to_have_count(4)
    await expect(page.locator(".react-flow__edge")).to_have_count(2)
    assert await is_inside(card(page, "Inside"), loop(page, "Loop"))


async def test_a_step_that_is_picked_goes_into_the_loop_that_is_selected(open_page: OpenPage) -> None:
    page = await open_page("/workflows", as_user="alice")
    await open_editor(page, await create(page, LOOP), nodes=4)
    await select(page, "Loop")
    await page.get_by_label("Search steps").fill("sort")
    await page.keyboard.press("Enter")

    await expect(page.locator(".card")).to_have_count(5)
    await expect(page.get_by_label("Edge from Inside to Sort")).to_be_attached()
    assert await is_inside(card(page, "Sort"), loop(page, "Loop"))


async def test_an_edge_into_a_loop_is_refused_with_the_reason(open_page: OpenPage) -> None:
    page = await open_page("/workflows", as_user="alice")
    await open_editor(page, await create(page, LOOP), nodes=4)
    start = page.locator(".react-flow__node", has_text="Start").locator(".source")
    await start.drag_to(page.locator(".react-flow__node", has_text="Inside").locator(".target"))

    await expect(page.locator(".canvas-hint")).to_contain_text("connect nodes of the same loop")
    await expect(page.locator(".react-flow__edge")).to_have_count(2)


async def test_a_switch_has_an_end_for_each_case_while_they_are_edited(open_page: OpenPage) -> None:
    page = await open_page("/workflows", as_user="alice")
    await begin(page)
    await add(page, "Switch", 460, 120)
    await fill(page, "cases", '[{"name": "small", "when": "value < 8"}, {"name": "large", "when": "value >= 8"}]')
    await expect(page.locator(".handle-label")).to_have_text(["small", "large", "default"])
    await add(page, "Set fields", 460, 320)
    await connect(page, "Switch", "Set fields", handle="large")
    await select(page, "Switch")
    await fill(page, "cases", '[{"name": "small", "when": "value < 8"}]')

    await expect(page.locator(".handle-label")).to_have_text(["small", "default", "large"])
    await expect(page.locator(".is-gone .handle-label")).to_have_text("large")
    await expect(page.locator(".panel .field-problem").first).to_contain_text("An edge begins at an end named 'large'")


async def test_an_execution_that_runs_is_stopped(open_page: OpenPage) -> None:
    page = await open_page("/workflows", as_user="alice")
    await begin(page)
    await add(page, "Python", 460, 120)
    await fill(page, "code", NINE_SECONDS)
    await connect(page, "Start", "Python")
    await run(page)
    await expect(page.locator(".card.running")).to_have_count(1)
    await page.get_by_label("Stop this execution").click()

    await expect(page.locator(".card.cancelled")).to_have_count(1, timeout=2_000)
    await expect(page.get_by_label("Stop this execution")).to_have_count(0)


async def test_what_failed_is_tried_again_and_what_had_succeeded_is_not(open_page: OpenPage) -> None:
    page = await open_page("/workflows", as_user="alice")
    await open_editor(page, await create(page, FAILING), nodes=3)
    await run(page)
    await expect(page.locator(".card.failed")).to_have_count(1)
    await page.get_by_role("button", name="Retry from failed").click()

    await expect(page.locator(".drawer-column").first.get_by_role("button")).to_have_count(2)
    await expect(page.locator(".card.failed")).to_have_count(1)
    await open_output(page, "Once")
    once = await page.get_by_label("Output", exact=True).inner_text()
    await page.locator(".drawer-column").first.get_by_role("button").last.click()
    await open_output(page, "Once")
    await expect(page.get_by_label("Output", exact=True)).to_have_text(once)


async def test_an_approval_waits_for_whom_it_asks(open_page: OpenPage) -> None:
    page = await open_page("/workflows", as_user="alice")
    await begin(page)
    await add(page, "Approval", 460, 120)
    await fill(page, "message", "Send it?")
    await connect(page, "Start", "Approval")
    await run(page)
    await expect(card(page, "Approval")).to_have_class("card waiting")
    await open_output(page, "Approval")
    await expect(page.locator(".wait")).to_contain_text("Send it?")
    await page.get_by_label("Comment").fill("Go ahead.")
    await page.get_by_role("button", name="Approve").click()

    await expect(card(page, "Approval")).to_have_class("card succeeded")
    await expect(page.get_by_label("Output", exact=True)).to_contain_text('"comment": "Go ahead."')


def node(id_: str, action: str, x: int, y: int, **more: Any) -> Json:
    data = {"label": id_.capitalize(), "action": action, "inputs": {}}
    return {"id": id_, "type": "action", "position": {"x": x, "y": y}, "data": data, **more}


LOOP: Json = {
    "name": "Loop",
    "nodes": [
        node("start", "trigger/manual", 0, 0, type="trigger"),
        node("loop", "logic/for-each", 0, 160, type="group"),
        node("inside", "data/set-fields", 24, 80, parentId="loop"),
        node("after", "data/set-fields", 320, 0),
    ],
    "edges": [{"source": "start", "target": "after"}, {"source": "start", "target": "loop"}],
}


FAILING: Json = {
    "name": "Failing",
    "nodes": [
        node("start", "trigger/manual", 0, 0, type="trigger"),
        node("once", "code/python", 280, 0),
        node("never", "code/python", 560, 0),
    ],
    "edges": [{"source": "start", "target": "once"}, {"source": "once", "target": "never"}],
}
FAILING["nodes"][1]["data"]["inputs"] = {"code": "uuid()"}
FAILING["nodes"][2]["data"]["inputs"] = {"code": "1 / 0"}


async def call(page: Page, label: str) -> None:
    """Name the selected node, and wait until its panel knows it by its new id."""
    await name(page, label)
    await expect(page.locator(".panel-head code")).to_have_text(label.lower())


async def run(page: Page) -> None:
    await page.get_by_role("button", name="Run", exact=True).click()


def loop(page: Page, label: str) -> Locator:
    return page.locator(".group-node", has_text=label)


async def is_inside(inner: Locator, outer: Locator) -> bool:
    small, large = await inner.bounding_box(), await outer.bounding_box()
    assert small
    assert large
    fits = [
        large[axis] <= small[axis] and small[axis] + small[size] <= large[axis] + large[size]
        for axis, size in (("x", "width"), ("y", "height"))
    ]
    return all(fits)
