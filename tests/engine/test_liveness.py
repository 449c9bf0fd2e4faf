"""Whose claims may be taken at once, and whose only when their lease ends."""

import os
import socket
import subprocess
import sys

import pytest

from engine.liveness import is_dead, new_name


def test_we_are_alive() -> None:
    assert not is_dead(new_name())


def test_a_process_whose_id_was_given_to_another_is_dead() -> None:
    place, pid, begin, _ = new_name().rsplit(":", 3)

    assert is_dead(f"{place}:{pid}:{begin}0:x")


def test_a_process_that_was_killed_is_dead_though_its_parent_has_not_noticed() -> None:
    source = "from engine.liveness import new_name; print(new_name(), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        name = child.stdout.readline().decode().strip()
        was_dead = is_dead(name)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # leaves the zombie

        assert (was_dead, is_dead(name)) == (False, True)


@pytest.mark.parametrize("place", [socket.gethostname(), "elsewhere"])
def test_of_a_process_in_another_container_nothing_is_known(place: str) -> None:
    _, pid, _, _ = new_name().rsplit(":", 3)

    assert not is_dead(f"{place}/other-boot/4026531836:{pid}:1:x")


@pytest.mark.parametrize("name", ["", "x", "a:b:c:d", "a:1", ":::"])
def test_a_name_of_another_form_is_left_alone(name: str) -> None:
    assert not is_dead(name)
