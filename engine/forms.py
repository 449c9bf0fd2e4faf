"""Remembers the forms of the nodes that run, since many executions share a definition."""

from collections.abc import Mapping
from typing import Any

from engine.graph import Node
from engine.inputs import Form, read_form
from engine.json_values import is_large
from engine.sdk import Step

REMEMBERED = 2_000


class Forms:
    """A node's form is read at its first attempt."""

    def __init__(self) -> None:
        self._forms: dict[int, tuple[Mapping[str, Any], Form]] = {}  # with the inputs, so that no other has their id

    def get(self, step: Step, node: Node) -> Form:
        """Return the form of a node; raise ExpressionError with the field that can't be read."""
        _, form = self._forms.get(id(node.inputs)) or (None, None)
        if form is None or form.step is not step:
            form = read_form(step, node.inputs)
            self._remember(node.inputs, form)
        return form

    def _remember(self, inputs: Mapping[str, Any], form: Form) -> None:
        if len(self._forms) >= REMEMBERED:
            self._forms.clear()
        if not is_large(inputs):
            self._forms[id(inputs)] = inputs, form
