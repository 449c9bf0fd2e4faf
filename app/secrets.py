"""Encrypts what connections hold, with the keys of TREADLE_SECRET_KEY or one that is kept in the data folder."""

import hashlib
import json
import os
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.errors import Invalid, StartError
from app.settings import MIN_SECRET_KEY, Settings

FILE = "secret.key"


class WrongKey(Invalid):
    """None of the keys is the one that this was encrypted with."""


class Secrets:
    """The first key encrypts, all decrypt: to change keys, put the new one in front."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = keys

    def encrypt(self, values: Mapping[str, str]) -> str:
        return self._open().encrypt(json.dumps(dict(values)).encode()).decode()

    def decrypt(self, text: str) -> dict[str, str]:
        """Return the values; raise WrongKey that says which setting to mend."""
        try:
            values: dict[str, str] = json.loads(self._open().decrypt(text.encode()))
        except InvalidToken:
            raise WrongKey(
                "This connection was saved with another secret key. Whoever runs Treadle can add that key to "
                f"TREADLE_SECRET_KEY, or put the file {FILE} back into the data folder; or enter its credentials again."
            ) from None
        return values

    def _open(self) -> MultiFernet:
        return MultiFernet([_derive(key) for key in self._keys])


def open_secrets(settings: Settings) -> Secrets:
    """Take the keys from the setting, and from the file, which the first start without a setting makes."""
    file = settings.data / FILE
    if not settings.secret_keys and not file.exists():
        _make_key(file)
    return Secrets((*settings.secret_keys, *_read_key(file)))


def _make_key(file: Path) -> None:
    """Write it whole or not at all; whoever is first wins. The temporary file is this user's alone."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=FILE)
    try:
        with os.fdopen(descriptor, "wb") as made:
            made.write(Fernet.generate_key())
            made.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(name, file)
    finally:
        Path(name).unlink()


def _read_key(file: Path) -> tuple[str, ...]:
    try:
        key = file.read_text().strip()
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"{file} can't be read ({error}). Mend it, or set TREADLE_SECRET_KEY.") from error
    if len(key) < MIN_SECRET_KEY:
        raise StartError(f"{file} holds no key. Put it back from a backup, or remove it if no connection is needed.")
    return (key,)


@cache
def _derive(key: str) -> Fernet:
    """Make a key of any text; slowly (about 50 ms, once), since a person may have thought of it."""
    derived = hashlib.scrypt(key.encode(), salt=b"treadle connections", n=2**14, r=8, p=1, dklen=32)
    return Fernet(urlsafe_b64encode(derived))
