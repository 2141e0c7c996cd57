"""Encryption of what must not be read from a copy of the database. Must never log, print or return a key."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connector.errors import BadSetting, WrongSecretKey
from connector.store.keyfile import KeyFile

SETTING = "LEADSWITCH_SECRET_KEYS"
FOLDER_SETTING = "LEADSWITCH_DATA_DIR"

log = logging.getLogger(__name__)


class _Keys(NamedTuple):
    texts: tuple[str, ...]
    newest: Fernet
    all: MultiFernet


class Keyring:
    """Fernet keys, newest first: the first seals, all of them open.

    Keys of a key file are followed: a process that is running when the keys are rotated seals with the new key from then on.
    Thread-safe.
    """

    def __init__(self, keys: Sequence[str], *, file: KeyFile | None = None) -> None:
        """`keys` are Fernet keys (32 bytes, URL-safe base64), `file` is where they come from, if from a file.

        Raises `BadSetting` when a key is not one, or when there is none.
        """
        self.file = file
        # None: the file is read once more before the first seal, in case it changed since it was read.
        self._stamp: tuple[int, int, int] | None = None
        self._keys = self._checked(keys)

    @classmethod
    def of_file(cls, file: KeyFile) -> "Keyring":
        """The keys of a file, which is made on first use. Raises `BadSetting` when it cannot be read, made or used."""
        try:
            keys = file.read()
        except OSError as problem:
            if not file.path.parent.is_dir():
                reason = f"the folder {file.path.parent} cannot be made or opened ({problem.strerror})"
                raise BadSetting(setting=FOLDER_SETTING, reason=reason) from None
            reason = f"the key file {file} cannot be read ({problem.strerror})"
            raise BadSetting(setting=SETTING, reason=reason) from None
        return cls(keys, file=file)

    def __repr__(self) -> str:
        """Says how many keys there are, never which."""
        return f"Keyring({len(self)} keys)"

    def __len__(self) -> int:
        """How many keys there are."""
        return len(self._keys.texts)

    def seal(self, text: str) -> str:
        """Encrypted and authenticated with the newest key."""
        self.follow()
        return self._keys.newest.encrypt(text.encode()).decode("ascii")

    def open(self, token: str) -> str:
        """The text inside `token`; raises `WrongSecretKey` when no key opens it."""
        try:
            return _opened(self._keys.all, token)
        except InvalidToken:
            if not self.follow():
                raise WrongSecretKey from None
        try:
            return _opened(self._keys.all, token)
        except InvalidToken:
            raise WrongSecretKey from None

    def is_newest(self, token: str) -> bool:
        """Whether `token` was sealed with the newest key."""
        try:
            _opened(self._keys.newest, token)
        except InvalidToken:
            return False
        return True

    def renew(self, token: str) -> str:
        """The same content sealed with the newest key (key rotation); raises `WrongSecretKey` when no key opens it."""
        return self.seal(self.open(token))

    def derive(self, purpose: str) -> list[bytes]:
        """Signing keys for `purpose`, oldest first as itsdangerous wants them; of no use for opening the database."""
        return [
            HKDF(algorithm=SHA256(), length=32, salt=None, info=f"leadswitch/{purpose}".encode()).derive(
                key.encode()
            )
            for key in reversed(self._keys.texts)
        ]

    def follow(self) -> bool:
        """Read the key file again if it has changed; whether it had. A file that cannot be used leaves everything as it is."""
        if self.file is None or (stamp := self.file.stamp()) in (None, self._stamp):
            return False
        try:
            self._keys = self._checked(self.file.read())
        except (BadSetting, OSError):
            log.exception("the key file has changed and cannot be used; the former keys stay in use")
            return False
        self._stamp = stamp
        return True

    def _checked(self, keys: Sequence[str]) -> _Keys:
        where = "" if self.file is None else f" in the key file {self.file}"
        if not keys:
            raise BadSetting(setting=SETTING, reason=f"there is no key{where}")
        try:
            fernets = [Fernet(key) for key in keys]
        except ValueError:
            raise BadSetting(
                setting=SETTING,
                reason=f"each key{where} must be a Fernet key, that is 32 random bytes as 44 characters of URL-safe base64",
            ) from None
        return _Keys(tuple(keys), fernets[0], MultiFernet(fernets))


def _opened(fernet: Fernet | MultiFernet, token: str) -> str:
    try:
        return fernet.decrypt(token.encode("ascii")).decode()
    except UnicodeEncodeError:
        raise InvalidToken from None
