"""What hinders a start is said in one line."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import StartError
from app.preflight import check_data_folder, check_port
from app.settings import read_settings


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_that_is_taken_is_named(taken_port: int) -> None:
    with pytest.raises(StartError, match=f"listening on 127.0.0.1:{taken_port}.*TREADLE_PORT"):
        check_port(read_settings({"TREADLE_PORT": str(taken_port)}))


@pytest.mark.parametrize("env", [{"TREADLE_PORT": "99999"}, {"TREADLE_HOST": "192.0.2.1"}, {"TREADLE_HOST": "no.such"}])
def test_an_address_that_is_not_ours_is_named(env: dict[str, str]) -> None:
    with pytest.raises(StartError, match="Mend TREADLE_HOST or TREADLE_PORT"):
        check_port(read_settings(env))


def test_the_data_folder_is_made_for_its_owner_only(tmp_path: Path) -> None:
    check_data_folder(read_settings({"TREADLE_DATA": str(tmp_path / "deep" / "data")}))

    assert (tmp_path / "deep" / "data").stat().st_mode & 0o777 == 0o700


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StartError, match="Set TREADLE_DATA"):
        check_data_folder(read_settings({"TREADLE_DATA": str(tmp_path / "file" / "data")}))
