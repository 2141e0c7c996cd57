"""A throw-away PostgreSQL server for tests: own folder, own port on the loopback, gone afterwards. Must never touch a running server."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path


class NoPostgres(Exception):
    """There are no PostgreSQL server programs on this machine."""


def binaries() -> Path:
    """The folder with `initdb` of the newest version; raises `NoPostgres`."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    if on_path:
        return Path(on_path).resolve().parent
    raise NoPostgres("no PostgreSQL server programs (initdb) found; apt-get install postgresql")


@contextlib.contextmanager
def server() -> Iterator[str]:
    """A running server; yields the address of its `postgres` database without a password. Raises `NoPostgres`."""
    programs = binaries()
    folder = Path(tempfile.mkdtemp(prefix="leadswitch-pg-"))
    user = _unprivileged(folder)
    port = _free_port()
    data = folder / "data"
    run = {"user": user, "cwd": folder, "env": {**os.environ, "LC_ALL": "C", "HOME": str(folder)}}
    try:
        _call(
            [programs / "initdb", "-D", data, "-U", "leadswitch", "-A", "trust", "-E", "UTF8", "--no-sync"],
            run,
        )
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
        _call([programs / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start"], run)
        try:
            yield f"postgresql+psycopg://leadswitch@127.0.0.1:{port}/postgres"
        finally:
            _call([programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], run)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root: the first user that can, and owns the folder from now on; None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
            return name
    raise NoPostgres("running as root, and there is no user `postgres` or `nobody` to run the server as")


def _call(command: list[object], options: dict[str, object]) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )  # type: ignore[call-overload]
    if done.returncode:
        raise RuntimeError(f"{Path(str(command[0])).name} failed: {done.stderr}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, seconds: float = 10.0) -> None:
    """Until somebody listens on the loopback port; raises TimeoutError."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port}")
