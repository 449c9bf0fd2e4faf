"""Menus: native popovers, so that keyboard, focus and Escape are the browser's own."""

import reflex as rx

from app.ui.icons import icon


def menu(menu_id: rx.Var[str] | str, *items: rx.Component, up: bool = False) -> rx.Component:
    """The list that `menu_button` opens."""
    return rx.el.div(*items, id=menu_id, class_name="menu up" if up else "menu", custom_attrs={"popover": "auto"})


def menu_button(
    menu_id: rx.Var[str] | str, *children: rx.Component, label: rx.Var[str] | str, class_name: str = "icon-button"
) -> rx.Component:
    """The button that opens a menu."""
    return rx.el.button(
        *children,
        class_name=class_name,
        type="button",
        aria_label=label,
        custom_attrs={"popoverTarget": menu_id, "aria-haspopup": "true"},
    )


def menu_item(
    menu_id: rx.Var[str] | str, text: str, icon_name: str, *, danger: bool = False, **props: object
) -> rx.Component:
    """One choice; the menu closes when it is taken."""
    return rx.el.button(
        icon(icon_name),
        text,
        class_name="menu-item danger" if danger else "menu-item",
        type="button",
        custom_attrs={"popoverTarget": menu_id, "popoverTargetAction": "hide"},
        **props,
    )
