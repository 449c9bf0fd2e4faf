"""What holds for every plugin."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import plugins
from engine.sdk import Plugin
from plugins import load_plugins

FOLDER = Path(plugins.__file__).parent
ALL = load_plugins()
each_plugin = pytest.mark.parametrize("plugin", ALL, ids=[plugin.name for plugin in ALL])


@each_plugin
def test_a_plugin_has_an_icon_that_takes_the_colour_of_the_text(plugin: Plugin) -> None:
    icons = list((FOLDER / plugin.name).glob("*.svg"))

    assert FOLDER / plugin.name / "icon.svg" in icons
    for icon in icons:
        assert ET.parse(icon).getroot().get("stroke") == "currentColor"


@each_plugin
def test_a_step_says_what_it_is_and_what_each_field_is_called(plugin: Plugin) -> None:
    for step in plugin.steps:
        assert step.label
        assert step.description.endswith(".")
        assert all(field.label for field in step.fields)


@each_plugin
def test_a_condition_on_a_field_names_a_field_of_the_same_form(plugin: Plugin) -> None:
    for step in plugin.steps:
        names = {field.name for field in step.fields}
        for field in step.fields:
            for condition in (field.show_when, field.binding_when):
                assert condition is None or condition[0] in names
