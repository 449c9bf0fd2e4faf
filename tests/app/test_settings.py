"""The settings as an environment gives them."""

from pathlib import Path

import pytest

from app.settings import read_settings


def test_everything_has_a_working_default() -> None:
    settings = read_settings({})

    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.data == Path.cwd() / "data"
    assert settings.database_url == f"sqlite+aiosqlite:///{Path.cwd()}/data/treadle.db"
    assert settings.sign_up == "open"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1"])
def test_strangers_may_not_register_where_others_can_reach_it(host: str) -> None:
    assert read_settings({"TREADLE_HOST": host}).sign_up == "invite"


@pytest.mark.parametrize(
    ("env", "public_url"),
    [
        ({"TREADLE_HOST": "0.0.0.0", "TREADLE_PORT": "9000"}, "http://127.0.0.1:9000"),
        ({"TREADLE_HOST": "::1"}, "http://[::1]:8000"),
        ({"TREADLE_PUBLIC_URL": "https://treadle.example/"}, "https://treadle.example"),
    ],
)
def test_the_public_url_is_what_a_browser_opens(env: dict[str, str], public_url: str) -> None:
    assert read_settings(env).public_url == public_url


def test_this_machine_may_be_called_by_all_of_its_names() -> None:
    assert read_settings({}).origins == {"http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"}


def test_another_machine_has_one_name() -> None:
    assert read_settings({"TREADLE_PUBLIC_URL": "https://treadle.example"}).origins == {"https://treadle.example"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("sqlite:///mine.db", f"sqlite:///{Path.cwd()}/mine.db"),
        ("sqlite:////var/lib/treadle.db", "sqlite:////var/lib/treadle.db"),
        ("postgresql://treadle@db/treadle", "postgresql://treadle@db/treadle"),
    ],
)
def test_a_database_file_is_meant_from_where_the_person_stands(given: str, kept: str) -> None:
    assert read_settings({"DATABASE_URL": given}).database_url == kept


@pytest.mark.parametrize(
    "name",
    ["TREADLE_PORT", "TREADLE_MAX_BODY", "TREADLE_MAX_EXECUTIONS", "TREADLE_SIGN_UP", "TREADLE_RETENTION_DAYS"],
)
def test_what_cannot_be_read_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        read_settings({name: "perhaps"})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Treadle.Example.com:443/", "https://treadle.example.com"),
        ("HTTP://treadle.example:80", "http://treadle.example"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_the_public_address_is_kept_as_browsers_write_it(given: str, kept: str) -> None:
    assert read_settings({"TREADLE_PUBLIC_URL": given}).origin == kept


@pytest.mark.parametrize("given", ["example.com", "ftp://example.com", "https://", "http://a:b", "https://a.example/b"])
def test_an_address_that_no_browser_would_open_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="TREADLE_PUBLIC_URL must be like https://"):
        read_settings({"TREADLE_PUBLIC_URL": given})
