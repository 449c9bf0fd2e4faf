"""The catalogue of steps as constants of the pages: it changes only with the plugins that are installed."""

import reflex as rx

from plugins import load_plugins

PLUGINS = load_plugins()
ACTIONS = [(f"{plugin.name}/{step.name}", step) for plugin in PLUGINS for step in plugin.steps]
STEP_LABELS = rx.Var.create({action: step.label for action, step in ACTIONS})
HANDLES = {action: list(step.handles) for action, step in ACTIONS if step.handles}
