"""A button that puts a text into the clipboard."""

import reflex as rx


class CopyButton(rx.Component):
    """Copies `value`, and says so for a moment."""

    library = rx.asset("copy_button.jsx", shared=True).importable_path
    tag = "CopyButton"

    value: rx.Var[str]
