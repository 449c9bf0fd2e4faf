"""The plugins as data: what a workflow can be made of."""

from dataclasses import asdict
from importlib.resources import files
from typing import Any

from app.errors import NotFound
from app.runtime import Runtime
from engine.sdk import Field, Plugin, Step


def list_integrations(rt: Runtime) -> list[dict[str, Any]]:
    """Every plugin with its credentials' fields and its steps, as the interface shows them."""
    return [describe_plugin(plugin) for plugin in rt.plugins]


def describe_plugin(plugin: Plugin) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "display_name": plugin.display_name,
        "description": plugin.description,
        "icon_url": f"/api/integrations/{plugin.name}/icon.svg",
        "credentials": [_describe_field(field) for field in plugin.credentials],
        "steps": [_describe_step(plugin, step) for step in plugin.steps],
    }


def read_icon(rt: Runtime, plugin_name: str, step_name: str | None = None) -> bytes:
    """The step's picture, else its plugin's, as SVG; raise NotFound for a name that is none of ours."""
    plugin = next((plugin for plugin in rt.plugins if plugin.name == plugin_name), None)
    if plugin is None or step_name not in {None, *(step.name for step in plugin.steps)}:
        raise NotFound("There is no such integration.")
    folder = files("plugins") / plugin.name
    picture = folder / f"{step_name}.svg"
    return (picture if step_name and picture.is_file() else folder / "icon.svg").read_bytes()


def _describe_step(plugin: Plugin, step: Step) -> dict[str, Any]:
    return {
        "action": f"{plugin.name}/{step.name}",
        "label": step.label,
        "description": step.description,
        "type": step.node_type,
        "handles": list(step.handles),
        "icon_url": f"/api/integrations/{plugin.name}/{step.name}.svg",
        "fields": [_describe_field(field) for field in step.fields],
        "outputs": [asdict(output) for output in step.outputs],
        "result": step.result,
    }


def _describe_field(field: Field) -> dict[str, Any]:
    shown = field.show_when
    return {
        "name": field.name,
        "label": field.label,
        "kind": field.kind,
        "required": field.required,
        "default": field.default,
        "options": [asdict(option) for option in field.options],
        "help": field.help,
        "placeholder": field.placeholder,
        "show_when": {"field": shown[0], "equals": shown[1]} if shown else None,
    }
