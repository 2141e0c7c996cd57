"""Encryption of what must not be read from a copy of the database. Must never log, print or return a key."""

import logging
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connector.errors import BadSetting, WrongSecretKey

log = logging.getLogger(__name__)


class Keyring:
    """Fernet keys, newest first: the first seals, all of them open."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys` are Fernet keys (32 bytes, URL-safe base64); raises `BadSetting` when one is not, or when there is none."""
        if not keys:
            raise BadSetting(setting="LEADSWITCH_SECRET_KEYS", reason="there is no key")
        try:
            self._fernets = [Fernet(key) for key in keys]
        except ValueError:
            raise BadSetting(
                setting="LEADSWITCH_SECRET_KEYS",
                reason="each key must be a Fernet key, that is 32 random bytes as 44 characters of URL-safe base64",
            ) from None
        self._keys = tuple(keys)
        self._multi = MultiFernet(self._fernets)

    def __repr__(self) -> str:
        """Says how many keys there are, never which."""
        return f"Keyring({len(self._keys)} keys)"

    def seal(self, text: str) -> str:
        """Encrypted and authenticated with the newest key."""
        return self._multi.encrypt(text.encode()).decode("ascii")

    def open(self, token: str) -> str:
        """The text inside `token`; raises `WrongSecretKey` when no key opens it."""
        try:
            return self._multi.decrypt(token.encode("ascii")).decode()
        except (InvalidToken, UnicodeEncodeError):
            raise WrongSecretKey from None

    def renew(self, token: str) -> str:
        """The same content sealed with the newest key (key rotation); raises `WrongSecretKey` when no key opens it."""
        return self.seal(self.open(token))

    def derive(self, purpose: str) -> list[bytes]:
        """Signing keys for `purpose`, oldest first as itsdangerous wants them; of no use for opening the database."""
        return [
            HKDF(algorithm=SHA256(), length=32, salt=None, info=f"leadswitch/{purpose}".encode()).derive(
                key.encode()
            )
            for key in reversed(self._keys)
        ]


def new_key() -> str:
    """A fresh Fernet key."""
    return Fernet.generate_key().decode("ascii")


def keys_from_file(path: Path) -> list[str]:
    """Keys of the key file (mode 0600, one key per line, newest first); the file is made when there is none.

    Two processes that start at once agree: the file appears with its content in one step, and the first one wins.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(new_key() + "\n")
        try:
            os.link(draft, path)
            log.warning(
                "made a secret key in %s: back it up, without it stored credentials cannot be read", path
            )
        except FileExistsError:
            log.debug("another process made the key file first")
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").split()
