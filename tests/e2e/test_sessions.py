"""Signing in and out in a browser, and what is left on the screen afterwards."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.app.shapes import GREETING
from tests.e2e.conftest import PASSWORD, OpenPage
from tests.e2e.drawing import card, create, open_editor

LOGIN = re.compile("/login$")


async def sign_in(page: Page, email: str = "alice@example.com", password: str = PASSWORD) -> None:
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def sign_out(page: Page) -> None:
    await page.get_by_role("button", name="Account").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_url(LOGIN)


async def test_a_wrong_password_is_said_and_the_e_mail_kept(open_page: OpenPage) -> None:
    await open_page("/workflows", as_user="alice")
    page = await open_page("/login")
    await sign_in(page, password="not the password")

    await expect(page.get_by_role("alert")).to_have_text("The e-mail or the password is wrong.")
    await expect(page.get_by_label("E-mail")).to_have_value("alice@example.com")
    await expect(page.get_by_label("Password")).to_have_value("")


async def test_an_e_mail_that_is_taken_is_said_and_kept(open_page: OpenPage) -> None:
    await open_page("/workflows", as_user="alice")
    page = await open_page("/register")
    await page.get_by_label("Name").fill("Alice Again")
    await page.get_by_label("E-mail").fill("ALICE@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()

    await expect(page.get_by_role("alert")).to_contain_text("There is already an account with this e-mail.")
    await expect(page.get_by_label("E-mail")).to_have_value("ALICE@example.com")
    await expect(page.get_by_label("Name")).to_have_value("Alice Again")
    await page.get_by_role("link", name="Sign in instead").click()
    await expect(page).to_have_url(LOGIN)


async def test_after_signing_out_the_back_button_shows_nothing_private(open_page: OpenPage) -> None:
    page = await open_page("/workflows", as_user="alice")
    await open_editor(page, await create(page, GREETING), nodes=2)
    await page.goto("/workflows")
    await sign_out(page)

    for _ in range(2):
        await page.go_back()
        await expect(page).to_have_url(LOGIN)
        await expect(page.get_by_text("Gree")).to_have_count(0)


async def test_signing_out_in_one_tab_closes_the_workflow_in_another(open_page: OpenPage) -> None:
    page = await open_page("/workflows", as_user="alice")
    other = await page.context.new_page()
    await open_editor(other, await create(page, GREETING), nodes=2)
    await sign_out(page)

    await expect(other).to_have_url(LOGIN)
    await expect(card(other, "Greet")).to_have_count(0)


@pytest.mark.parametrize("path", ["/login", "/register"])
async def test_who_is_signed_in_already_is_led_to_their_workflows(open_page: OpenPage, path: str) -> None:
    page = await open_page("/workflows", as_user="alice")
    await page.goto(path)

    await expect(page).to_have_url(re.compile("/workflows$"))


async def test_another_person_in_the_same_tab_sees_only_their_own(open_page: OpenPage) -> None:
    await open_page("/workflows", as_user="bob")
    page = await open_page("/workflows", as_user="alice")
    await create(page, GREETING)
    await page.reload()
    await expect(page.get_by_role("link", name="Greeting")).to_be_visible()
    await sign_out(page)
    await sign_in(page, "bob@example.com")

    await expect(page.get_by_role("button", name="Account")).to_contain_text("Bob")
    await expect(page.get_by_role("link", name="Weekly orders")).to_be_visible()
    await expect(page.get_by_role("link", name="Greeting")).to_have_count(0)


async def test_a_cookie_of_an_ended_session_leads_to_the_sign_in_page(open_page: OpenPage) -> None:
    page = await open_page("/workflows", as_user="alice")
    workflow_id = await create(page, GREETING)
    cookies = await page.context.cookies()
    await sign_out(page)
    await page.context.add_cookies([{"name": c["name"], "value": c["value"], "url": page.url} for c in cookies])
    await page.goto(f"/workflows/{workflow_id}/edit")

    await expect(page).to_have_url(LOGIN)
    await expect(page.get_by_text("Greet")).to_have_count(0)


async def test_who_has_signed_in_is_led_to_the_workflows(open_page: OpenPage) -> None:
    page = await open_page("/", as_user="alice")

    await expect(page).to_have_url(re.compile("/workflows$"))
