"""The palette: every step, found by name, plugin or what it does; dragged onto the canvas or added with Enter."""

import json

import reflex as rx

from app.ui.catalogue import PLUGINS
from app.ui.icons import action_icon, icon
from engine.sdk import Plugin, Step


class PaletteState(rx.State):
    """What is searched for."""

    search: str = ""

    @rx.event
    def find(self, search: str) -> None:
        self.search = search.strip().lower()


def palette() -> rx.Component:
    """The column at the left of the canvas."""
    return rx.el.aside(
        rx.el.label(
            icon("search"),
            rx.el.span("Search steps", class_name="visually-hidden"),
            rx.el.input(
                type="search",
                placeholder="Search steps",
                class_name="input",
                on_change=PaletteState.find,
                custom_attrs={"data-palette-search": True},
            ),
            class_name="search",
        ),
        rx.el.div(*(_group(plugin) for plugin in PLUGINS), _nothing(), class_name="palette-list"),
        class_name="palette",
        aria_label="Steps",
    )


def _group(plugin: Plugin) -> rx.Component:
    words = [_words(plugin, step) for step in plugin.steps]
    return rx.cond(
        _is_found(" ".join(words)),
        rx.el.section(
            rx.el.h2(plugin.display_name),
            *(rx.cond(_is_found(word), _item(plugin, step)) for word, step in zip(words, plugin.steps, strict=True)),
        ),
    )


def _item(plugin: Plugin, step: Step) -> rx.Component:
    action = f"{plugin.name}/{step.name}"
    dropped = json.dumps({"action": action, "label": step.label, "type": step.node_type})
    return rx.el.button(
        action_icon(action),
        rx.el.span(step.label, class_name="truncate"),
        class_name="palette-item",
        type="button",
        title=step.description,
        draggable=True,
        custom_attrs={"data-palette": dropped, "data-words": _words(plugin, step)},
    )


def _nothing() -> rx.Component:
    everything = " ".join(_words(plugin, step) for plugin in PLUGINS for step in plugin.steps)
    return rx.cond(
        _is_found(everything), rx.fragment(), rx.el.p("No step does that yet.", class_name="palette-nothing")
    )


def _words(plugin: Plugin, step: Step) -> str:
    return f"{step.label} {step.name} {plugin.display_name} {step.description}".lower()


def _is_found(words: str) -> rx.Var[bool]:
    return rx.Var.create(words).contains(PaletteState.search)
