"""Text that several people edit: what one is typing stays when somebody else saves the same field."""

from typing import ClassVar

import reflex as rx
from reflex.event import no_args_event_spec
from reflex_components_core.el.elements.forms import BaseInput, Textarea

LIBRARY = rx.asset("shared_input.jsx", shared=True).importable_path


class SharedInput(BaseInput):
    """One line; `default_value` is the saved text. `on_overtaken`: somebody else has saved what is being typed at."""

    library = LIBRARY
    tag = "SharedInput"
    _is_tag_in_global_scope: ClassVar[bool] = False

    on_blur: rx.EventHandler[rx.event.input_event]
    on_overtaken: rx.EventHandler[no_args_event_spec]


class SharedTextarea(Textarea):
    """Several lines; otherwise the same."""

    library = LIBRARY
    tag = "SharedTextarea"
    _is_tag_in_global_scope: ClassVar[bool] = False

    on_blur: rx.EventHandler[rx.event.input_event]
    on_overtaken: rx.EventHandler[no_args_event_spec]
