"""Two browsers on one workflow: each sees what the other does, as it happens."""

from playwright.async_api import Locator, Page, expect

from tests.app.shapes import GREETING, node, workflow
from tests.e2e.conftest import PASSWORD, OpenPage
from tests.e2e.drawing import (
    add,
    card,
    connect,
    create,
    field,
    fill,
    move,
    name,
    notice,
    open_editor,
    open_output,
    select,
)
from tests.e2e.server import Server


async def open_two(open_page: OpenPage, definition: dict[str, object] = GREETING) -> tuple[Page, Page]:
    """The same workflow in two browsers of the same person."""
    one, other = await open_page("/workflows", as_user="alice"), await open_page("/login")
    await sign_in(other)
    workflow_id = await create(one, definition)
    for page in (one, other):
        await open_editor(page, workflow_id, nodes=2)
    return one, other


async def sign_in(page: Page) -> None:
    await page.get_by_label("E-mail").fill("alice@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/workflows")


async def test_each_sees_what_the_other_draws(open_page: OpenPage) -> None:
    one, other = await open_two(open_page)
    await add(one, "Condition", 400, 300)
    await connect(one, "Greet", "Condition")
    await name(one, "Is it late?")

    await expect(card(other, "Is it late?")).to_be_visible()
    await expect(other.locator(".react-flow__edge")).to_have_count(2)


async def test_both_draw_at_once_and_see_the_same(open_page: OpenPage) -> None:
    one, other = await open_two(open_page)
    await add(one, "Condition", 400, 300)
    await add(other, "Python", 400, 420)
    await connect(one, "Condition", "Python", handle="true")
    await connect(other, "Greet", "Condition")

    for page in (one, other):
        await expect(page.locator(".card-label")).to_have_text(["Start", "Greet", "Condition", "Python"])
        await expect(page.locator(".react-flow__edge")).to_have_count(3)


async def test_a_node_moves_in_the_other_browser_when_it_is_let_go(open_page: OpenPage) -> None:
    one, other = await open_two(open_page)
    before = await place(node_of(other, "Greet"))
    await move(one, "Greet", 160, 120)

    await expect(node_of(other, "Greet")).not_to_have_css("transform", before)
    await expect(node_of(other, "Greet")).to_have_css("transform", await place(node_of(one, "Greet")))


async def test_a_field_that_the_other_edits_is_new_in_an_open_panel(open_page: OpenPage) -> None:
    one, other = await open_two(open_page, workflow(node("sum", "code/python", code="1 + 1")))
    await select(one, "Sum")
    await select(other, "Sum")
    await fill(one, "code", "2 + 2")

    await expect(field(other, "code")).to_have_value("2 + 2")


async def test_what_somebody_is_typing_stays_when_the_other_edits_another_field(open_page: OpenPage) -> None:
    one, other = await open_two(open_page, workflow(node("ask", "http/request", url="https://example.com")))
    await select(one, "Ask")
    await select(other, "Ask")
    await field(other, "body").fill("half a sent")
    await fill(one, "url", "https://example.org")
    await expect(field(other, "url")).to_have_value("https://example.org")

    await expect(field(other, "body")).to_have_value("half a sent")
    await field(other, "body").blur()
    await expect(field(one, "body")).to_have_value("half a sent")


async def test_what_somebody_is_typing_stays_when_the_other_saves_the_same_field(open_page: OpenPage) -> None:
    one, other = await open_two(open_page, workflow(node("sum", "code/python", code="1 + 1")))
    await select(one, "Sum")
    await select(other, "Sum")
    await field(other, "code").fill("3 + ")
    await fill(one, "code", "2 + 2")
    await expect(notice(other)).to_contain_text("Somebody else has just changed this.")

    await expect(field(other, "code")).to_have_value("3 + ")
    await field(other, "code").press_sequentially("3")
    await field(other, "code").blur()
    await expect(field(one, "code")).to_have_value("3 + 3")


async def test_a_deleted_node_is_gone_in_both_and_undo_brings_it_back(open_page: OpenPage) -> None:
    one, other = await open_two(open_page)
    await select(other, "Greet")
    await select(one, "Greet")
    await card(one, "Greet").click()
    await one.keyboard.press("Delete")
    await expect(card(other, "Greet")).to_have_count(0)
    await expect(other.get_by_label("Name of the node")).to_have_count(0)

    await one.keyboard.press("Control+z")
    for page in (one, other):
        await expect(card(page, "Greet")).to_be_visible()
        await expect(page.locator(".react-flow__edge")).to_have_count(1)


async def test_a_new_name_of_the_workflow_is_seen_in_the_other_browser(open_page: OpenPage) -> None:
    one, other = await open_two(open_page)
    await one.get_by_label("Name of the workflow").fill("Farewell")
    await one.keyboard.press("Enter")

    await expect(other.get_by_label("Name of the workflow")).to_have_value("Farewell")


async def test_both_see_the_same_execution(open_page: OpenPage) -> None:
    one, other = await open_two(open_page)
    await one.get_by_role("button", name="Run", exact=True).click()

    for page in (one, other):
        await expect(page.locator(".card.succeeded")).to_have_count(2)
    await other.get_by_role("button", name="Executions").click()
    await open_output(other, "Greet")
    await expect(other.get_by_label("Output", exact=True)).to_contain_text('"text": "Hello"')


async def test_a_definition_that_is_replaced_by_rest_is_shown_at_once(open_page: OpenPage) -> None:
    one, other = await open_two(open_page)
    workflow_id = one.url.split("/")[-2]
    done = await one.request.put(
        f"/api/workflows/{workflow_id}",
        data=workflow(node("sum", "code/python", code="1 + 1"), node("next", "data/set-fields"), name="Other"),
        headers={"Origin": "/".join(one.url.split("/")[:3])},
    )
    assert done.ok, await done.text()

    for page in (one, other):
        await expect(page.locator(".card-label")).to_have_text(["Start", "Sum", "Next"])
        await expect(page.get_by_label("Name of the workflow")).to_have_value("Other")


async def test_a_tab_catches_up_with_what_it_missed_while_the_server_was_away(
    server: Server, open_page: OpenPage
) -> None:
    one, other = await open_two(open_page)
    await other.context.set_offline(True)
    await server.kill()
    await expect(other.get_by_text("Reconnecting…")).to_be_visible()
    await server.start()
    await one.reload()
    await expect(card(one, "Greet")).to_be_visible()
    await add(one, "Condition", 400, 300)
    await expect(card(other, "Condition")).to_have_count(0)

    await other.context.set_offline(False)
    await expect(card(other, "Condition")).to_be_visible()
    await expect(other.get_by_text("Reconnecting…")).to_have_count(0)


async def test_what_is_done_while_the_server_is_away_arrives_later(server: Server, open_page: OpenPage) -> None:
    one, other = await open_two(open_page)
    await server.kill()
    await expect(one.get_by_text("Reconnecting…")).to_be_visible()
    await card(one, "Greet").click()
    await one.keyboard.press("Delete")
    await server.start()

    await expect(card(one, "Greet")).to_have_count(0)
    await expect(card(other, "Greet")).to_have_count(0)


def node_of(page: Page, label: str) -> Locator:
    return page.locator(".react-flow__node", has_text=label)


async def place(node: Locator) -> str:
    """Where a node stands, as the browser computes it."""
    computed: str = await node.evaluate("node => getComputedStyle(node).transform")
    return computed
