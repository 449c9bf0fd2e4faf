"""Where a workflow's database connections may go, and where not."""

import os
from pathlib import Path

import pytest

from app.children import Children
from app.db import Database
from app.outside import AppOutside
from app.secrets import Secrets
from app.settings import read_settings
from app.snapshots import Snapshots
from app.starter import Starter
from engine.clock import SystemClock
from engine.errors import StepError
from engine.models import utc_now
from tests.ports import find_free_port

OWN = "postgresql://treadle@127.0.0.1:5432/treadle"


def outside(tmp_path: Path, **environment: str) -> AppOutside:
    settings = read_settings({"TREADLE_DATA": str(tmp_path), **environment})
    database = Database(settings.database_url)
    children = Children(database, Snapshots({}), Starter(database, SystemClock()))
    return AppOutside(settings, database, Secrets(("a key of some length",)), utc_now, children)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "databases"
    folder.mkdir()
    (folder / "shop.db").touch()
    (tmp_path / "treadle.db").touch()
    return folder


def test_a_file_in_the_folder_is_found_by_name_and_by_path(tmp_path: Path, folder: Path) -> None:
    found = [outside(tmp_path).find_file(path) for path in ("shop.db", str(folder / "shop.db"))]

    assert found == [folder / "shop.db"] * 2


@pytest.mark.parametrize("path", ["../treadle.db", "/etc/passwd", "link.db", "sub/../../treadle.db", ".", "none.db"])
def test_no_other_file_can_be_opened(tmp_path: Path, folder: Path, path: str) -> None:
    (folder / "link.db").symlink_to(tmp_path / "treadle.db")

    with pytest.raises(StepError, match="databases"):
        outside(tmp_path).find_file(path)


def test_treadles_own_file_can_not_be_opened_under_another_name(tmp_path: Path, folder: Path) -> None:
    os.link(tmp_path / "treadle.db", folder / "copy.db")

    with pytest.raises(StepError, match="Treadle's own database"):
        outside(tmp_path).find_file("copy.db")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.1.2.3", "169.254.169.254", "::1", "2130706433"])
async def test_only_public_addresses_can_be_reached(tmp_path: Path, host: str) -> None:
    with pytest.raises(StepError) as raised:
        await outside(tmp_path).find_address(host, 5432, "shop")

    assert raised.value.kind == "egress_refused"


async def test_an_allowed_host_is_given_by_its_address(tmp_path: Path) -> None:
    found = await outside(tmp_path, TREADLE_EGRESS_ALLOW="localhost").find_address("localhost", find_free_port())

    assert found in {"127.0.0.1", "::1"}


async def test_an_unknown_host_is_said(tmp_path: Path) -> None:
    with pytest.raises(StepError, match=r"The host nowhere\.invalid was not found"):
        await outside(tmp_path).find_address("nowhere.invalid", 5432)


@pytest.mark.parametrize("own", [OWN, OWN.replace("127.0.0.1", "localhost"), "postgresql://treadle@/treadle"])
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost"])
async def test_treadles_own_database_can_not_be_opened_however_it_is_called(
    tmp_path: Path, own: str, host: str
) -> None:
    guarded = outside(tmp_path, DATABASE_URL=own, TREADLE_EGRESS_ALLOW="127.0.0.0/8,localhost")

    with pytest.raises(StepError, match="Treadle's own database"):
        await guarded.find_address(host, 5432, "treadle")
    assert await guarded.find_address(host, 5432, "shop") in {"127.0.0.1", "127.0.0.2", "::1"}
