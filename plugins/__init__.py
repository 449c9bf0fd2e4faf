"""Treadle's plugins, one folder each."""

from importlib import import_module
from pkgutil import iter_modules

from engine.sdk import Plugin


def load_plugins() -> tuple[Plugin, ...]:
    """Return the `PLUGIN` of every folder, by name."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__) if module.ispkg)
    return tuple(sorted((module.PLUGIN for module in modules), key=lambda plugin: plugin.name))
