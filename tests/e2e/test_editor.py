"""The editor alone with one person: fields, problems, palette, keyboard, and what they may get wrong."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.app.shapes import GREETING, node, workflow
from tests.e2e.conftest import OpenPage
from tests.e2e.drawing import (
    add,
    card,
    connect,
    create,
    field,
    fill,
    name,
    notice,
    open_editor,
    open_output,
    problem_of,
    select,
)


async def open_with(open_page: OpenPage, definition: dict[str, Any] = GREETING) -> Page:
    """A workflow of a trigger and one node, in alice's editor."""
    page = await open_page("/workflows", as_user="alice")
    await open_editor(page, await create(page, definition), nodes=2)
    return page


def find_steps(page: Page) -> Any:
    return page.get_by_label("Search steps")


async def test_problems_are_on_the_node_and_in_a_list_that_leads_there(open_page: OpenPage) -> None:
    page = await open_with(open_page, workflow(node("ask", "http/request")))

    await expect(card(page, "Ask").locator(".card-problem")).to_be_visible()
    await page.get_by_role("button", name="Problems").click()
    await page.locator(".problem").first.click()
    await expect(page.get_by_label("Name of the node")).to_have_value("Ask")
    await expect(problem_of(page, "url")).to_be_visible()


async def test_problems_are_gone_when_they_are_mended(open_page: OpenPage) -> None:
    page = await open_with(open_page, workflow(node("ask", "http/request")))
    await select(page, "Ask")
    await fill(page, "url", "https://example.com")

    await expect(page.locator(".card-problem")).to_have_count(0)
    await expect(page.get_by_role("button", name="Problems")).to_have_count(0)


async def test_running_with_problems_names_the_first_and_leads_there(open_page: OpenPage) -> None:
    page = await open_with(open_page, workflow(node("ask", "http/request")))
    await page.get_by_role("button", name="Run", exact=True).click()

    await expect(notice(page)).to_have_text("The workflow has 1 problem. Ask: URL is required.")
    await expect(page.get_by_label("Name of the node")).to_have_value("Ask")
    await fill(page, "url", "https://example.com")
    await expect(notice(page)).to_have_count(0)


async def test_a_failing_node_is_red_and_says_why(open_page: OpenPage) -> None:
    page = await open_with(open_page, workflow(node("sum", "code/python", code="print('so far')\n1 / 0")))
    await page.get_by_role("button", name="Run", exact=True).click()

    await expect(page.locator(".card.failed")).to_have_count(1)
    await expect(page.locator(".detail-error")).to_contain_text("Sum: ")
    await open_output(page, "Sum")
    await expect(page.locator(".detail-error")).to_contain_text("division")
    await expect(page.get_by_label("Printed", exact=True)).to_have_text("so far\n")


async def test_running_with_input_that_is_not_json_says_so_and_runs_nothing(open_page: OpenPage) -> None:
    page = await open_with(open_page)
    await page.get_by_role("button", name="Run with input").click()
    await page.get_by_role("textbox", name="Input").fill('{"name": Ada}')
    await page.get_by_role("button", name="Run with this input").click()

    await expect(notice(page)).to_contain_text("The input isn't JSON")
    await expect(page.locator(".drawer-item")).to_have_count(0)


async def test_the_input_of_a_run_reaches_its_trigger(open_page: OpenPage) -> None:
    page = await open_with(open_page)
    await page.get_by_role("button", name="Run with input").click()
    await page.get_by_role("textbox", name="Input").fill('{"name": "Ada"}')
    await page.get_by_role("button", name="Run with this input").click()

    await open_output(page, "Start")
    await expect(page.get_by_label("Output", exact=True)).to_contain_text('"name": "Ada"')


async def test_the_palette_finds_by_what_a_step_does(open_page: OpenPage) -> None:
    page = await open_with(open_page)
    await find_steps(page).fill("  PYTHON ")
    await expect(page.locator(".palette-item")).to_have_text(["Python"])

    await find_steps(page).fill("no such thing")
    await expect(page.locator(".palette-item")).to_have_count(0)
    await expect(page.get_by_text("No step does that yet.")).to_be_visible()


async def test_everything_can_be_done_by_keyboard(open_page: OpenPage) -> None:
    page = await open_with(open_page)
    await find_steps(page).focus()
    await page.keyboard.type("python")
    await expect(page.locator(".palette-item")).to_have_text(["Python"])
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Name of the node")).to_have_value("Python")
    await page.get_by_label("Name of the node").focus()
    await page.keyboard.press("Control+a")
    await page.keyboard.type("Sum")
    await page.keyboard.press("Enter")
    await expect(card(page, "Sum")).to_be_visible()
    await field(page, "code").focus()
    await page.keyboard.type("1 + 1")
    await page.keyboard.press("Shift+Tab")
    await expect(card(page, "Sum").locator(".card-problem")).to_have_count(0)
    await page.keyboard.press("Control+Enter")

    await expect(page.locator(".card.succeeded")).to_have_count(2)


async def test_enter_in_the_search_adds_the_first_hit_and_on_a_node_leads_to_its_fields(open_page: OpenPage) -> None:
    page = await open_with(open_page)
    await find_steps(page).press_sequentially("pyth")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Name of the node")).to_have_value("Python")
    await page.locator(".react-flow__node", has_text="Greet").focus()
    await card(page, "Greet").click()
    await expect(page.get_by_label("Name of the node")).to_have_value("Greet")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("textbox", name="text", exact=True)).to_be_focused()


async def test_after_adding_a_pair_its_value_is_typed(open_page: OpenPage) -> None:
    page = await open_with(open_page)
    await select(page, "Greet")
    await field(page, "fields").get_by_placeholder("Add a name").fill("who")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("textbox", name="who", exact=True)).to_be_focused()


async def test_two_nodes_are_connected_by_keys(open_page: OpenPage) -> None:
    page = await open_with(open_page, GREETING | {"edges": []})
    await select(page, "Start")
    await page.keyboard.press("c")
    await expect(page.get_by_text("From Start: go to another node")).to_be_visible()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")

    await expect(page.get_by_label("Edge from Start to Greet")).to_have_count(1)
    await expect(page.get_by_text("From Start: go to another node")).to_have_count(0)


async def test_a_node_is_moved_by_keys_and_one_undo_brings_it_back(open_page: OpenPage) -> None:
    page = await open_with(open_page)
    await select(page, "Greet")
    moved = page.locator(".react-flow__node", has_text="Greet")
    await page.keyboard.down("Shift")
    await page.keyboard.down("ArrowDown")
    await page.keyboard.down("ArrowDown")
    await page.keyboard.up("ArrowDown")
    await page.keyboard.up("Shift")
    await page.reload()
    await expect(moved).to_have_css("transform", "matrix(1, 0, 0, 1, 280, 16)")

    await page.keyboard.press("Control+z")
    await expect(moved).to_have_css("transform", "matrix(1, 0, 0, 1, 280, 0)")


async def test_escape_puts_back_the_name_and_an_empty_one_is_not_taken(open_page: OpenPage) -> None:
    page = await open_with(open_page)
    await select(page, "Greet")
    label = page.get_by_label("Name of the node")
    await label.fill("Something else")
    await page.keyboard.press("Escape")
    await expect(label).to_have_value("Greet")

    await label.fill("  ")
    await page.keyboard.press("Enter")
    await expect(label).to_have_value("Greet")
    await expect(card(page, "Greet")).to_be_visible()


async def test_leaving_the_name_as_it_is_leaves_nothing_to_undo(open_page: OpenPage) -> None:
    page = await open_with(open_page)
    await select(page, "Greet")
    await name(page, "Welcome")
    await page.get_by_label("Name of the workflow").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Undo", exact=True).click()

    await expect(card(page, "Greet")).to_be_visible()


async def test_what_is_typed_right_after_a_new_name_is_kept(open_page: OpenPage) -> None:
    page = await open_with(open_page)
    await select(page, "Greet")
    await page.get_by_label("Name of the node").fill("Welcome")
    await page.keyboard.press("Enter")
    await field(page, "fields").get_by_placeholder("Add a name").fill("kept")
    await expect(page.locator(".panel-head code")).to_have_text("welcome")

    await expect(field(page, "fields").get_by_placeholder("Add a name")).to_have_value("kept")


@pytest.mark.parametrize(
    ("label", "id_"),
    [
        ("If", "if_"),
        ("Trigger", "trigger_"),
        ("🧵 Weave", "weave"),
        ("مرحبا بالعالم", "node"),
        ("W" * 100, "w" * 60),
        ("<b>{{ 1 }}</b> & 'so'", "b_1_b_so"),
    ],
)
async def test_a_node_may_be_called_anything(open_page: OpenPage, label: str, id_: str) -> None:
    page = await open_with(open_page)
    await select(page, "Greet")
    await name(page, label)

    await expect(page.get_by_label("Name of the node")).to_have_value(label)
    await expect(page.locator(".panel-head code")).to_have_text(id_)
    await page.reload()
    await expect(card(page, label)).to_be_visible()


async def test_text_where_a_number_belongs_is_said_and_kept(open_page: OpenPage) -> None:
    page = await open_with(open_page, workflow(node("first", "data/limit", items="{{ trigger.orders }}")))
    await select(page, "First")
    await fill(page, "count", "soon")

    await expect(problem_of(page, "count")).to_be_visible()
    await expect(field(page, "count")).to_have_value("soon")


async def test_a_number_may_come_from_an_expression(open_page: OpenPage) -> None:
    page = await open_with(open_page, workflow(node("first", "data/limit", items="{{ trigger.orders }}")))
    await select(page, "First")
    await fill(page, "count", "{{ trigger.count }}")

    await expect(field(page, "count")).to_have_value("{{ trigger.count }}")
    await expect(page.locator(".card-problem")).to_have_count(0)


async def test_json_with_a_mistake_is_said_and_kept(open_page: OpenPage) -> None:
    page = await open_with(open_page, workflow(node("ask", "http/request", url="https://example.com", method="POST")))
    await select(page, "Ask")
    await fill(page, "body", '{"name": }')

    await expect(field(page, "body")).to_have_value('{"name": }')
    await page.reload()
    await expect(field(page, "body")).to_have_value('{"name": }')


async def test_code_of_five_megabytes_is_refused_in_words_and_nothing_is_lost(open_page: OpenPage) -> None:
    page = await open_with(open_page, workflow(node("sum", "code/python", code="1 + 1")))
    await select(page, "Sum")
    await fill(page, "code", "#" * 5_000_000)

    words = await field(page, "code").evaluate("field => field.validationMessage")
    assert words == "This is too long to be saved: 1,000,000 characters are the limit."
    assert await field(page, "code").evaluate("field => field.value.length") == 5_000_000
    await fill(page, "code", "2 + 2")
    await page.reload()
    await expect(field(page, "code")).to_have_value("2 + 2")


async def test_as_much_as_a_field_may_hold_is_saved(open_page: OpenPage) -> None:
    page = await open_with(open_page, workflow(node("sum", "code/python", code="1 + 1")))
    await select(page, "Sum")
    text = "ü" * 900_000
    await fill(page, "code", text)
    await name(page, "Saved")
    await page.reload()

    await expect(field(page, "code")).to_have_value(text)


async def test_a_name_that_is_there_already_keeps_its_value(open_page: OpenPage) -> None:
    page = await open_with(open_page)
    await select(page, "Greet")
    pairs = field(page, "fields")
    await pairs.get_by_placeholder("Add a name").fill(" text ")
    await page.keyboard.press("Enter")

    await expect(notice(page)).to_have_text("“text” is there already. Change its value instead.")
    await page.reload()
    await expect(pairs.get_by_label("text", exact=True)).to_have_value("Hello")


async def test_a_problem_that_is_mended_on_the_canvas_is_gone_from_the_panel(open_page: OpenPage) -> None:
    other = node("other", "data/set-fields", x=280, fields={"a": "b"})
    shape = workflow(node("sum", "code/python", x=560, code="{{ other.a }}"), other) | {"edges": []}
    page = await open_page("/workflows", as_user="alice")
    await open_editor(page, await create(page, shape), nodes=3)
    await connect(page, "Start", "Other")
    await select(page, "Sum")
    await expect(page.locator(".panel .field-problem")).not_to_have_count(0)

    await connect(page, "Start", "Sum")
    await connect(page, "Other", "Sum")
    await expect(page.locator(".panel .field-problem")).to_have_count(0)


async def test_nodes_edges_and_values_have_names_to_be_heard(open_page: OpenPage) -> None:
    page = await open_with(open_page)
    await select(page, "Greet")

    await expect(page.get_by_role("group", name="Greet", exact=True)).to_be_visible()
    await expect(page.get_by_label("Edge from Start to Greet")).to_have_count(1)
    await expect(page.get_by_role("textbox", name="text", exact=True)).to_have_value("Hello")
    await expect(page.get_by_role("textbox", name="New name in Fields")).to_have_value("")


async def test_a_reload_keeps_the_selected_node_open(open_page: OpenPage) -> None:
    page = await open_with(open_page)
    await select(page, "Greet")
    await page.reload()

    await expect(page.get_by_label("Name of the node")).to_have_value("Greet")
    await expect(card(page, "Greet")).to_have_attribute("data-selected", "true")


async def test_a_draft_with_anything_in_it_can_be_opened_and_mended(open_page: OpenPage) -> None:
    odd = [
        {"id": "a"},
        {"id": "b", "data": {"label": 7, "action": ["x"], "inputs": "none"}},
        {"id": "c", "data": {"label": None, "action": "data/set-fields", "inputs": {"fields": [1, 2]}}},
        {"id": "d", "type": "cloud", "data": {"label": {"x": 1}, "action": "code/python", "inputs": ["y"]}},
        {"id": "e f/'\"", "data": {"label": "Odd id", "action": "http/request", "inputs": {"headers": {"a/b": None}}}},
        {"id": "g", "data": {"label": "Group", "enabled": "no", "action": "no/such", "inputs": None}},
    ]
    page = await open_page("/workflows", as_user="alice")
    edges = [{"source": "a", "target": "nobody"}, {"source": "a", "target": "a"}, {"source": "b", "target": "c"}]
    workflow_id = await create(page, {"name": "Odd", "nodes": odd, "edges": edges})
    await open_editor(page, workflow_id, nodes=6)

    for place in range(6):
        await page.locator(".react-flow__node").nth(place).click()
        await expect(page.locator(".panel-head code")).to_have_text(odd[place]["id"])
    await page.keyboard.press("Control+a")
    await page.keyboard.press("Delete")
    await expect(page.locator(".card")).to_have_count(0)
    await add(page, "Manual", 400, 200)


@pytest.mark.parametrize("workflow_id", ["wf_nobody_has_this", "%20", "1"])
async def test_a_workflow_that_is_not_there_says_so_and_leads_back(open_page: OpenPage, workflow_id: str) -> None:
    page = await open_page("/workflows", as_user="alice")
    await page.goto(f"/workflows/{workflow_id}/edit")

    await expect(page.get_by_role("heading", name="This workflow can't be opened")).to_be_visible()
    await page.get_by_role("link", name="All workflows").click()
    await expect(page.get_by_role("heading", name="Workflows", exact=True)).to_have_count(1)


async def test_the_address_of_a_workflow_leads_to_its_editor(open_page: OpenPage) -> None:
    page = await open_page("/workflows", as_user="alice")
    workflow_id = await create(page, GREETING)
    await page.goto(f"/workflows/{workflow_id}")

    await expect(card(page, "Greet")).to_be_visible()
    await expect(page).to_have_url(re.compile(f"/workflows/{workflow_id}/edit$"))


async def test_the_data_of_a_node_stays_when_it_gets_another_name(open_page: OpenPage) -> None:
    page = await open_with(open_page)
    await page.get_by_role("button", name="Run", exact=True).click()
    await open_output(page, "Greet")
    await expect(page.get_by_label("Output", exact=True)).to_contain_text("Hello")
    await select(page, "Greet")
    await name(page, "Welcome")
    await expect(page.locator(".panel-head code")).to_have_text("welcome")

    await expect(page.get_by_label("Output", exact=True)).to_contain_text("Hello")


async def test_a_long_name_leaves_the_panels_buttons_in_reach(open_page: OpenPage) -> None:
    page = await open_with(open_page)
    await select(page, "Greet")
    await name(page, "W" * 100)
    await page.get_by_label("Close").click()

    await expect(page.get_by_label("Name of the node")).to_have_count(0)


async def test_a_workflow_of_somebody_else_is_not_shown(open_page: OpenPage) -> None:
    alice = await open_page("/workflows", as_user="alice")
    workflow_id = await create(alice, GREETING)
    bob = await open_page("/workflows", as_user="bob")
    await bob.goto(f"/workflows/{workflow_id}/edit")

    await expect(bob.get_by_role("heading", name="This workflow can't be opened")).to_be_visible()
    await expect(bob.get_by_text("Greet")).to_have_count(0)


async def test_on_a_narrow_screen_a_panel_covers_the_executions_until_it_is_closed(open_page: OpenPage) -> None:
    page = await open_with(open_page)
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.get_by_role("button", name="Executions").click()
    await expect(page.locator(".drawer")).to_be_visible()
    await select(page, "Start")
    await expect(page.locator(".drawer")).to_be_hidden()

    await page.get_by_role("button", name="Close").click()
    await expect(page.locator(".drawer")).to_be_visible()
