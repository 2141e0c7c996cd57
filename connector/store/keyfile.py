"""The key file: where secret keys live when no setting names them. Must never log, print or leave a key readable by anybody else."""

import logging
import os
import threading
from pathlib import Path

from cryptography.fernet import Fernet

log = logging.getLogger(__name__)


def new_key() -> str:
    """A fresh Fernet key."""
    return Fernet.generate_key().decode("ascii")


class KeyFile:
    """One key per line, newest first, mode 0600. Changed in one step, so that a reader sees the old content or the new one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        """Where it is, for messages."""
        return str(self.path)

    def read(self) -> list[str]:
        """The keys; the file is made when there is none, and of two processes that start at once the first one wins."""
        if not self.path.exists():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = self._draft([new_key()])
            try:
                os.link(draft, self.path)
                log.warning(
                    "made a secret key in %s: back it up, without it stored credentials cannot be read",
                    self.path,
                )
            except FileExistsError:
                log.debug("another process made the key file first")
            finally:
                draft.unlink()
        return self.path.read_text(encoding="ascii", errors="replace").split()

    def stamp(self) -> tuple[int, int, int] | None:
        """Differs after every change of the file; None while there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def add(self) -> None:
        """Put a fresh key in front. Callers see to it that only one process changes the file at a time."""
        self._replace([new_key(), *self.read()])

    def keep(self, count: int) -> int:
        """Keep the newest `count` keys and let the others go; returns how many went."""
        keys = self.read()
        if len(keys) > count:
            self._replace(keys[:count])
        return max(0, len(keys) - count)

    def _replace(self, keys: list[str]) -> None:
        self._draft(keys).replace(self.path)

    def _draft(self, keys: list[str]) -> Path:
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}.{threading.get_ident()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write("".join(f"{key}\n" for key in keys))
            file.flush()
            os.fsync(file.fileno())
        return draft
