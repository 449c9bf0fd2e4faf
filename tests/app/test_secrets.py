"""The keys that connections are encrypted with."""

from pathlib import Path

import pytest

from app.errors import StartError
from app.secrets import FILE, Secrets, WrongKey, open_secrets
from app.settings import read_settings

OLD, NEW = "an old key of some length", "a new key of some length"
TOKEN = {"token": "xoxb-very-secret"}


def secrets(data: Path, key: str = "") -> Secrets:
    return open_secrets(read_settings({"TREADLE_DATA": str(data), "TREADLE_SECRET_KEY": key}))


def test_what_is_encrypted_comes_back_and_shows_nothing(tmp_path: Path) -> None:
    text = secrets(tmp_path).encrypt(TOKEN)

    assert "xoxb" not in text
    assert secrets(tmp_path).decrypt(text) == TOKEN


def test_the_first_start_makes_a_key_that_only_its_user_can_read(tmp_path: Path) -> None:
    secrets(tmp_path / "data")
    key = (tmp_path / "data" / FILE).read_text()
    secrets(tmp_path / "data")

    assert (tmp_path / "data" / FILE).stat().st_mode & 0o777 == 0o600
    assert [file.read_text() for file in (tmp_path / "data").iterdir()] == [key]


def test_with_a_key_in_the_setting_no_file_is_made(tmp_path: Path) -> None:
    secrets(tmp_path, NEW)

    assert list(tmp_path.iterdir()) == []


def test_keys_rotate_the_first_encrypts_and_all_decrypt(tmp_path: Path) -> None:
    old = secrets(tmp_path, OLD).encrypt(TOKEN)
    new = secrets(tmp_path, f"{NEW}, {OLD}").encrypt(TOKEN)

    assert secrets(tmp_path, f"{NEW},{OLD}").decrypt(old) == secrets(tmp_path, NEW).decrypt(new) == TOKEN


def test_a_key_in_the_setting_takes_over_from_the_file(tmp_path: Path) -> None:
    text = secrets(tmp_path).encrypt(TOKEN)

    assert secrets(tmp_path, NEW).decrypt(text) == TOKEN


def test_a_wrong_key_is_an_error_that_names_the_setting(tmp_path: Path) -> None:
    text = secrets(tmp_path, OLD).encrypt(TOKEN)

    with pytest.raises(WrongKey, match="TREADLE_SECRET_KEY"):
        secrets(tmp_path, NEW).decrypt(text)


def test_an_empty_file_is_no_key(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()

    with pytest.raises(StartError, match=FILE):
        secrets(tmp_path)


def test_a_short_key_is_refused_and_no_key_is_shown() -> None:
    with pytest.raises(ValueError, match="TREADLE_SECRET_KEY"):
        read_settings({"TREADLE_SECRET_KEY": f"{NEW},short"})

    assert NEW not in repr(read_settings({"TREADLE_SECRET_KEY": NEW}))
