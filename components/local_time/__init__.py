"""A moment as the reader's clock shows it; only the browser knows their zone."""

import reflex as rx


class LocalTime(rx.Component):
    """`value` is a time in ISO 8601; empty shows nothing."""

    library = rx.asset("local_time.jsx", shared=True).importable_path
    tag = "LocalTime"

    value: rx.Var[str]
