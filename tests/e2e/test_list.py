"""The list of workflows: finding, naming, copying, deleting and bringing back."""

from playwright.async_api import Locator, Page, expect

from tests.app.shapes import GREETING, node, workflow
from tests.e2e.conftest import OpenPage
from tests.e2e.drawing import card, create, field, notice, select

GREET = node("greet", "data/set-fields", fields={"text": "Hello"})
SPEAKING = workflow(GREET, node("say", "code/python", code="greet"), name="Say it")


async def open_list(open_page: OpenPage) -> Page:
    """Alice's list with two workflows and the example."""
    page = await open_page("/workflows", as_user="alice")
    for definition in (GREETING, SPEAKING):
        await create(page, definition)
    await page.reload()
    await expect(rows(page)).to_have_count(3)
    return page


def rows(page: Page) -> Locator:
    return page.locator(".row-name, .rename")


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("link", name=name, exact=True)


async def choose(page: Page, workflow: str, action: str) -> None:
    """Take an action from a workflow's menu."""
    await page.get_by_role("button", name=f"What to do with {workflow}", exact=True).click()
    await page.locator(".menu:popover-open").get_by_role("button", name=action).click()


async def test_the_list_is_searched_while_one_types(open_page: OpenPage) -> None:
    page = await open_list(open_page)
    search = page.get_by_label("Search workflows")
    await search.press_sequentially("GREET")
    await expect(rows(page)).to_have_count(1)

    await search.fill("no such thing")
    await expect(page.get_by_text("No workflow has this in its name")).to_be_visible()
    await search.fill("")
    await expect(rows(page)).to_have_count(3)


async def test_a_workflow_is_renamed_with_enter(open_page: OpenPage) -> None:
    page = await open_list(open_page)
    await choose(page, "Greeting", "Rename")
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await page.get_by_label("Name", exact=True).fill("Farewell")
    await page.keyboard.press("Enter")

    await expect(row(page, "Farewell")).to_be_visible()
    await page.reload()
    await expect(row(page, "Farewell")).to_be_visible()


async def test_escape_leaves_the_name_as_it_was(open_page: OpenPage) -> None:
    page = await open_list(open_page)
    await choose(page, "Greeting", "Rename")
    await page.get_by_label("Name", exact=True).fill("Farewell")
    await page.keyboard.press("Escape")

    await expect(row(page, "Greeting")).to_be_visible()
    await expect(page.get_by_label("Name", exact=True)).to_have_count(0)


async def test_a_name_of_nothing_is_put_back(open_page: OpenPage) -> None:
    page = await open_list(open_page)
    await choose(page, "Greeting", "Rename")
    await page.get_by_label("Name", exact=True).fill("   ")
    await page.keyboard.press("Enter")

    await expect(row(page, "Greeting")).to_be_visible()


async def test_a_copy_opens_and_its_references_hold(open_page: OpenPage) -> None:
    page = await open_list(open_page)
    await choose(page, "Say it", "Duplicate")
    await row(page, "Say it copy").click()
    await expect(page.locator(".card")).to_have_count(3)
    await select(page, "Say")

    await expect(field(page, "code")).to_have_value("greet")
    await expect(page.locator(".card-problem")).to_have_count(0)
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.locator(".card.succeeded")).to_have_count(3)


async def test_a_deleted_workflow_comes_back_with_undo(open_page: OpenPage) -> None:
    page = await open_list(open_page)
    await choose(page, "Greeting", "Delete")
    await expect(row(page, "Greeting")).to_have_count(0)
    await expect(notice(page)).to_have_text("Deleted “Greeting”.")

    await page.get_by_role("button", name="Undo").click()
    await expect(row(page, "Greeting")).to_be_visible()
    await row(page, "Greeting").click()
    await expect(card(page, "Greet")).to_be_visible()


async def test_a_workflow_that_was_deleted_elsewhere_says_so(open_page: OpenPage) -> None:
    page = await open_list(open_page)
    other = await page.context.new_page()
    await other.goto("/workflows")
    await choose(other, "Greeting", "Delete")
    await expect(row(other, "Greeting")).to_have_count(0)
    await choose(page, "Greeting", "Duplicate")

    await expect(notice(page)).to_have_text("There is no workflow of this id. It may have been deleted.")


async def test_a_new_user_finds_an_example(open_page: OpenPage) -> None:
    page = await open_page("/workflows", as_user="alice")

    await expect(row(page, "Weekly orders")).to_be_visible()
    await expect(rows(page)).to_have_count(1)


async def test_a_notice_stays_on_the_page_that_it_is_about(open_page: OpenPage) -> None:
    page = await open_list(open_page)
    await choose(page, "Greeting", "Delete")
    await expect(notice(page)).to_be_visible()
    await row(page, "Say it").click()
    await expect(page.locator(".card")).to_have_count(3)

    await expect(notice(page)).to_have_count(0)


async def test_an_address_without_a_page_leads_back(open_page: OpenPage) -> None:
    page = await open_list(open_page)
    await page.evaluate("history.pushState({}, '', '/nowhere'); dispatchEvent(new PopStateEvent('popstate'))")

    await expect(page.get_by_role("heading", name="There is no page at this address")).to_be_visible()
    await page.get_by_role("link", name="All workflows").click()
    await expect(page.get_by_role("heading", name="Workflows", exact=True)).to_have_count(1)
