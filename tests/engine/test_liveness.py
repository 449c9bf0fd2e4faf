"""Whose claims may be taken at once, and whose only when their lease ends."""

import socket

import pytest

from engine.liveness import is_dead, new_name


def test_we_are_alive() -> None:
    assert not is_dead(new_name())


def test_a_process_whose_id_was_given_to_another_is_dead() -> None:
    place, pid, begin, _ = new_name().rsplit(":", 3)

    assert is_dead(f"{place}:{pid}:{begin}0:x")


@pytest.mark.parametrize("place", [socket.gethostname(), "elsewhere"])
def test_of_a_process_in_another_container_nothing_is_known(place: str) -> None:
    _, pid, _, _ = new_name().rsplit(":", 3)

    assert not is_dead(f"{place}/other-boot/4026531836:{pid}:1:x")


@pytest.mark.parametrize("name", ["", "x", "a:b:c:d", "a:1", ":::"])
def test_a_name_of_another_form_is_left_alone(name: str) -> None:
    assert not is_dead(name)
