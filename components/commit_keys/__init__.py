"""Inputs that save when one leaves them: Enter, Escape and what is too long."""

import reflex as rx


class CommitKeys(rx.Component):
    """Put it on a page once; it shows nothing."""

    library = rx.asset("commit_keys.jsx", shared=True).importable_path
    tag = "CommitKeys"
