"""`/workflows`: the list, and what one does with a workflow as a whole."""

from dataclasses import dataclass
from typing import Self

import reflex as rx

from app.guard import current_user
from app.models import Workflow
from app.runtime import get_runtime
from app.services import drafts
from app.services import workflows as service
from app.ui.icons import icon
from app.ui.menus import menu, menu_button, menu_item
from app.ui.notices import NoticeState
from app.ui.shell import page_head, shell
from app.ui.times import ago
from components.commit_keys import CommitKeys
from engine.models import utc_now

PAGE = 200  # workflows shown at once


@dataclass
class Row:
    """A workflow as the list shows it."""

    id: str
    name: str
    description: str
    steps: str
    updated: str

    @classmethod
    def of(cls, workflow: Workflow) -> Self:
        count = len(workflow.nodes)
        steps = "1 node" if count == 1 else f"{count} nodes"
        return cls(workflow.id, workflow.name, workflow.description, steps, ago(workflow.updated_at, now=utc_now()))


class WorkflowsState(rx.State):
    """What the list shows."""

    rows: list[Row] = []
    next_cursor: str = ""
    search: str = ""
    is_loaded: bool = False
    renaming: str = ""

    @rx.event
    async def load(self) -> None:
        self.rows = []
        await self._add_page(None)
        self.is_loaded = True

    @rx.event
    async def show_more(self) -> None:
        await self._add_page(self.next_cursor)

    @rx.event
    async def find(self, search: str) -> None:
        self.search = search
        await self.load()

    @rx.event
    async def create(self) -> rx.event.EventSpec:
        made = await service.create_workflow(get_runtime(), current_user(), drafts.blank_definition())
        return rx.redirect(f"/workflows/{made.id}/edit")

    @rx.event
    def start_renaming(self, workflow_id: str) -> None:
        self.renaming = workflow_id

    @rx.event
    async def rename(self, workflow_id: str, name: str) -> None:
        self.renaming = ""
        await service.rename_workflow(get_runtime(), current_user(), workflow_id, name)
        await self.load()

    @rx.event
    async def duplicate(self, workflow_id: str) -> None:
        await service.duplicate_workflow(get_runtime(), current_user(), workflow_id)
        await self.load()

    @rx.event
    async def delete(self, workflow_id: str) -> rx.event.EventSpec:
        gone = await service.delete_workflow(get_runtime(), current_user(), workflow_id)
        await self.load()
        return NoticeState.show(f"Deleted “{gone.name}”.", "info", workflow_id)

    @rx.event
    async def restore(self, workflow_id: str) -> rx.event.EventSpec:
        await service.restore_workflow(get_runtime(), current_user(), workflow_id)
        await self.load()
        return NoticeState.dismiss

    async def _add_page(self, cursor: str | None) -> None:
        found = await service.list_workflows(
            get_runtime(), current_user(), search=self.search, limit=PAGE, cursor=cursor
        )
        self.rows += [Row.of(workflow) for workflow in found.items]
        self.next_cursor = found.next_cursor or ""


def workflows() -> rx.Component:
    """`/workflows`"""
    return shell(
        page_head(
            "Workflows",
            rx.el.label(
                icon("search"),
                rx.el.span("Search workflows", class_name="visually-hidden"),
                rx.el.input(
                    type="search",
                    placeholder="Search",
                    class_name="input",
                    on_change=WorkflowsState.find.debounce(150),
                ),
                class_name="search",
            ),
            rx.el.button(icon("plus"), "New workflow", class_name="button primary", on_click=WorkflowsState.create),
        ),
        rx.el.div(
            rx.cond(
                WorkflowsState.is_loaded,
                rx.cond(WorkflowsState.rows.length() > 0, _list(), _nothing()),
                _skeleton(),
            ),
            class_name="page-body",
        ),
        CommitKeys.create(),
        current="Workflows",
        on_undo=WorkflowsState.restore,
    )


def _list() -> rx.Component:
    head = rx.el.div(
        rx.el.span("Name"), rx.el.span("Size", class_name="optional"), rx.el.span("Changed"), class_name="row row-head"
    )
    return rx.fragment(
        rx.el.div(head, rx.foreach(WorkflowsState.rows, _row), class_name="rows"),
        rx.cond(WorkflowsState.next_cursor != "", _more()),
    )


def _more() -> rx.Component:
    return rx.el.p(
        rx.el.span(WorkflowsState.rows.length(), " workflows are shown. ", class_name="muted numbers"),
        rx.el.button("Show more", class_name="button", type="button", on_click=WorkflowsState.show_more),
    )


def _row(row: rx.Var[Row]) -> rx.Component:
    menu_id = "menu-" + row.id
    return rx.el.div(
        rx.cond(WorkflowsState.renaming == row.id, _rename(row), _name(row)),
        rx.el.span(row.steps, class_name="muted numbers optional"),
        rx.el.span(row.updated, class_name="muted numbers"),
        menu_button(menu_id, icon("ellipsis"), label="What to do with " + row.name),
        menu(
            menu_id,
            menu_item(menu_id, "Rename", "pencil", on_click=WorkflowsState.start_renaming(row.id)),
            menu_item(menu_id, "Duplicate", "copy", on_click=WorkflowsState.duplicate(row.id)),
            menu_item(menu_id, "Delete", "trash-2", danger=True, on_click=WorkflowsState.delete(row.id)),
        ),
        class_name="row",
        key=row.id,
    )


def _name(row: rx.Var[Row]) -> rx.Component:
    return rx.el.div(
        rx.el.a(row.name, href="/workflows/" + row.id + "/edit", class_name="truncate"),
        rx.cond(row.description != "", rx.el.span(row.description, class_name="faint truncate")),
        class_name="row-name",
    )


def _rename(row: rx.Var[Row]) -> rx.Component:
    return rx.el.input(
        default_value=row.name,
        class_name="input rename",
        auto_focus=True,
        required=True,
        max_length=200,
        aria_label="Name",
        on_blur=lambda name: WorkflowsState.rename(row.id, name),
        custom_attrs={"data-commit": "enter"},
    )


def _nothing() -> rx.Component:
    return rx.cond(
        WorkflowsState.search != "",
        rx.el.div(rx.el.h2("No workflow has this in its name"), rx.el.p("Try a shorter word."), class_name="empty"),
        rx.el.div(
            rx.el.h2("No workflows yet"),
            rx.el.p("A workflow starts by hand, by webhook or on a schedule, and does one thing after another."),
            rx.el.button(icon("plus"), "New workflow", class_name="button primary", on_click=WorkflowsState.create),
            class_name="empty",
        ),
    )


def _skeleton() -> rx.Component:
    bar = rx.el.div(rx.el.div(class_name="skeleton", style={"width": "240px", "height": "12px"}), class_name="row")
    return rx.el.div(bar, bar, bar, bar, class_name="rows", aria_hidden="true")
